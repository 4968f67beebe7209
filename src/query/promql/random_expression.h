// Test support: random PromQL over a small random data set, from nothing but a seed.
//
// Every text parses and is type-correct; some answer with an error (many-to-many matching), as real
// ones do. The same seed gives the same texts and data on every machine. Thread contract:
// thread-confined.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/promql/evaluate.h"
#include "query/promql/functions.h"
#include "query/promql/memory_source.h"

namespace kansoku::query::promql {

struct RandomOptions {
  // Operators and functions around a selector.
  int depth_max = 4;
  // Only what Prometheus 2.42 and 3.x answer alike: no native histograms, no experimental parts, a
  // name in every selector, counters far above zero.
  bool as_2_42 = false;
  // The data begin here. A multiple of 15 s.
  int64_t begin_ms = 1'760'000'040'000;
};

// Points are about 15 s apart and never on a whole second; every time in a query is one, so no
// sample lies on the edge of a range.
inline constexpr int64_t kRandomDataMs = 40 * 60'000;

// The next number of a generator (splitmix64).
uint64_t random_step(uint64_t& state);

struct RandomSeries {
  LabelSet labels;
  std::vector<Point> points;
};
// Counters with resets, gauges with gaps and stale markers, classic histograms; unless as_2_42 also
// NaN, infinities, extreme values, native histograms (exponential and custom), info series and
// names that need quotes.
std::vector<RandomSeries> random_series(uint64_t seed, const RandomOptions& options = {});
MemorySource random_source(uint64_t seed, const RandomOptions& options = {});

class RandomExpressions {
 public:
  explicit RandomExpressions(uint64_t seed, const RandomOptions& options = {})
      : options_(options), state_(seed) {}

  // An instant vector or a scalar.
  std::string next();
  // A range for it: one in four is an instant.
  QueryRange next_range();

 private:
  uint64_t random();
  size_t below(size_t n) { return static_cast<size_t>(random() % n); }
  bool chance(size_t percent) { return below(100) < percent; }
  template <class Range>
  const auto& pick(const Range& range) {
    return range[below(std::size(range))];
  }

  std::string scalar(int depth);
  std::string vector(int depth);
  std::string matrix(int depth, std::string_view metric);
  std::string binary(int depth);
  std::string set_operation(int depth);
  std::string aggregation(int depth);
  std::string aggregated(int depth, std::string_view by);
  std::string call(int depth);
  std::string range_call(int depth);
  std::string histogram_call(int depth);
  std::string label_call(int depth);
  std::string table_call(const FunctionRow& row, int depth);
  std::string range_argument(const FunctionRow& row, int depth);
  std::string scalar_argument(const FunctionRow& row, int depth);
  std::string top(int depth);
  std::string selector(std::string_view metric);
  std::string matcher();
  std::string metric_name();
  std::string modifiers();
  std::string duration(std::span<const std::string_view> plain);
  std::string number();
  std::string quantile();
  std::string at_time();
  bool usable(const FunctionRow& row) const;

  RandomOptions options_;
  uint64_t state_;
};

}  // namespace kansoku::query::promql
