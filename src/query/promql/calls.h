// What an implementation of a function is given, and where it leaves its result.
#pragma once

#include <numeric>
#include <optional>
#include <span>

#include "query/promql/evaluate.h"

namespace kansoku::query::promql {

// A function over a range: one series, one step.
struct RangeCall {
  const CallExpr& expr;
  const EvaluateOptions& options;
  Annotations& annotations;
  std::span<const double> scalars;  // the scalar arguments, in order
  const LabelSet& labels;
  // Points of the window, without stale markers. `anchored` and `smoothed` windows also hold what
  // lies up to the lookback before the range (and, smoothed, after it).
  std::span<const Point> points;
  std::span<const double> weights;  // empty, or one a point (SourceSeries::weights)
  int64_t t = 0;                    // evaluation time
  int64_t range_start = 0;          // excluded
  int64_t range_end = 0;
  int64_t range_ms = 0;
  RangeMode mode = RangeMode::Plain;
  bool deltas = false;
  bool subquery = false;
  Point out;
  std::optional<Error> error;

  std::string_view metric() const { return labels.get(kMetricName); }
  double weight(size_t i) const { return weights.empty() ? 1 : weights[i]; }
  // How many points of the series those of the window stand for.
  double points_count() const {
    if (weights.empty()) return static_cast<double>(points.size());
    return std::accumulate(weights.begin(), weights.end(), 0.0);
  }
  PositionRange position() const { return expr.args.front()->position; }
};

// Counters end in _total, _sum, _count or _bucket by convention; other names deserve a hint.
void tell_odd_name(const LabelSet& labels, PositionRange at, Annotations& annotations);

// A function over vectors: one step.
struct VectorCall {
  const CallExpr& expr;
  const EvaluateOptions& options;
  Annotations& annotations;
  const QueryRange& range;
  int64_t t = 0;
  // By argument; scalars are vectors of one sample, strings are empty.
  std::vector<Vector> args;
  Vector out;
  std::optional<Error> error;

  double scalar(size_t i) const { return args[i].front().point.f; }
  // Puts a value under the labels of `from`, without its name.
  void put(const Sample& from, double value);
};

}  // namespace kansoku::query::promql
