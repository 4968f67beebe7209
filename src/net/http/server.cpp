// The listener, its shards of connections (one a loop) and the end of both.

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "net/http/connection.h"

namespace kansoku::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn
// Accepted in a row before other work of the loop gets its turn.
constexpr int kAcceptsPerTurn = 64;
// Out of descriptors: nothing helps but waiting for connections to close.
constexpr int64_t kAcceptPauseNs = 100 * env::kNsPerMs;

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

Peer peer_of(const sockaddr_storage& address) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &ip.sin_addr, text, sizeof text);
    peer.port = ntohs(ip.sin_port);
    peer.loopback = (ntohl(ip.sin_addr.s_addr) >> 24) == 127;
  } else if (address.ss_family == AF_INET6) {
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(address);
    peer.port = ntohs(ip.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&ip.sin6_addr)) {
      inet_ntop(AF_INET, &ip.sin6_addr.s6_addr[12], text, sizeof text);
      peer.loopback = ip.sin6_addr.s6_addr[12] == 127;
    } else {
      inet_ntop(AF_INET6, &ip.sin6_addr, text, sizeof text);
      peer.loopback = IN6_IS_ADDR_LOOPBACK(&ip.sin6_addr);
    }
  }
  peer.address = text;
  return peer;
}

// Accepts on loop 0 and hands sockets to the shards in turn.
class Listener final : public FdHandler, public std::enable_shared_from_this<Listener> {
 public:
  Listener(Loop& loop, int fd, std::shared_ptr<ServerState> state,
           std::vector<std::shared_ptr<LoopShard>> shards)
      : loop_(loop), fd_(fd), state_(std::move(state)), shards_(std::move(shards)) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() override { close_listener(); }

  void start() {
    watch_ = loop_.watch(fd_);
    watch_->want_read(shared_from_this());
  }

  void close_listener() {
    watch_.reset();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  void on_readable() override {
    if (fd_ < 0) return;
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      int fd =
          accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          ++state_->connections_refused;
          loop_.after(kAcceptPauseNs, [self = shared_from_this()] {
            if (self->fd_ >= 0) self->watch_->want_read(self);
          });
          return;
        }
        if (errno == EAGAIN) break;
        continue;  // ECONNABORTED and errors of the new socket's network: the next one may be well
      }
      take(fd, peer_of(address));
    }
    watch_->want_read(shared_from_this());
  }
  void on_writable() override {}

 private:
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
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::shared_ptr<LoopShard>& shard = shards_[next_++ % shards_.size()];
    if (shard->loop().in_loop()) {
      shard->add(fd, std::move(peer));
    } else {
      shard->loop().post([shard, fd, peer = std::move(peer)] { shard->add(fd, peer); });
    }
  }

  Loop& loop_;
  int fd_;
  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<LoopShard>> shards_;
  std::unique_ptr<FdWatch> watch_;
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
    listener_ = std::make_shared<Listener>(loops_.loop(0), fd, state_, shards_);
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
      listener->close_listener();
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
  std::shared_ptr<Listener> listener_;
  bool stopped_ = false;
};

struct Listening {
  int fd = -1;
  uint16_t port = 0;
};

Result<Listening> listen_on(const std::string& address, uint16_t port) {
  std::string object = fmt::format("{}:{}", address, port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  // Addresses only: resolving names here would block and surprise.
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  std::string service = std::to_string(port);
  std::string host = address == "localhost" ? "127.0.0.1" : address;
  if (getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0 || found == nullptr) {
    return fail(ErrorCode::InvalidArgument, "not an IP address to listen on", object);
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorCode::Internal, std::strerror(errno), object);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
    int error = errno;
    close(fd);
    return fail(error == EADDRINUSE ? ErrorCode::AlreadyExists : ErrorCode::Internal,
                fmt::format("cannot listen: {}", std::strerror(error)), object);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return Listening{fd, ntohs(bound.ss_family == AF_INET6
                                 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                 : reinterpret_cast<const sockaddr_in&>(bound).sin_port)};
}

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
