// Points: what a series holds at one timestamp (ARCHITECTURE, decided question "Points").
//
// Kinds: a float; value/count pairs; a sketch of fixed-gamma logarithmic buckets (relative error at
// most 1 %); an exponential histogram (OpenTelemetry, Prometheus native: schema, zero threshold,
// positive and negative buckets); an explicit-bounds histogram. All but the float carry count and,
// where known, sum, min and max. Counts are doubles. A point of count 1 is stored as a float.
//
// Merging (series that accumulate): add() joins two points of one cell. It is free of order: pairs
// stay pairs while the union has at most kPairsMax distinct values, then become the sketch, and a
// sketch stays one. Thread contract: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace kansoku::signal {

// 256 distinct values: PutMetricData allows 150 a datum, so any single datum stays exact.
inline constexpr size_t kPairsMax = 256;
// Bucket i holds (gamma^(i-1), gamma^i]; the middle of a bucket is off by (gamma-1)/(gamma+1) =
// 0.99 %.
inline constexpr double kSketchGamma = 1.02;

enum class PointKind : uint8_t {
  Float = 0,
  Pairs = 1,
  Sketch = 2,
  ExponentialHistogram = 3,
  ExplicitHistogram = 4,
};
enum class Temporality : uint8_t { Gauge = 0, Delta = 1, Cumulative = 2 };
// Prometheus counter-reset hint of native histograms.
enum class ResetHint : uint8_t { Unknown = 0, Reset = 1, NotReset = 2, Gauge = 3 };
// Fixed at a series' birth. Replace: the highest log sequence wins at a timestamp (Prometheus).
// Accumulate: points of one cell add up (CloudWatch, StatsD, OTel delta).
enum class MergeKind : uint8_t { Replace = 0, Accumulate = 1 };

struct ValueCount {
  double value = 0;
  double count = 0;
  friend bool operator==(const ValueCount&, const ValueCount&) = default;
};
struct Bucket {
  int32_t index = 0;
  double count = 0;
  friend bool operator==(const Bucket&, const Bucket&) = default;
};

// Sorted by value, distinct values. Empty pairs with a count: a statistic set, whose distribution
// nobody knows (percentiles are not available).
using Pairs = std::vector<ValueCount>;

struct SketchBuckets {
  double zero_count = 0;
  std::vector<Bucket> positive;  // sorted by index
  std::vector<Bucket> negative;
  friend bool operator==(const SketchBuckets&, const SketchBuckets&) = default;
};
struct ExponentialBuckets {
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  std::vector<Bucket> positive;
  std::vector<Bucket> negative;
  friend bool operator==(const ExponentialBuckets&, const ExponentialBuckets&) = default;
};
struct ExplicitBuckets {
  std::vector<double> bounds;  // ascending upper bounds
  std::vector<double> counts;  // bounds.size() + 1, not cumulative
  friend bool operator==(const ExplicitBuckets&, const ExplicitBuckets&) = default;
};

// Everything but a float. `has_*` false: the source did not say.
struct Distribution {
  double count = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
  bool has_sum = true;
  bool has_min_max = true;
  // A part of it came as a statistic set: count, sum, min and max hold, the rest is not all of it.
  bool distribution_lost = false;
  ResetHint reset_hint = ResetHint::Unknown;
  std::variant<Pairs, SketchBuckets, ExponentialBuckets, ExplicitBuckets> buckets;

  PointKind kind() const { return static_cast<PointKind>(buckets.index() + 1); }
  friend bool operator==(const Distribution&, const Distribution&) = default;
};

// A float, or a distribution.
struct Point {
  double value = 0;
  std::unique_ptr<Distribution> distribution;  // null: a float of count 1

  Point() = default;
  explicit Point(double v) : value(v) {}
  explicit Point(Distribution d);
  Point(const Point& other);
  Point& operator=(const Point& other);
  Point(Point&&) noexcept = default;
  Point& operator=(Point&&) noexcept = default;

  PointKind kind() const { return distribution ? distribution->kind() : PointKind::Float; }
  double count() const { return distribution ? distribution->count : 1; }
  double sum() const { return distribution ? distribution->sum : value; }
  double min() const { return distribution ? distribution->min : value; }
  double max() const { return distribution ? distribution->max : value; }
  // Joins `other` into this (accumulating series). Histograms of different layouts are joined as
  // sketches of their bucket middles.
  void add(const Point& other);
  friend bool operator==(const Point& a, const Point& b);
};

// Value and counts as PutMetricData gives them. Values may repeat; counts are positive. One value
// with count 1 becomes a float.
Point point_from_values(std::vector<ValueCount> values);
// A statistic set. When count is 1 or min == max the values are known and it becomes pairs (or a
// float).
Point point_from_statistic_set(double count, double sum, double min, double max);

// The bucket of a non-zero magnitude, and the value that stands for a bucket (its geometric middle
// in the sense of relative error).
int32_t sketch_index(double magnitude);
double sketch_value(int32_t index);
// Any distribution as a sketch (pairs and histograms by bucket middles).
SketchBuckets to_sketch(const Distribution& distribution);
// Sorted (value, count) pairs that stand for the distribution: exact for pairs, bucket middles
// clamped to [min, max] otherwise.
Pairs to_pairs(const Distribution& distribution);

// The bytes of a distribution in the log and in parts (docs/formats/point.md).
void encode_distribution(const Distribution& distribution, std::string& out);
// Advances `from`; DataLoss when the bytes are not one.
Result<Distribution> decode_distribution(std::string_view& from);

}  // namespace kansoku::signal
