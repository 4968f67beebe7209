// Keep-alive connections that push requests and wait for each answer.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "requests.h"

namespace kansoku::bench {

struct Target {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::string path = "/api/v1/write";
  std::string token;  // of "Authorization: Bearer", none when empty
};

struct Sent {
  uint64_t acknowledged = 0;  // samples of requests that were answered with 2xx
  uint64_t retries = 0;       // answers of 429 and 503, after which the request was sent again
  std::string fault;          // the first answer of another kind; the run is over then
  std::vector<float> latencies_ms;
};

class Connection {
 public:
  explicit Connection(const Target& target);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The status of the answer, 0 when the connection broke.
  int exchange(std::string_view body);
  const std::string& answer() const { return answer_; }

 private:
  bool send_all(std::string_view bytes);
  bool receive_more();
  int read_answer();

  int fd_ = -1;
  bool connected_ = false;
  std::string head_start_;
  std::string head_;
  std::string answer_;
};

class Sender {
 public:
  explicit Sender(const Target& target);

  // Sends all requests of the windows, every connection its own share window by window, and adds
  // to `sent`. `interval_ms` above 0 starts a connection's requests that far apart, and latency
  // then counts from when a request was due.
  void send(std::span<const Window> windows, double interval_ms, Sent& sent);

 private:
  static constexpr size_t kConnections = 4;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace kansoku::bench
