// Remote write 1.0 requests of the workload, encoded and compressed.
#pragma once

#include <string>
#include <vector>

#include "hosts.h"

namespace kansoku::bench {

inline constexpr size_t kSamplesPerRequest = 5'000;

struct Workload {
  uint64_t seed = 42;
  size_t hosts = 1'000;
  size_t scrapes = 12;
  size_t samples_per_series = 1;  // in one request
  int64_t base_ms = 0;  // whole seconds; scrape n of a host is at base + offset + n * 15 s
  size_t series() const { return hosts * kSeriesPerHost; }
};

struct Request {
  std::string body;
  uint64_t samples = 0;
};
// Some scrapes of every series. The request at a place carries the same series in every window, so
// that a connection that sends every n-th keeps their samples in order.
using Window = std::vector<Request>;

class Requests {
 public:
  explicit Requests(const Workload& workload);

  // The next samples_per_series scrapes of everything; empty after the last.
  Window next_window();
  uint64_t raw_bytes() const { return raw_bytes_; }
  uint64_t wire_bytes() const { return wire_bytes_; }
  uint64_t samples() const { return samples_; }

 private:
  void append_series(size_t series, size_t scrapes, std::string& out);

  Workload workload_;
  std::vector<SeriesModel> models_;
  std::vector<Host> hosts_;
  std::vector<std::string> labels_;  // encoded, by series
  std::vector<double> values_;       // [scrape of the window][series]
  size_t scraped_ = 0;
  uint64_t raw_bytes_ = 0;
  uint64_t wire_bytes_ = 0;
  uint64_t samples_ = 0;
};

}  // namespace kansoku::bench
