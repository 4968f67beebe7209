#include "net/http/listening.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace kansoku::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn
// Accepted in a row before other work of the loop gets its turn.
constexpr int kAcceptsPerTurn = 64;
// Out of descriptors: nothing helps but waiting for connections to close.
constexpr int64_t kAcceptPauseNs = 100 * env::kNsPerMs;

Result<Listening> bind_socket(const std::string& address, uint16_t port, int type) {
  std::string object = fmt::format("{}:{}", address, port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = type;
  // Addresses only: resolving names here would block and surprise.
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  std::string service = std::to_string(port);
  std::string host = address == "localhost" ? "127.0.0.1" : address;
  if (getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0 || found == nullptr) {
    return fail(ErrorCode::InvalidArgument, "not an IP address to listen on", object);
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  int fd = socket(found->ai_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorCode::Internal, std::strerror(errno), object);
  int on = 1;
  // For UDP it would let two processes share the port, and one of them starve.
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
      (type == SOCK_STREAM && listen(fd, kBacklog) != 0)) {
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

Result<Listening> listen_on(const std::string& address, uint16_t port) {
  return bind_socket(address, port, SOCK_STREAM);
}
Result<Listening> bind_datagrams(const std::string& address, uint16_t port) {
  return bind_socket(address, port, SOCK_DGRAM);
}

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

void Acceptor::start() {
  watch_ = loop_.watch(fd_);
  watch_->want_read(shared_from_this());
}

void Acceptor::close() {
  watch_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Acceptor::on_readable() {
  if (fd_ < 0) return;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int fd =
        accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        out_of_descriptors_();
        loop_.after(kAcceptPauseNs, [self = shared_from_this()] {
          if (self->fd_ >= 0) self->watch_->want_read(self);
        });
        return;
      }
      if (errno == EAGAIN) break;
      continue;  // ECONNABORTED and errors of the new socket's network: the next one may be well
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    accepted_(fd, peer_of(address));
  }
  watch_->want_read(shared_from_this());
}

}  // namespace kansoku::net
