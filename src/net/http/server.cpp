// The listener, its shards of connections (one a loop) and the end of both.

#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "net/http/connection.h"
#include "net/http/listening.h"

namespace kansoku::net {
namespace {

class LoopShard final : public Shard, public std::enable_shared_from_this<LoopShard> {
 public:
  LoopShard(Loop& loop, std::shared_ptr<ServerState> state)
      : loop_(loop), state_(std::move(state)) {
    const HttpLimits& limits = state_->limits;
    int64_t shortest_ms =
        std::min({limits.header_timeout_ms, limits.body_idle_timeout_ms,
                  limits.keep_alive_timeout_ms, limits.write_stall_timeout_ms, int64_t{1'000}});
    // Deadlines are kept to a quarter of the shortest, without a timer for each connection.
    sweep_ns_ = std::max<int64_t>(shortest_ms / 4, 1) * env::kNsPerMs;
  }

  Loop& loop() { return loop_; }

  void add(int fd, Peer peer) {
    auto connection =
        std::make_shared<Connection>(loop_, fd, std::move(peer), state_, shared_from_this());
    connections_.emplace(connection.get(), connection);
    connection->start();
    if (!sweeping_) schedule_sweep();
  }

  void forget(Connection* connection) override {
    connections_.erase(connection);
    if (connections_.empty() && all_closed_) loop_.post(std::exchange(all_closed_, nullptr));
  }

  // Idle connections close now, others when they are answered; calls when none is left.
  void stop(std::move_only_function<void()> all_closed) {
    all_closed_ = std::move(all_closed);
    if (connections_.empty()) {
      loop_.post(std::exchange(all_closed_, nullptr));
      return;
    }
    for (auto& connection : snapshot()) connection->stop();
  }

  void close_all() {
    for (auto& connection : snapshot()) connection->close();
  }

 private:
  std::vector<std::shared_ptr<Connection>> snapshot() const {
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(connections_.size());
    for (const auto& [pointer, connection] : connections_) all.push_back(connection);
    return all;
  }

  void schedule_sweep() {
    sweeping_ = true;
    loop_.after(sweep_ns_, [self = shared_from_this()] { self->sweep(); });
  }

  void sweep() {
    sweeping_ = false;
    int64_t now_ns = monotonic_ns();
    // Closing a connection forgets it by a message, later: the map does not change here.
    for (auto& [pointer, connection] : connections_) connection->sweep(now_ns);
    if (!connections_.empty()) schedule_sweep();
  }

  Loop& loop_;
  std::shared_ptr<ServerState> state_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::move_only_function<void()> all_closed_;
  int64_t sweep_ns_ = 0;
  bool sweeping_ = false;
};

// Hands accepted sockets to the shards in turn, from loop 0.
class Intake {
 public:
  Intake(std::shared_ptr<ServerState> state, std::vector<std::shared_ptr<LoopShard>> shards)
      : state_(std::move(state)), shards_(std::move(shards)) {}

  void take(int fd, Peer peer) {
    if (state_->connections_open >= state_->limits.connections_max) {
      ++state_->connections_refused;
      std::string answer = Connection::plain_answer(503, "too many connections; try again");
      [[maybe_unused]] ssize_t sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      shutdown(fd, SHUT_WR);
      ::close(fd);
      return;
    }
    ++state_->connections_accepted;
    std::shared_ptr<LoopShard>& shard = shards_[next_++ % shards_.size()];
    if (shard->loop().in_loop()) {
      shard->add(fd, std::move(peer));
    } else {
      shard->loop().post([shard, fd, peer = std::move(peer)] { shard->add(fd, peer); });
    }
  }

 private:
  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<LoopShard>> shards_;
  size_t next_ = 0;
};

// What stop() waits for: every shard, once.
struct Stopping {
  std::atomic<size_t> shards_left = 0;
  std::move_only_function<void()> done;
  uint64_t deadline_timer = 0;
};

class LoopServer final : public HttpServer {
 public:
  LoopServer(LoopSet& loops, HttpServerOptions options, std::shared_ptr<ServerState> state, int fd,
             uint16_t port)
      : loops_(loops), options_(std::move(options)), state_(std::move(state)), port_(port) {
    for (size_t i = 0; i < loops_.size(); ++i) {
      shards_.push_back(std::make_shared<LoopShard>(loops_.loop(i), state_));
    }
    auto intake = std::make_shared<Intake>(state_, shards_);
    listener_ = std::make_shared<Acceptor>(
        loops_.loop(0), fd,
        [intake](int accepted, Peer peer) { intake->take(accepted, std::move(peer)); },
        [state = state_] { ++state->connections_refused; });
    loops_.loop(0).post([listener = listener_] { listener->start(); });
  }
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;
  ~LoopServer() override {
    if (!stopped_) stop(0, [] {});
  }

  uint16_t port() const override { return port_; }

  Status reload_tls() override {
    if (options_.tls_certificate_file.empty()) return {};
    KANSOKU_TRY(auto context,
                TlsContext::load({options_.tls_certificate_file, options_.tls_key_file,
                                  options_.tls_client_ca_file}));
    std::lock_guard lock(state_->tls_mutex);
    state_->tls = std::move(context);
    return {};
  }

  void stop(int64_t grace_ms, std::move_only_function<void()> done) override {
    KANSOKU_CHECK(!stopped_);
    stopped_ = true;
    state_->stopping = true;
    auto stopping = std::make_shared<Stopping>();
    stopping->shards_left = shards_.size();
    stopping->done = std::move(done);
    Loop& first = loops_.loop(0);
    first.post([&first, listener = listener_, shards = shards_, stopping, grace_ms] {
      listener->close();
      stopping->deadline_timer = first.after(grace_ms * env::kNsPerMs, [shards] {
        for (const auto& shard : shards) shard->loop().post([shard] { shard->close_all(); });
      });
      for (const auto& shard : shards) {
        shard->loop().post([shard, stopping, &first] {
          shard->stop([stopping, &first] {
            if (--stopping->shards_left > 0) return;
            first.cancel(stopping->deadline_timer);
            stopping->done();
          });
        });
      }
    });
  }

  HttpServerStats stats() const override {
    return {.connections_open = state_->connections_open,
            .connections_accepted = state_->connections_accepted,
            .connections_refused = state_->connections_refused,
            .requests = state_->requests,
            .bad_requests = state_->bad_requests,
            .bytes_in = state_->bytes_in,
            .bytes_out = state_->bytes_out,
            .unanswered = state_->unanswered,
            .timeouts = state_->timeouts};
  }

 private:
  LoopSet& loops_;
  HttpServerOptions options_;
  std::shared_ptr<ServerState> state_;
  uint16_t port_;
  std::vector<std::shared_ptr<LoopShard>> shards_;
  std::shared_ptr<Acceptor> listener_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(EventLoops& loops, HttpServerOptions options,
                                                      HttpHandler handler) {
  auto* set = dynamic_cast<LoopSet*>(&loops);
  KANSOKU_CHECK(set != nullptr);  // the only kind there is
  auto state = std::make_shared<ServerState>();
  state->limits = options.limits;
  state->http1_limits.header_bytes_max = options.limits.header_bytes_max;
  state->http1_limits.headers_max = options.limits.headers_max;
  state->http1_limits.target_bytes_max = options.limits.target_bytes_max;
  state->handler = std::move(handler);
  if (!options.tls_certificate_file.empty()) {
    KANSOKU_TRY(state->tls, TlsContext::load({options.tls_certificate_file, options.tls_key_file,
                                              options.tls_client_ca_file}));
  }
  KANSOKU_TRY(Listening listening, listen_on(options.address, options.port));
  return std::make_unique<LoopServer>(*set, std::move(options), std::move(state), listening.fd,
                                      listening.port);
}

}  // namespace kansoku::net
