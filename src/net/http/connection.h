// One accepted socket: it decides what is spoken, moves bytes, keeps deadlines; a Session makes
// requests of the bytes. And the state that all connections of a server share.
//
// Thread contract: Connection and Session live on one loop. ServerState is free-threaded.
// Lifetime: the server's shard owns the connection; exchanges keep it alive but not open.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "net/http/http1_parser.h"
#include "net/http/loop.h"
#include "net/http/transport.h"

namespace kansoku::net {

class Connection;

// Connections of one loop; on that loop.
class Shard {
 public:
  virtual ~Shard() = default;
  virtual void forget(Connection* connection) = 0;
};

struct ServerState {
  HttpLimits limits;
  Http1Limits http1_limits;
  HttpHandler handler;
  std::mutex tls_mutex;  // guards tls
  std::shared_ptr<const TlsContext> tls;
  std::atomic<bool> stopping = false;
  std::atomic<size_t> bodies_bytes = 0;

  std::atomic<uint64_t> connections_open = 0;
  std::atomic<uint64_t> connections_accepted = 0;
  std::atomic<uint64_t> connections_refused = 0;
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> bad_requests = 0;
  std::atomic<uint64_t> bytes_in = 0;
  std::atomic<uint64_t> bytes_out = 0;
  std::atomic<uint64_t> unanswered = 0;
  std::atomic<uint64_t> timeouts = 0;

  std::shared_ptr<const TlsContext> current_tls() {
    std::lock_guard lock(tls_mutex);
    return tls;
  }
};

// A share of bodies_bytes_max, given back by the destructor.
class BodyReservation {
 public:
  explicit BodyReservation(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}
  BodyReservation(const BodyReservation&) = delete;
  BodyReservation& operator=(const BodyReservation&) = delete;
  ~BodyReservation() { release(); }
  // False when all bodies together would be over the limit.
  bool grow_to(size_t bytes);
  void release() { state_->bodies_bytes -= std::exchange(bytes_, 0); }
  size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<ServerState> state_;
  size_t bytes_ = 0;
};

// Makes room for `bytes` more at the end of a body of at most `expected` bytes, within the limits:
// capacity grows by doubling, never by what a header promises. False: over bodies_bytes_max.
bool grow_body(std::string& body, size_t bytes, uint64_t expected, BodyReservation& reservation);

// What an exchange asks of the session that made it. `stream` is 0 in HTTP/1.1.
class Session {
 public:
  virtual ~Session() = default;
  virtual void on_bytes(std::string_view bytes) = 0;
  // Reads from the transport straight into a body; nullopt where on_bytes() is wanted.
  virtual std::optional<IoResult> read_direct(Transport& /*transport*/) { return std::nullopt; }
  virtual bool wants_read() const = 0;
  // The peer sends nothing more.
  virtual void on_end_of_input() = 0;
  // Some output went out; the queue may have room.
  virtual void on_written() = 0;
  virtual void on_sweep(int64_t now_ns) = 0;
  // No new requests; close when those in flight are answered.
  virtual void stop() = 0;
  // The transport is gone.
  virtual void on_closed() = 0;

