// A whole server fed with bytes over a socket: HTTP/1.1, HTTP/2 after its preface, garbage. Nothing
// may crash, and every connection must end once the client has gone.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "net/http/http.h"

namespace {

using namespace kansoku::net;

struct Running {
  std::unique_ptr<EventLoops> loops = EventLoops::start(1);
  std::unique_ptr<HttpServer> server;
  Running() {
    HttpServerOptions options;
    options.limits.body_bytes_max = 10'000;
    options.limits.header_bytes_max = 2'000;
    auto started =
        HttpServer::start(*loops, options, [](HttpRequest request, HttpExchange exchange) {
          if (request.target.size() % 2 == 0) {
            exchange.respond({.body = std::move(request.body)});
          } else {
            exchange.begin(200, {});
            exchange.write(request.target);
            exchange.end({{"x-trailer", "1"}});
          }
        });
    KANSOKU_CHECK(started.has_value());
    server = std::move(*started);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Running running;
  if (size == 0) return 0;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  linger reset{1, 0};  // no TIME_WAIT: thousands of runs a second
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(running.server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  KANSOKU_CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  std::string bytes;
  // Half of the inputs begin as HTTP/2: preface and empty SETTINGS are hard to guess.
  if (data[0] % 2 == 1) bytes.assign("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
  bytes.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  [[maybe_unused]] ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  char answer[4'096];
  pollfd ready{fd, POLLIN, 0};
  while (poll(&ready, 1, 5'000) > 0) {
    if (recv(fd, answer, sizeof answer, 0) <= 0) {
      close(fd);
      return 0;
    }
  }
  KANSOKU_CHECK(false && "the server did not end the connection");
  return 0;
}
