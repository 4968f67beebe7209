// The 500 series of one host: names, labels and the way each value moves.
//
// Modelled on node_exporter 1.5 on a host of 8 CPUs, 6 filesystems, 3 disks and 5 network devices
// (458 series), and one request-duration histogram of 3 handlers (42 series).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kansoku::bench {

inline constexpr size_t kSeriesPerHost = 500;
inline constexpr size_t kHandlers = 3;
inline constexpr size_t kBuckets = 12;  // with +Inf

// How a value moves from scrape to scrape. Counters and gauges are integers times a unit.
enum class Motion : uint8_t {
  Constant,
  Counter,  // grows by mean, give or take spread
  Gauge,    // a walk of at most spread a scrape around its start
  Entropy,  // any double of [0, mean), all 52 bits
  Clock,    // the time of the scrape, seconds with all digits
  Bucket,   // of the histogram
  Count,
  Sum,
};

struct SeriesModel {
  std::vector<std::pair<std::string, std::string>> labels;  // with __name__, without the host's
  bool app = false;                                         // job="app", else "node"
  Motion motion = Motion::Constant;
  double unit = 1;      // of counters and gauges: 1, 0.01, 1e-9, 4096 ...
  bool divide = false;  // value is integer / unit, exact decimals as printed by exporters
  int64_t mean = 0;
  int64_t spread = 0;
  int repeat_percent = 0;  // how often the value stays what it was
  uint8_t handler = 0;
  uint8_t bucket = 0;
};

// kSeriesPerHost of them, in the order an exporter prints them.
std::vector<SeriesModel> host_series();

}  // namespace kansoku::bench
