// Load for PutMetricData: four keep-alive connections, every request signed, one request in flight
// on each. Writes one JSON line when all datums are acknowledged.
//
// The key comes from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). An answer of 429
// or 503 is sent again after a pause and counted; any other failure ends the run with exit code 1.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/env/env.h"
#include "bodies.h"
#include "net/auth/sigv4.h"

namespace kansoku::bench {
namespace {

constexpr int kConnections = 4;
constexpr int kRetriesMax = 100;
constexpr auto kRetryPause = std::chrono::milliseconds(20);

struct Target {
  std::string host;
  uint16_t port = 0;
  net::auth::Credentials credentials;
  std::string region = "us-east-1";
};

struct Totals {
  std::atomic<uint64_t> next{0};
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<uint64_t> retries{0};
  std::atomic<uint64_t> body_bytes{0};
  std::atomic<bool> failed{false};
};

// One keep-alive connection; exits the process's run by returning false on any surprise.
class Connection {
 public:
  explicit Connection(const Target& target) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(target.port);
    ::inet_pton(AF_INET, target.host.c_str(), &to.sin_addr);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The status of the answer, 0 when the connection broke.
  int exchange(const net::HttpClientRequest& request) {
    head_.clear();
    auto to = std::back_inserter(head_);
    fmt::format_to(to, "POST {} HTTP/1.1\r\n", request.url.substr(request.url.find('/', 8)));
    for (const net::Header& header : request.headers.list()) {
      fmt::format_to(to, "{}: {}\r\n", header.name, header.value);
    }
    fmt::format_to(to, "Content-Length: {}\r\n\r\n", request.body.size());
    if (!connected_ || !send_all(head_) || !send_all(request.body)) return 0;
    return read_answer();
  }
  const std::string& answer() const { return answer_; }

 private:
  bool send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  bool receive_more() {
    char buffer[16 * 1024];
    ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    answer_.append(buffer, static_cast<size_t>(n));
    return true;
  }
  int read_answer() {
    answer_.clear();
    size_t head_end = 0;
    while ((head_end = answer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_more()) return 0;
    }
    size_t at = answer_.find("ontent-Length: ");
    if (at == std::string::npos) at = answer_.find("ontent-length: ");
    size_t length = 0;
    if (at < head_end) {
      const char* text = answer_.data() + at + 15;
      std::from_chars(text, answer_.data() + head_end, length);
    }
    while (answer_.size() < head_end + 4 + length) {
      if (!receive_more()) return 0;
    }
    int status = 0;
    std::from_chars(answer_.data() + 9, answer_.data() + 12, status);
    return status;
  }

  int fd_ = -1;
  bool connected_ = false;
  std::string head_;
  std::string answer_;
};

net::HttpClientRequest request_of(const Target& target, Wire wire) {
  net::HttpClientRequest out;
  out.method = "POST";
  out.url = fmt::format("http://{}:{}/", target.host, target.port);
  switch (wire) {
    case Wire::Cbor:
      out.url += "service/GraniteServiceVersion20100801/operation/PutMetricData";
      out.headers.add("Content-Type", "application/cbor");
      out.headers.add("Smithy-Protocol", "rpc-v2-cbor");
      out.headers.add("Accept", "application/cbor");
      break;
    case Wire::Json:
      out.headers.add("Content-Type", "application/x-amz-json-1.0");
      out.headers.add("X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData");
      break;
    case Wire::Query:
      out.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
      break;
  }
  return out;
}

void run_connection(const Target& target, const Workload& workload, uint64_t requests,
                    Totals& totals) {
  Connection connection(target);
  const env::Clock& clock = env::real_clock();
  const net::HttpClientRequest blank = request_of(target, workload.wire);
  std::string body;
  for (;;) {
    uint64_t number = totals.next.fetch_add(1);
    if (number >= requests || totals.failed) return;
    net::HttpClientRequest request = blank;
    body.clear();
    append_body(workload, number, body);
    request.body = body;
    totals.body_bytes += body.size();
    int status = 0;
    for (int attempt = 0; attempt < kRetriesMax; ++attempt) {
      net::auth::sign_request(request, target.credentials, target.region, "monitoring",
                              clock.wall_now());
      status = connection.exchange(request);
      if (status != 429 && status != 503) break;
      ++totals.retries;
      // A client told to slow down waits, as an SDK does; only CPU seconds are reported.
      std::this_thread::sleep_for(kRetryPause);
    }
    if (status != 200) {
      fmt::print(stderr, "request {}: {}\n", number,
                 status == 0 ? "connection broke" : connection.answer());
      totals.failed = true;
      return;
    }
    totals.acknowledged += kDatumsPerRequest;
  }
}

std::optional<Wire> wire_named(std::string_view name) {
  if (name == "cbor") return Wire::Cbor;
  if (name == "json") return Wire::Json;
  if (name == "query") return Wire::Query;
  return std::nullopt;
}

int run(const Target& target, const Workload& workload, uint64_t datums) {
  Totals totals;
  auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back(
        [&] { run_connection(target, workload, datums / kDatumsPerRequest, totals); });
  }
  for (std::thread& thread : threads) thread.join();
  double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{{\"acknowledged\": {}, \"retries\": {}, \"body_bytes\": {}, \"wall_s\": {:.3f}}}\n",
             totals.acknowledged.load(), totals.retries.load(), totals.body_bytes.load(), wall);
  return totals.failed ? 1 : 0;
}

}  // namespace
}  // namespace kansoku::bench

int main(int argc, char** argv) {
  using namespace kansoku::bench;
  if (argc != 10) {
    fmt::print(
        stderr,
        "usage: put_metric_data HOST PORT cbor|json|query DATUMS SEED FIRST_MS STEP_MS METRICS "
        "RESOLUTION_S\nDATUMS, METRICS: multiples of {}\n",
        kDatumsPerRequest);
    return 2;
  }
  const char* key = std::getenv("AWS_ACCESS_KEY_ID");
  const char* secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  auto wire = wire_named(argv[3]);
  if (key == nullptr || secret == nullptr || !wire) {
    fmt::print(stderr, "put_metric_data: no credentials in the environment, or no wire \"{}\"\n",
               argv[3]);
    return 2;
  }
  Target target;
  target.host = argv[1];
  target.port = static_cast<uint16_t>(std::strtoul(argv[2], nullptr, 10));
  target.credentials.access_key_id = key;
  target.credentials.secret_access_key = secret;
  Workload workload;
  workload.wire = *wire;
  workload.seed = std::strtoull(argv[5], nullptr, 10);
  workload.first_ms = std::strtoll(argv[6], nullptr, 10);
  workload.step_ms = std::strtoll(argv[7], nullptr, 10);
  workload.metrics = std::strtoull(argv[8], nullptr, 10);
  workload.storage_resolution_s = static_cast<int>(std::strtol(argv[9], nullptr, 10));
  return run(target, workload, std::strtoull(argv[4], nullptr, 10));
}
