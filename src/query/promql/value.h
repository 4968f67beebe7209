// Values during evaluation. Thread contract: plain values.
#pragma once

#include <bit>
#include <string>
#include <vector>

#include "query/promql/annotations.h"
#include "query/promql/float_histogram.h"
#include "query/promql/label_set.h"

namespace kansoku::query::promql {

// The NaN that says "the series ended here" (Prometheus' model/value).
inline constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;
inline double stale_marker() { return std::bit_cast<double>(kStaleBits); }
inline bool is_stale(double value) { return std::bit_cast<uint64_t>(value) == kStaleBits; }

// A float, or a histogram where `h` is set. Milliseconds.
struct Point {
  int64_t t = 0;
  double f = 0;
  HistogramPtr h;
  int64_t st = 0;  // start timestamp of a counter, 0: not known
};

struct Series {
  LabelSet labels;
  // The name is to be dropped at the end of the query (delayed name removal).
  bool drop_name = false;
  std::vector<Point> points;  // ascending
};
using Matrix = std::vector<Series>;

// One series at one step.
struct Sample {
  LabelSet labels;
  bool drop_name = false;
  Point point;
};
using Vector = std::vector<Sample>;

struct QueryResult {
  ValueType type = ValueType::None;
  Matrix matrix;  // of a range query, or of a range vector
  Vector vector;
  double scalar = 0;
  std::string string;
  Annotations annotations;
};

}  // namespace kansoku::query::promql
