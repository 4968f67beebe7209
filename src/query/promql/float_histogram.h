// A native histogram during evaluation: float counts, sparse buckets, exponential or custom bounds.
//
// Schemas -4..8: bucket i of the positive side holds (2^((i-1)*2^-s), 2^(i*2^-s)], the negative
// side mirrors it, the zero bucket holds [-zero_threshold, zero_threshold]. Schema -53 (custom):
// positive bucket i holds (custom_values[i-1], custom_values[i]], the last one reaches to +Inf; no
// other buckets. Buckets are sorted by index and never empty (compact() runs in every operation).
// Thread contract: plain values; shared as std::shared_ptr<const FloatHistogram>.
#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "signal/point.h"

namespace kansoku::query::promql {

inline constexpr int32_t kCustomSchema = -53;
inline constexpr int32_t kSchemaMin = -4;
inline constexpr int32_t kSchemaMax = 8;

struct FloatHistogram;
using HistogramPtr = std::shared_ptr<const FloatHistogram>;

// One bucket with its bounds.
struct BoundedBucket {
  double lower = 0;
  double upper = 0;
  double count = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = true;
};

// What happened when two histograms were joined.
struct JoinReport {
  bool incompatible = false;  // exponential with custom buckets: nothing was done
  bool collision = false;     // reset meets no reset
  bool reconciled = false;    // custom bounds differed, the common ones were kept
};

struct FloatHistogram {
  signal::ResetHint hint = signal::ResetHint::Unknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<signal::Bucket> positive;
  std::vector<signal::Bucket> negative;
  std::vector<double> custom_values;

  bool custom() const { return schema == kCustomSchema; }
  // Bounds of a bucket of the positive side.
  double upper_bound(int32_t index) const;
  BoundedBucket positive_bucket(const signal::Bucket& bucket) const;
  BoundedBucket negative_bucket(const signal::Bucket& bucket) const;
  // Ascending; bounds are cut at the zero threshold.
  std::vector<BoundedBucket> buckets() const;

  void compact();
  void scale(double factor);    // a negative factor makes it a gauge
  void divide(double divisor);  // division by zero leaves no buckets
  JoinReport add(const FloatHistogram& other);
  JoinReport subtract(const FloatHistogram& other);
  // Merges buckets until the schema is `target` (not higher than it was).
  void reduce_schema(int32_t target);
  bool overflowed() const;
  // True when a counter was reset between `previous` and this one.
  bool reset_since(const FloatHistogram& previous) const;
  // Everything but the hint.
  bool same_values(const FloatHistogram& other) const;
  // {count:3, sum:1, (1,2]:3}
  std::string to_string() const;

  static FloatHistogram from(const signal::Distribution& distribution);
};

// Adds up histograms with compensation (Neumaier), field by field and bucket by bucket.
class HistogramSum {
 public:
  explicit HistogramSum(const FloatHistogram& first) : sum_(first) { compensation_like_sum(); }
  JoinReport add(const FloatHistogram& other);
  void scale(double factor);
  void divide(double divisor);
  const FloatHistogram& sum() const { return sum_; }
  // Sum and compensation together.
  FloatHistogram total() const;

 private:
  void compensation_like_sum();
  FloatHistogram sum_;
  FloatHistogram compensation_;
};

// Neumaier's sum: `compensation` takes what `sum` cannot hold.
inline void kahan_add(double value, double& sum, double& compensation) {
  const double total = sum + value;
  if (std::isinf(total)) {
    compensation = 0;
  } else if (std::abs(sum) >= std::abs(value)) {
    compensation += (sum - total) + value;
  } else {
    compensation += (value - total) + sum;
  }
  sum = total;
}
// Go's %g: shortest digits, exponent from 1e21 and below 1e-4.
std::string format_general(double value);

}  // namespace kansoku::query::promql
