// What the tests of this folder share: a server on a free port and a plain socket to talk to it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <string>

#include "net/http/http.h"

namespace kansoku::net::test {

// Waits for something that another thread does; the limit only ends a hanging test.
class Event {
 public:
  void set() {
    std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

struct TestServer {
  explicit TestServer(HttpHandler handler, HttpServerOptions options = {}, size_t threads = 1) {
    loops = EventLoops::start(threads);
    auto started = HttpServer::start(*loops, std::move(options), std::move(handler));
    if (started) server = std::move(*started);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    stop(0);
    loops->stop();
  }
  bool stop(int64_t grace_ms) {
    if (server == nullptr) return false;
    auto done = std::make_shared<Event>();
    server->stop(grace_ms, [done] { done->set(); });
    bool stopped = done->wait();
    server.reset();
    return stopped;
  }
  std::unique_ptr<EventLoops> loops;
  std::unique_ptr<HttpServer> server;
};

// A blocking socket; reads give up after 20 s so that a failing test ends.
class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    timeval timeout{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close_socket(); }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void close_socket() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  void close_sending() { shutdown(fd_, SHUT_WR); }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(put));
    }
    return true;
  }
  // Reads until the text is there; everything up to and with it is taken.
  std::string read_until(std::string_view mark) {
    size_t at;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!read_more()) return std::exchange(buffer_, {});
    }
    std::string taken = buffer_.substr(0, at + mark.size());
    buffer_.erase(0, at + mark.size());
    return taken;
  }
  std::string read_bytes(size_t bytes) {
    while (buffer_.size() < bytes && read_more()) {
    }
    std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, taken.size());
    return taken;
  }
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
  }
  // One answer with a Content-Length: head and body together.
  std::string read_answer(bool with_body = true) {
    std::string head = read_until("\r\n\r\n");
    size_t at = head.find("Content-Length: ");
    if (!with_body || at == std::string::npos) return head;
    return head + read_bytes(std::stoul(head.substr(at + 16)));
  }
  bool ended() const { return ended_; }

 private:
  bool read_more() {
    char bytes[16 * 1024];
    ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      ended_ = got == 0;
      return false;
    }
    buffer_.append(bytes, static_cast<size_t>(got));
    return true;
  }
  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

// Answers with what arrived: "METHOD target body-bytes".
inline void echo(HttpRequest request, HttpExchange exchange) {
  exchange.respond({.status = 200,
                    .headers = {{"Content-Type", "text/plain"}},
                    .body = fmt::format("{} {} {}", request.method, request.target, request.body)});
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace kansoku::net::test
