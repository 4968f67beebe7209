// Hosts that report their series scrape by scrape, from nothing but a seed and their number.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalogue.h"

namespace kansoku::bench {

inline constexpr int64_t kScrapeMs = 15'000;

// splitmix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
  }
  // Below n; the bias of a modulus does not matter here.
  uint64_t below(uint64_t n) { return next() % n; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

class Host {
 public:
  Host(const std::vector<SeriesModel>& series, uint64_t seed, uint64_t number);

  // The next scrape's values, one a series. `at_ms` is its time, of which the clock series tells.
  void scrape(int64_t at_ms, std::span<double, kSeriesPerHost> out);
  // Later than the base of the scrapes; never a whole second, so no query time meets a sample.
  int64_t offset_ms() const { return offset_ms_; }
  // (name, value) pairs sorted by name.
  std::vector<std::pair<std::string, std::string>> labels(const SeriesModel& model) const;

 private:
  struct Handler {
    uint64_t buckets[kBuckets] = {};  // cumulative
    double sum = 0;
  };
  void serve_requests();
  double value_of(const SeriesModel& model, int64_t& state, int64_t at_ms);

  const std::vector<SeriesModel>* series_;
  uint64_t number_;
  Random random_;
  int64_t offset_ms_;
  int64_t scale_percent_;  // how busy this host is
  std::vector<int64_t> states_;
  std::vector<int64_t> starts_;
  Handler handlers_[kHandlers];
};

}  // namespace kansoku::bench
