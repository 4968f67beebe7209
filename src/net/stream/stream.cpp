#include "net/stream/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <deque>
#include <map>

#include "base/check.h"
#include "net/http/listening.h"
#include "net/http/transport.h"

namespace kansoku::net {
namespace {

// Reads in a row before other connections of the loop get their turn.
constexpr int kReadsPerTurn = 16;
constexpr size_t kPiecesPerWrite = 16;
constexpr int64_t kSweepNs = env::kNsPerS;
// A peer that has gone without a word is found after about two minutes.
constexpr int kKeepAliveIdleS = 60;
constexpr int kKeepAliveIntervalS = 15;
constexpr int kKeepAliveProbes = 4;

class Stream;

// Shared by a server and its connections; `streams` on the loop only.
struct Streams {
  explicit Streams(Loop& l) : loop(l) {}
  Loop& loop;
  StreamLimits limits;
  StreamAccept accept;
  std::mutex tls_mutex;  // guards tls
  std::shared_ptr<const TlsContext> tls;
  std::map<Stream*, std::shared_ptr<Stream>> streams;
  std::move_only_function<void()> all_closed;
  bool sweeping = false;
  std::atomic<bool> quiet = false;

  std::atomic<uint64_t> connections_open = 0;
  std::atomic<uint64_t> connections_accepted = 0;
  std::atomic<uint64_t> connections_refused = 0;
  std::atomic<uint64_t> bytes_in = 0;
  std::atomic<uint64_t> bytes_out = 0;
  std::atomic<uint64_t> timeouts = 0;

