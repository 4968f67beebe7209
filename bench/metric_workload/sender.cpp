#include "sender.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <chrono>
#include <thread>

namespace kansoku::bench {
namespace {

constexpr int kRetriesMax = 1'000;
constexpr auto kRetryPause = std::chrono::milliseconds(20);

// The value of Content-Length within a head, 0 when there is none.
size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  auto at = std::search(head.begin(), head.end(), kName.begin(), kName.end(), same);
  if (at == head.end()) return 0;
  const char* text = head.data() + (at - head.begin()) + kName.size();
  while (*text == ' ') ++text;
  size_t out = 0;
  std::from_chars(text, head.data() + head.size(), out);
  return out;
}

}  // namespace

Connection::Connection(const Target& target) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(target.port);
  ::inet_pton(AF_INET, target.host.c_str(), &to.sin_addr);
  connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  head_start_ = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/x-protobuf\r\n"
      "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n"
      "User-Agent: kansoku-bench\r\n",
      target.path, target.host, target.port);
  if (!target.token.empty())
    head_start_ += fmt::format("Authorization: Bearer {}\r\n", target.token);
}

Connection::~Connection() { ::close(fd_); }

int Connection::exchange(std::string_view body) {
  head_ = fmt::format("{}Content-Length: {}\r\n\r\n", head_start_, body.size());
  if (!connected_ || !send_all(head_) || !send_all(body)) return 0;
  return read_answer();
}

bool Connection::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool Connection::receive_more() {
  char buffer[16 * 1024];
  ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  answer_.append(buffer, static_cast<size_t>(n));
  return true;
}

int Connection::read_answer() {
  answer_.clear();
  size_t head_end = 0;
  while ((head_end = answer_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more()) return 0;
  }
  size_t length = content_length(std::string_view(answer_).substr(0, head_end + 2));
  while (answer_.size() < head_end + 4 + length) {
    if (!receive_more()) return 0;
  }
  int status = 0;
  std::from_chars(answer_.data() + 9, answer_.data() + 12, status);
  return status;
}

Sender::Sender(const Target& target) {
  for (size_t i = 0; i < kConnections; ++i)
    connections_.push_back(std::make_unique<Connection>(target));
}

namespace {

// What one connection does: its share of every window, in order.
void send_share(Connection& connection, std::span<const Window> windows, size_t share,
                size_t shares, double interval_ms, std::atomic<bool>& stop, Sent& sent) {
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  auto due =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(Milliseconds(
                         interval_ms * static_cast<double>(share) / static_cast<double>(shares)));
  for (const Window& window : windows) {
    for (size_t i = share; i < window.size(); i += shares) {
      if (stop) return;
      if (interval_ms > 0) {
        std::this_thread::sleep_until(due);
      } else {
        due = Clock::now();
      }
      int status = 0;
      for (int attempt = 0; attempt < kRetriesMax; ++attempt) {
        status = connection.exchange(window[i].body);
        if (status != 429 && status != 503) break;
        ++sent.retries;
        // A client told to slow down waits, as a sender does.
        std::this_thread::sleep_for(kRetryPause);
      }
      if (status < 200 || status > 299) {
        sent.fault = status == 0 ? "connection broke" : connection.answer();
        stop = true;
        return;
      }
      sent.latencies_ms.push_back(static_cast<float>(Milliseconds(Clock::now() - due).count()));
      sent.acknowledged += window[i].samples;
      due += std::chrono::duration_cast<Clock::duration>(Milliseconds(interval_ms));
    }
  }
}

}  // namespace

void Sender::send(std::span<const Window> windows, double interval_ms, Sent& sent) {
  std::atomic<bool> stop = false;
  std::vector<Sent> shares(connections_.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < connections_.size(); ++i) {
    threads.emplace_back([&, i] {
      send_share(*connections_[i], windows, i, connections_.size(), interval_ms, stop, shares[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (Sent& share : shares) {
    sent.acknowledged += share.acknowledged;
    sent.retries += share.retries;
    if (sent.fault.empty()) sent.fault = share.fault;
    sent.latencies_ms.insert(sent.latencies_ms.end(), share.latencies_ms.begin(),
                             share.latencies_ms.end());
  }
}

}  // namespace kansoku::bench