  virtual void respond(int32_t stream, HttpResponse response) = 0;
  virtual void begin(int32_t stream, int status, Headers headers) = 0;
  virtual void write(int32_t stream, std::string chunk) = 0;
  virtual void end(int32_t stream, Headers trailers) = 0;
  virtual void abort(int32_t stream) = 0;
};

class Connection final : public FdHandler, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, int fd, Peer peer, std::shared_ptr<ServerState> state,
             std::shared_ptr<Shard> shard);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  void start();
  void on_readable() override;
  void on_writable() override;
  void sweep(int64_t now_ns);
  void stop();
  void close();

  // For sessions. Output is queued; the connection flushes when the session returns to it.
  void send(std::string bytes);
  void send_view(std::string_view bytes);  // of static memory
  size_t out_bytes() const { return out_bytes_; }
  // Flushes, then closes. With `linger` what the peer still sends is read and thrown away for a
  // moment: closing on unread bytes would reset the connection and destroy the answer.
  void finish(bool linger);
  bool finishing() const { return finishing_; }
  // For calls from outside the connection's own callbacks (answers from other threads).
  void flush_now();

  Loop& loop() { return loop_; }
  ServerState& state() { return *state_; }
  std::shared_ptr<ServerState> shared_state() { return state_; }
  Session* session() { return session_.get(); }
  const Peer& peer() const { return peer_; }
  bool closed() const { return closed_; }
  int64_t now_ns() const { return now_ns_; }
  // A refusal by net/ itself, of connections that never became a session.
  static std::string plain_answer(int status, std::string_view message);

 private:
  struct Piece {
    std::string owned;
    std::string_view bytes;  // of `owned`, or of static memory; the rest to be sent
    bool is_owned = false;
  };
  bool choose_transport();
  void choose_session(std::string_view bytes);
  void feed(std::string_view bytes);
  void read_some();
  void lingering_read();
  bool flush();
  void arm();
  void begin_lingering();

  Loop& loop_;
  Transport transport_;
  std::shared_ptr<ServerState> state_;
  std::shared_ptr<Shard> shard_;
  Peer peer_;
  std::unique_ptr<FdWatch> watch_;
  std::unique_ptr<Session> session_;
  std::string first_bytes_;  // until the session is chosen
  std::vector<Piece> out_;
  size_t out_first_ = 0;
  size_t out_bytes_ = 0;
  size_t lingered_bytes_ = 0;
  int64_t now_ns_;
  int64_t opened_ns_;
  int64_t progress_ns_;  // of output
  int64_t linger_until_ns_ = 0;
  bool transport_chosen_ = false;
  bool reading_ = false;  // a wait is outstanding
  bool writing_ = false;
  bool busy_ = false;  // inside on_readable and the like: flush comes
  bool input_ended_ = false;
  bool finishing_ = false;
  bool linger_ = false;
  bool lingering_ = false;
  bool closed_ = false;
};

// The answer of one request, as HttpExchange sees it.
class ConnectionExchange final : public HttpExchange::Impl,
                                 public std::enable_shared_from_this<ConnectionExchange> {
 public:
  ConnectionExchange(std::shared_ptr<Connection> connection, int32_t stream)
      : connection_(std::move(connection)),
        loop_(&connection_->loop()),
        stream_(stream),
        buffered_max_(connection_->state().limits.response_buffered_bytes_max),
        reservation(connection_->shared_state()) {}

  void respond(HttpResponse response) override;
  void begin(int status, Headers headers) override;
  bool write(std::string chunk) override;
  void end(Headers trailers) override;
  void abort() override;
  bool closed() const override { return closed_; }
  void on_close(std::move_only_function<void()> callback) override;
  void on_drain(std::move_only_function<void()> callback) override;
  void dropped() override;

  // For the session, on the loop.
  void sent(size_t bytes);  // of what write() took
  void peer_gone();         // calls on_close
  void finished();          // answered; callbacks are dropped
  bool begun = false;

 private:
  // Runs `call(session)` on the loop, in the order of the calls, unless the connection has closed.
  template <class F>
  void on_loop(F call);
  std::shared_ptr<Connection> connection_;  // until the answer is over; on the loop
  Loop* loop_;
  int32_t stream_;
  std::atomic<bool> closed_ = false;
  std::atomic<size_t> buffered_ = 0;
  std::atomic<uint32_t> posted_ = 0;
  size_t buffered_max_;
  std::move_only_function<void()> close_callback_;
  std::move_only_function<void()> drain_callback_;

 public:
  BodyReservation reservation;
};

// "Sun, 06 Nov 1994 08:49:37 GMT" of now, renewed once a second for each thread.
std::string_view http_date();
// Fields that net/ writes itself; a handler's are left out.
bool is_framing_header(std::string_view name);
// A header value without the bytes that would end its line.
void append_header_value(std::string& out, std::string_view value);

std::unique_ptr<Session> make_http1_session(Connection& connection);
std::unique_ptr<Session> make_http2_session(Connection& connection);
inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace kansoku::net