  std::shared_ptr<const TlsContext> current_tls() {
    std::lock_guard lock(tls_mutex);
    return tls;
  }
};

class Stream final : public FdHandler,
                     public StreamConnection,
                     public std::enable_shared_from_this<Stream> {
 public:
  Stream(std::shared_ptr<Streams> shared, int fd, Peer peer)
      : shared_(std::move(shared)),
        transport_(fd),
        peer_(std::move(peer)),
        opened_ns_(monotonic_ns()),
        input_ns_(opened_ns_),
        output_ns_(opened_ns_) {}

  // False: refused.
  bool start() {
    if (auto tls = shared_->current_tls()) {
      if (!transport_.start_tls(std::move(tls))) return false;
      peer_.tls = true;
    }
    session_ = shared_->accept(shared_from_this());
    if (session_ == nullptr) return false;
    watch_ = shared_->loop.watch(transport_.fd());
    arm();
    return true;
  }

  const Peer& peer() const override { return peer_; }
  void write(std::string bytes) override {
    on_loop([bytes = std::move(bytes)](Stream& self) mutable { self.send(std::move(bytes)); });
  }
  void pause() override { paused_ = true; }
  void resume() override {
    paused_ = false;
    on_loop([](Stream& self) { self.arm(); });
  }
  void close() override {
    on_loop([](Stream& self) { self.finish(); });
  }

  void on_readable() override {
    reading_ = false;
    if (closed_) return;
    busy_ = true;
    read_some();
    busy_ = false;
    flush_and_arm();
  }
  void on_writable() override {
    writing_ = false;
    if (closed_) return;
    if (transport_.read_wants_write()) {
      busy_ = true;
      read_some();
      busy_ = false;
    }
    flush_and_arm();
  }

  void sweep(int64_t now_ns) {
    if (closed_) return;
    const StreamLimits& limits = shared_->limits;
    const auto over = [&](int64_t since_ns, int64_t limit_ms) {
      return limit_ms > 0 && now_ns - since_ns > limit_ms * env::kNsPerMs;
    };
    const bool shaking = peer_.tls && !transport_.handshake_done();
    const bool late = (shaking && over(opened_ns_, limits.handshake_timeout_ms)) ||
                      (out_bytes_ > 0 && over(output_ns_, limits.write_stall_timeout_ms)) ||
                      (!paused_ && over(input_ns_, limits.idle_timeout_ms));
    if (!late) return;
    ++shared_->timeouts;
    close_now();
  }
  void finish() {
    finishing_ = true;
    flush_and_arm();
  }
  void close_now() {
    if (closed_) return;
    closed_ = true;
    end_input();
    if (watch_ != nullptr) watch_->cancel();
    out_.clear();
    out_bytes_ = 0;
    --shared_->connections_open;
    // The session may be among the callers; it and the socket go when the stack is unwound.
    shared_->loop.post([self = shared_from_this()] {
      self->session_.reset();
      self->watch_.reset();
      self->transport_.close_socket();
      Streams& shared = *self->shared_;
      shared.streams.erase(self.get());
      if (shared.streams.empty() && shared.all_closed) std::exchange(shared.all_closed, nullptr)();
    });
  }

 private:
  template <class F>
  void on_loop(F call) {
    shared_->loop.post([self = shared_from_this(), call = std::move(call)]() mutable {
      if (!self->closed_) call(*self);
    });
  }
  bool wants_read() const {
    return !closed_ && !input_ended_ && !finishing_ && !paused_ && !shared_->quiet;
  }

  void read_some() {
    for (int turn = 0; turn < kReadsPerTurn && wants_read(); ++turn) {
      std::span<char> buffer = shared_->loop.read_buffer();
      IoResult result = transport_.read(buffer);
      if (result.state == IoState::WouldBlock) return;
      if (result.state != IoState::Done) {
        end_input();
        if (result.state == IoState::Failed) close_now();
        return;
      }
      input_ns_ = monotonic_ns();
      shared_->bytes_in.fetch_add(result.bytes, std::memory_order_relaxed);
      session_->on_bytes(std::string_view(buffer.data(), result.bytes));
      // A short read emptied the socket; TLS may hold more in itself.
      if (!peer_.tls && result.bytes < buffer.size()) return;
    }
  }

  void end_input() {
    if (std::exchange(input_ended_, true)) return;
    if (session_ != nullptr) session_->on_end();
  }

  void send(std::string bytes) {
    if (finishing_ || bytes.empty()) return;
    if (out_bytes_ == 0) output_ns_ = monotonic_ns();
    out_bytes_ += bytes.size();
    out_.push_back(std::move(bytes));
    if (out_bytes_ > shared_->limits.output_bytes_max) return close_now();
    flush_and_arm();
  }

  void flush_and_arm() {
    if (busy_ || closed_) return;
    flush();
    if (closed_) return;
    if (finishing_ && out_bytes_ == 0) {
      transport_.shutdown_write();
      close_now();
      return;
    }
    arm();
  }

  void flush() {
    while (!out_.empty()) {
      iovec pieces[kPiecesPerWrite];
      size_t count = 0;
      for (size_t i = 0; i < out_.size() && count < kPiecesPerWrite; ++i) {
        const size_t skip = i == 0 ? out_sent_ : 0;
        pieces[count++] = {out_[i].data() + skip, out_[i].size() - skip};
      }
      IoResult result = transport_.write(std::span(pieces, count));
      if (result.bytes > 0) output_ns_ = monotonic_ns();
      shared_->bytes_out.fetch_add(result.bytes, std::memory_order_relaxed);
      out_bytes_ -= result.bytes;
      out_sent_ += result.bytes;
      while (!out_.empty() && out_sent_ >= out_.front().size()) {
        out_sent_ -= out_.front().size();
        out_.pop_front();
      }
      if (result.state == IoState::WouldBlock) return;
      if (result.state != IoState::Done) return close_now();
    }
  }

  void arm() {
    if (closed_) return;
    if (wants_read() && !reading_) {
      reading_ = true;
      if (transport_.pending()) {
        shared_->loop.post([self = shared_from_this()] { self->on_readable(); });
      } else {
        watch_->want_read(shared_from_this());
      }
    }
    if ((out_bytes_ > 0 || transport_.read_wants_write()) && !writing_) {
      writing_ = true;
      watch_->want_write(shared_from_this());
    }
  }

  std::shared_ptr<Streams> shared_;
  Transport transport_;
  Peer peer_;
  std::shared_ptr<StreamSession> session_;
  std::unique_ptr<FdWatch> watch_;
  std::deque<std::string> out_;
  size_t out_sent_ = 0;   // of the first piece
  size_t out_bytes_ = 0;  // that wait
  int64_t opened_ns_;
  int64_t input_ns_;
  int64_t output_ns_;
  std::atomic<bool> paused_ = false;
  bool busy_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool input_ended_ = false;
  bool finishing_ = false;
  bool closed_ = false;
};

void schedule_sweep(const std::shared_ptr<Streams>& shared) {
  shared->sweeping = true;
  shared->loop.after(kSweepNs, [shared] {
    shared->sweeping = false;
    const int64_t now_ns = monotonic_ns();
    // Closing a connection forgets it by a message, later: the map does not change here.
    for (auto& [pointer, stream] : shared->streams) stream->sweep(now_ns);
    if (!shared->streams.empty()) schedule_sweep(shared);
  });
}

void set_keep_alive(int fd) {
  const auto set = [fd](int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

void take(const std::shared_ptr<Streams>& shared, int fd, Peer peer) {
  if (shared->streams.size() >= shared->limits.connections_max) {
    ++shared->connections_refused;
    ::close(fd);
    return;
  }
  set_keep_alive(fd);
  auto stream = std::make_shared<Stream>(shared, fd, std::move(peer));
  if (!stream->start()) {
    ++shared->connections_refused;
    return;
  }
  ++shared->connections_accepted;
  ++shared->connections_open;
  shared->streams.emplace(stream.get(), stream);
  if (!shared->sweeping) schedule_sweep(shared);
}

class LoopStreamServer final : public StreamServer {
 public:
  LoopStreamServer(std::shared_ptr<Streams> shared, TlsFiles tls, Listening listening)
      : shared_(std::move(shared)), tls_(std::move(tls)), port_(listening.port) {
    acceptor_ = std::make_shared<Acceptor>(
        shared_->loop, listening.fd,
        [shared = shared_](int fd, Peer peer) { take(shared, fd, std::move(peer)); },
        [shared = shared_] { ++shared->connections_refused; });
    shared_->loop.post([acceptor = acceptor_] { acceptor->start(); });
  }
  LoopStreamServer(const LoopStreamServer&) = delete;
  LoopStreamServer& operator=(const LoopStreamServer&) = delete;
  ~LoopStreamServer() override {
    if (!stopped_) stop(0, [] {});
  }

  uint16_t port() const override { return port_; }
  Status reload_tls() override {
    if (tls_.certificate.empty()) return {};
    KANSOKU_TRY(auto context, TlsContext::load(tls_));
    std::lock_guard lock(shared_->tls_mutex);
    shared_->tls = std::move(context);
    return {};
  }
  void stop_reading(std::move_only_function<void()> done) override {
    shared_->quiet = true;
    shared_->loop.post([acceptor = acceptor_, done = std::move(done)]() mutable {
      acceptor->close();
      done();
    });
  }
  void stop(int64_t grace_ms, std::move_only_function<void()> done) override {
    KANSOKU_CHECK(!stopped_);
    stopped_ = true;
    shared_->quiet = true;
    shared_->loop.post(
        [shared = shared_, acceptor = acceptor_, grace_ms, done = std::move(done)]() mutable {
          acceptor->close();
          // It mostly holds whoever owns the server.
          shared->accept = nullptr;
          if (shared->streams.empty()) return done();
          const uint64_t timer = shared->loop.after(grace_ms * env::kNsPerMs, [shared] {
            for (auto& [pointer, stream] : shared->streams) stream->close_now();
          });
          shared->all_closed = [shared, timer, done = std::move(done)]() mutable {
            shared->loop.cancel(timer);
            done();
          };
          for (auto& [pointer, stream] : shared->streams) stream->finish();
        });
  }
  StreamServerStats stats() const override {
    return {.connections_open = shared_->connections_open,
            .connections_accepted = shared_->connections_accepted,
            .connections_refused = shared_->connections_refused,
            .bytes_in = shared_->bytes_in,
            .bytes_out = shared_->bytes_out,
            .timeouts = shared_->timeouts};
  }

 private:
  std::shared_ptr<Streams> shared_;
  TlsFiles tls_;
  uint16_t port_;
  std::shared_ptr<Acceptor> acceptor_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<StreamServer>> StreamServer::start(EventLoops& loops,
                                                          StreamServerOptions options,
                                                          StreamAccept accept) {
  auto* set = dynamic_cast<LoopSet*>(&loops);
  KANSOKU_CHECK(set != nullptr);  // the only kind there is
  auto shared = std::make_shared<Streams>(set->loop(0));
  shared->limits = options.limits;
  shared->accept = std::move(accept);
  if (!options.tls.certificate.empty()) {
    KANSOKU_TRY(shared->tls, TlsContext::load(options.tls));
  }
  KANSOKU_TRY(const Listening listening, listen_on(options.address, options.port));
  return std::make_unique<LoopStreamServer>(std::move(shared), std::move(options.tls), listening);
}

}  // namespace kansoku::net
