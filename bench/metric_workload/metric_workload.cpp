// Generates the workload of hosts and sends it by remote write 1.0, or prints what it looks like.
//
// `send` tells on stdout, a JSON line each, when it is "encoded", when the "first" window has been
// answered and when all is "done"; after the first two it waits for a line on stdin, so that
// whoever started it can read the server's clocks in between. Exit code 1 at a refused request.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>

#include "sender.h"
#include "statistics.h"

namespace kansoku::bench {
namespace {

constexpr std::string_view kUsage =
    "usage: metric_workload statistics|send [--NAME VALUE]...\n"
    "  --hosts N  --scrapes N  --seed N  --samples-per-series N  --base-ms MS (whole seconds)\n"
    "send only:\n"
    "  --port N  --path PATH  --token TEXT\n"
    "  --ahead 1         encode everything before the first byte, else window by window\n"
    "  --interval-ms MS  start each connection's requests this far apart\n";

class Arguments {
 public:
  // False when a name has no value or is unknown.
  bool parse(int argc, char** argv) {
    for (int i = 2; i < argc; i += 2) {
      std::string_view name = argv[i];
      if (!name.starts_with("--") || i + 1 == argc) return false;
      values_[std::string(name.substr(2))] = argv[i + 1];
    }
    for (const auto& [name, value] : values_) {
      if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) return false;
    }
    return true;
  }
  std::string text(const std::string& name, std::string otherwise) const {
    auto found = values_.find(name);
    return found == values_.end() ? std::move(otherwise) : found->second;
  }
  int64_t number(const std::string& name, int64_t otherwise) const {
    std::string value = text(name, std::to_string(otherwise));
    int64_t out = otherwise;
    std::from_chars(value.data(), value.data() + value.size(), out);
    return out;
  }

 private:
  static constexpr std::string_view kNames[] = {
      "hosts", "scrapes", "seed",  "samples-per-series", "base-ms", "port",
      "path",  "token",   "ahead", "interval-ms"};
  std::map<std::string, std::string> values_;
};

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

double quantile(std::vector<float>& sorted, double q) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<size_t>(q * static_cast<double>(sorted.size())))];
}

void tell(std::string_view event, const Sent& sent, uint64_t wire_bytes, double wall_s) {
  std::vector<float> sorted = sent.latencies_ms;
  std::sort(sorted.begin(), sorted.end());
  fmt::print(
      "{{\"event\": \"{}\", \"acknowledged\": {}, \"retries\": {}, \"wire_bytes\": {}, "
      "\"requests\": {}, \"p50_ms\": {:.2f}, \"p99_ms\": {:.2f}, \"max_ms\": {:.2f}, "
      "\"sending_s\": {:.3f}}}\n",
      event, sent.acknowledged, sent.retries, wire_bytes, sorted.size(), quantile(sorted, 0.5),
      quantile(sorted, 0.99), quantile(sorted, 1), wall_s);
  std::fflush(stdout);
}

bool wait_for_line() {
  std::string line;
  return static_cast<bool>(std::getline(std::cin, line));
}

int send(const Workload& workload, const Target& target, bool ahead, double interval_ms) {
  Requests requests(workload);
  std::vector<Window> windows;
  do {
    windows.push_back(requests.next_window());
  } while (ahead && !windows.back().empty());
  Sent sent;
  tell("encoded", sent, requests.wire_bytes(), 0);
  if (!wait_for_line()) return 1;
  Sender sender(target);
  double sending_s = 0;
  auto push = [&](std::span<const Window> some) {
    Clock clock;
    sender.send(some, interval_ms, sent);
    sending_s += clock.seconds();
    return sent.fault.empty();
  };
  bool good = push(std::span(windows).first(1));
  tell("first", sent, requests.wire_bytes(), sending_s);
  if (!good || !wait_for_line()) {
    fmt::print(stderr, "{}\n", sent.fault);
    return 1;
  }
  sent.latencies_ms.clear();
  if (ahead) {
    good = push(std::span(windows).subspan(1));
  } else {
    for (windows = {requests.next_window()}; good && !windows[0].empty();
         windows = {requests.next_window()}) {
      good = push(windows);
    }
  }
  tell("done", sent, requests.wire_bytes(), sending_s);
  if (!good) fmt::print(stderr, "{}\n", sent.fault);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace kansoku::bench

int main(int argc, char** argv) {
  using namespace kansoku::bench;
  Arguments arguments;
  std::string_view what = argc > 1 ? argv[1] : "";
  if ((what != "statistics" && what != "send") || !arguments.parse(argc, argv)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  Workload workload;
  workload.seed = static_cast<uint64_t>(arguments.number("seed", 42));
  workload.hosts = static_cast<size_t>(arguments.number("hosts", 1'000));
  workload.scrapes = static_cast<size_t>(arguments.number("scrapes", 12));
  workload.samples_per_series = static_cast<size_t>(arguments.number("samples-per-series", 1));
  workload.base_ms = arguments.number("base-ms", 1'760'000'000'000);
  if (workload.base_ms % 1000 != 0 || workload.samples_per_series == 0 || workload.hosts == 0) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (what == "statistics") {
    fmt::print("{}\n", workload_statistics(workload));
    return 0;
  }
  Target target;
  target.port = static_cast<uint16_t>(arguments.number("port", 0));
  target.path = arguments.text("path", target.path);
  target.token = arguments.text("token", "");
  return send(workload, target, arguments.number("ahead", 0) != 0,
              static_cast<double>(arguments.number("interval-ms", 0)));
}
