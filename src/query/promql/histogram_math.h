// What PromQL computes from one histogram: quantiles, fractions, variance, trimmed copies. Native
// histograms and classic ones (cumulative buckets with an `le` label).
//
// The formulas follow Prometheus 3.14 (exponential interpolation within exponential buckets, linear
// interpolation within custom, zero and classic ones).
// Thread contract: free functions, free-threaded.
#pragma once

#include <string>
#include <vector>

#include "query/promql/float_histogram.h"

namespace kansoku::query::promql {

// Observations that were no numbers are counted, but lie in no bucket.
enum class NanEffect : uint8_t {
  None,
  Result,  // the result is NaN because of them
  Skew,    // a quantile is too high
  Left,    // a fraction leaves them out
};
struct NativeResult {
  double value = 0;
  NanEffect nan = NanEffect::None;
};
NativeResult native_quantile(double q, const FloatHistogram& h);
NativeResult native_fraction(double lower, double upper, const FloatHistogram& h);
double native_variance(const FloatHistogram& h);
// `h </ at` (keep_below) and `h >/ at`.
FloatHistogram trimmed(const FloatHistogram& h, double at, bool keep_below);

struct ClassicBucket {
  double upper = 0;
  double count = 0;  // cumulative
};
struct ClassicQuantile {
  double value = 0;
  // Counts that fell with rising bounds were lifted; between which bounds and by how much at most.
  bool lifted = false;
  double lifted_from = 0;
  double lifted_to = 0;
  double lifted_by = 0;
};
ClassicQuantile classic_quantile(double q, std::vector<ClassicBucket> buckets);
double classic_fraction(double lower, double upper, std::vector<ClassicBucket> buckets);

// The quantile of plain values; NaN counts as the smallest.
double quantile_of(double q, std::vector<double> values);

}  // namespace kansoku::query::promql
