#include "query/promql/float_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kansoku::query::promql {

using signal::Bucket;
using signal::ResetHint;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double exponential_bound(int32_t index, int32_t schema) {
  // Whole powers of two exactly, the fractions between them by exp2.
  if (schema <= 0) {
    const int64_t exponent = static_cast<int64_t>(index) << -schema;
    if (exponent == 1024) return std::numeric_limits<double>::max();
    return std::ldexp(1.0, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)));
  }
  const int32_t per_power = 1 << schema;
  const int32_t fraction = index & (per_power - 1);
  const int32_t exponent = index >> schema;
  if (fraction == 0 && exponent == 1024) return std::numeric_limits<double>::max();
  return std::ldexp(std::exp2(static_cast<double>(fraction) / per_power), exponent);
}

int32_t reduced_index(int32_t index, int32_t by) { return ((index - 1) >> by) + 1; }

void reduce(std::vector<Bucket>& buckets, int32_t by) {
  std::vector<Bucket> out;
  for (const Bucket& bucket : buckets) {
    const int32_t index = reduced_index(bucket.index, by);
    if (!out.empty() && out.back().index == index) {
      out.back().count += bucket.count;
    } else {
      out.push_back({index, bucket.count});
    }
  }
  buckets = std::move(out);
}

// `a` + sign * `b`, compensated where `compensation` is given (indices of both are kept aligned).
void merge_buckets(std::vector<Bucket>& a, const std::vector<Bucket>& b, double sign,
                   std::vector<Bucket>* compensation) {
  std::vector<Bucket> sums;
  std::vector<Bucket> rests;
  sums.reserve(a.size() + b.size());
  size_t i = 0;
  size_t j = 0;
  size_t k = 0;
  while (i < a.size() || j < b.size()) {
    const bool from_a = i < a.size() && (j >= b.size() || a[i].index <= b[j].index);
    const bool from_b = j < b.size() && (i >= a.size() || b[j].index <= a[i].index);
    const int32_t index = from_a ? a[i].index : b[j].index;
    double sum = from_a ? a[i].count : 0;
    double rest = 0;
    if (compensation != nullptr) {
      while (k < compensation->size() && (*compensation)[k].index < index) ++k;
      if (k < compensation->size() && (*compensation)[k].index == index)
        rest = (*compensation)[k].count;
    }
    if (from_b && compensation != nullptr) {
      kahan_add(sign * b[j].count, sum, rest);
    } else if (from_b) {
      sum += sign * b[j].count;
    }
    sums.push_back({index, sum});
    if (compensation != nullptr) rests.push_back({index, rest});
    i += from_a;
    j += from_b;
  }
  a = std::move(sums);
  if (compensation != nullptr) *compensation = std::move(rests);
}

std::vector<double> common_bounds(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  std::ranges::set_intersection(a, b, std::back_inserter(out));
  return out;
}

// The buckets under bounds that are a subset of the old ones.
std::vector<Bucket> rebound(const std::vector<Bucket>& buckets, const std::vector<double>& from,
                            const std::vector<double>& to) {
  std::vector<Bucket> out;
  for (const Bucket& bucket : buckets) {
    int32_t index = static_cast<int32_t>(to.size());
    if (static_cast<size_t>(bucket.index) < from.size()) {
      index = static_cast<int32_t>(
          std::ranges::lower_bound(to, from[static_cast<size_t>(bucket.index)]) - to.begin());
    }
    if (!out.empty() && out.back().index == index) {
      out.back().count += bucket.count;
    } else {
      out.push_back({index, bucket.count});
    }
  }
  return out;
}

struct ZeroBucket {
  double threshold = 0;
  double count = 0;
};

// What the zero bucket holds if its threshold is `threshold` or, where that lies within a populated
// bucket, the outer bound of that bucket.
ZeroBucket widened_zero(const FloatHistogram& h, double threshold) {
  if (threshold == h.zero_threshold) return {threshold, h.zero_count};
  for (;;) {
    double count = h.zero_count;
    for (const Bucket& bucket : h.positive) {
      const BoundedBucket b = h.positive_bucket(bucket);
      if (b.lower >= threshold) break;
      count += b.count;
      if (b.upper > threshold) {
        if (b.count != 0) threshold = b.upper;
        break;
      }
    }
    bool again = false;
    for (const Bucket& bucket : h.negative) {
      const BoundedBucket b = h.negative_bucket(bucket);
      if (b.upper <= -threshold) break;
      count += b.count;
      if (b.lower < -threshold) {
        if (b.count != 0) {
          threshold = -b.lower;
          again = true;
        }
        break;
      }
    }
    if (!again) return {threshold, count};
  }
}

// The buckets that reach into the zero bucket go away; what they held is in `zero_count` already,
// or is added to it.
void drop_within_zero(FloatHistogram& h, bool add_counts) {
  const auto within = [&](const Bucket& bucket) {
    const bool inside = h.positive_bucket(bucket).lower < h.zero_threshold;
    if (inside && add_counts) h.zero_count += bucket.count;
    return inside;
  };
  std::erase_if(h.positive, within);
  std::erase_if(h.negative, within);
}

// Widens the zero buckets of `h` (and its compensation) until they agree with the one of `other`;
// the answer is what the zero bucket of `other` would hold.
double reconcile_zero(FloatHistogram& h, const FloatHistogram& other,
                      FloatHistogram* compensation) {
  ZeroBucket theirs{other.zero_threshold, other.zero_count};
  while (theirs.threshold != h.zero_threshold) {
    if (h.zero_threshold > theirs.threshold) theirs = widened_zero(other, h.zero_threshold);
    if (theirs.threshold > h.zero_threshold) {
      const ZeroBucket ours = widened_zero(h, theirs.threshold);
      h.zero_count = ours.count;
      h.zero_threshold = ours.threshold;
      drop_within_zero(h, false);
      if (compensation != nullptr) {
        compensation->zero_threshold = ours.threshold;
        drop_within_zero(*compensation, true);
      }
    }
  }
  return theirs.count;
}

void join_hints(FloatHistogram& h, const FloatHistogram& other, JoinReport& report) {
  if (h.hint == other.hint || h.hint == ResetHint::Gauge) return;
  if (other.hint == ResetHint::Gauge) {
    h.hint = ResetHint::Gauge;
    return;
  }
  report.collision = h.hint != ResetHint::Unknown && other.hint != ResetHint::Unknown;
  h.hint = ResetHint::Unknown;
}

void join_field(double theirs, double sign, double& ours, double* compensation) {
  if (compensation != nullptr) {
    kahan_add(sign * theirs, ours, *compensation);
  } else {
    ours += sign * theirs;
  }
}

void join_custom(FloatHistogram& h, const FloatHistogram& other, double sign,
                 FloatHistogram* compensation, JoinReport& report) {
  if (h.custom_values == other.custom_values) {
    merge_buckets(h.positive, other.positive, sign,
                  compensation ? &compensation->positive : nullptr);
    return;
  }
  report.reconciled = true;
  std::vector<double> bounds = common_bounds(h.custom_values, other.custom_values);
  h.positive = rebound(h.positive, h.custom_values, bounds);
  if (compensation != nullptr) {
    compensation->positive = rebound(compensation->positive, h.custom_values, bounds);
    compensation->custom_values = bounds;
  }
  merge_buckets(h.positive, rebound(other.positive, other.custom_values, bounds), sign,
                compensation ? &compensation->positive : nullptr);
  h.custom_values = std::move(bounds);
}

void join_exponential(FloatHistogram& h, const FloatHistogram& other, double sign,
                      FloatHistogram* compensation) {
  const FloatHistogram* theirs = &other;
  FloatHistogram reduced;
  if (other.schema < h.schema) {
    h.reduce_schema(other.schema);
    if (compensation != nullptr) compensation->reduce_schema(other.schema);
  } else if (other.schema > h.schema) {
    reduced = other;
    reduced.reduce_schema(h.schema);
    theirs = &reduced;
  }
  if (theirs->zero_threshold < h.zero_threshold) {
    if (theirs != &reduced) reduced = *theirs;
    reduced.zero_threshold = h.zero_threshold;
    drop_within_zero(reduced, false);
    theirs = &reduced;
  }
  merge_buckets(h.positive, theirs->positive, sign,
                compensation ? &compensation->positive : nullptr);
  merge_buckets(h.negative, theirs->negative, sign,
                compensation ? &compensation->negative : nullptr);
}

JoinReport join(FloatHistogram& h, const FloatHistogram& other, double sign,
                FloatHistogram* compensation) {
  JoinReport report;
  if (h.custom() != other.custom()) {
    report.incompatible = true;
    return report;
  }
  join_hints(h, other, report);
  const double zero = reconcile_zero(h, other, compensation);
  join_field(zero, sign, h.zero_count, compensation ? &compensation->zero_count : nullptr);
  join_field(other.count, sign, h.count, compensation ? &compensation->count : nullptr);
  join_field(other.sum, sign, h.sum, compensation ? &compensation->sum : nullptr);
  if (h.custom()) {
    join_custom(h, other, sign, compensation, report);
  } else {
    join_exponential(h, other, sign, compensation);
  }
  return report;
}

// True when a bucket of `previous` holds more than its counterpart.
bool bucket_shrank(const std::vector<Bucket>& current, const std::vector<Bucket>& previous) {
  size_t i = 0;
  for (const Bucket& bucket : previous) {
    while (i < current.size() && current[i].index < bucket.index) ++i;
    const double now =
        i < current.size() && current[i].index == bucket.index ? current[i].count : 0;
    if (now < bucket.count) return true;
  }
  return false;
}

bool custom_reset(const FloatHistogram& h, const FloatHistogram& previous) {
  if (h.custom_values == previous.custom_values)
    return bucket_shrank(h.positive, previous.positive);
  const std::vector<double> bounds = common_bounds(h.custom_values, previous.custom_values);
  return bucket_shrank(rebound(h.positive, h.custom_values, bounds),
                       rebound(previous.positive, previous.custom_values, bounds));
}

void append_bucket_text(std::string& out, const BoundedBucket& b) {
  out +=
      fmt::format(", {}{},{}{}:{}", b.lower_inclusive ? '[' : '(', format_general(b.lower),
                  format_general(b.upper), b.upper_inclusive ? ']' : ')', format_general(b.count));
}

}  // namespace

std::string format_general(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const double magnitude = std::abs(value);
  const bool exponent = value != 0 && (magnitude < 1e-4 || magnitude >= 1e21);
  std::array<char, 64> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed);
  return {buffer.data(), end};
}

double FloatHistogram::upper_bound(int32_t index) const {
  if (!custom()) return exponential_bound(index, schema);
  if (index < 0) return -kInfinity;
  return static_cast<size_t>(index) < custom_values.size()
             ? custom_values[static_cast<size_t>(index)]
             : kInfinity;
}

BoundedBucket FloatHistogram::positive_bucket(const Bucket& bucket) const {
  BoundedBucket out{.lower = upper_bound(bucket.index - 1),
                    .upper = upper_bound(bucket.index),
                    .count = bucket.count};
  out.lower_inclusive = custom() && bucket.index == 0;
  return out;
}

BoundedBucket FloatHistogram::negative_bucket(const Bucket& bucket) const {
  return {.lower = -upper_bound(bucket.index),
          .upper = -upper_bound(bucket.index - 1),
          .count = bucket.count,
          .lower_inclusive = true,
          .upper_inclusive = false};
}

std::vector<BoundedBucket> FloatHistogram::buckets() const {
  std::vector<BoundedBucket> out;
  out.reserve(positive.size() + negative.size() + 1);
  for (auto bucket = negative.rbegin(); bucket != negative.rend(); ++bucket) {
    out.push_back(negative_bucket(*bucket));
    out.back().upper = std::min(out.back().upper, -zero_threshold);
  }
  if (zero_count != 0) {
    out.push_back({-zero_threshold, zero_threshold, zero_count, true, true});
  }
  for (const Bucket& bucket : positive) {
    out.push_back(positive_bucket(bucket));
    if (!custom()) out.back().lower = std::max(out.back().lower, zero_threshold);
  }
  return out;
}

void FloatHistogram::compact() {
  const auto empty = [](const Bucket& bucket) { return bucket.count == 0; };
  std::erase_if(positive, empty);
  std::erase_if(negative, empty);
}

void FloatHistogram::scale(double factor) {
  zero_count *= factor;
  count *= factor;
  sum *= factor;
  for (Bucket& bucket : positive) bucket.count *= factor;
  for (Bucket& bucket : negative) bucket.count *= factor;
  if (factor < 0) hint = ResetHint::Gauge;
}

void FloatHistogram::divide(double divisor) {
  zero_count /= divisor;
  count /= divisor;
  sum /= divisor;
  if (divisor == 0) {
    positive.clear();
    negative.clear();
    return;
  }
  for (Bucket& bucket : positive) bucket.count /= divisor;
  for (Bucket& bucket : negative) bucket.count /= divisor;
  if (divisor < 0) hint = ResetHint::Gauge;
}

JoinReport FloatHistogram::add(const FloatHistogram& other) {
  return join(*this, other, 1, nullptr);
}
JoinReport FloatHistogram::subtract(const FloatHistogram& other) {
  return join(*this, other, -1, nullptr);
}

void FloatHistogram::reduce_schema(int32_t target) {
  if (custom() || target >= schema) return;
  reduce(positive, schema - target);
  reduce(negative, schema - target);
  schema = target;
}

bool FloatHistogram::overflowed() const {
  const auto infinite = [](const Bucket& bucket) { return std::isinf(bucket.count); };
  return std::isinf(zero_count) || std::isinf(count) || std::isinf(sum) ||
         std::ranges::any_of(positive, infinite) || std::ranges::any_of(negative, infinite);
}

bool FloatHistogram::reset_since(const FloatHistogram& previous) const {
  if (hint == ResetHint::Reset) return true;
  if (hint == ResetHint::NotReset) return false;
  // A gauge is looked at as if it were a counter; the caller warns of it.
  if (count < previous.count) return true;
  if (custom() != previous.custom()) return true;
  if (custom()) return custom_reset(*this, previous);
  if (schema > previous.schema || zero_threshold < previous.zero_threshold) return true;
  const ZeroBucket zero = widened_zero(previous, zero_threshold);
  if (zero.threshold != zero_threshold || zero_count < zero.count) return true;
  if (schema == previous.schema && zero_threshold == previous.zero_threshold) {
    return bucket_shrank(positive, previous.positive) || bucket_shrank(negative, previous.negative);
  }
  FloatHistogram before = previous;
  before.reduce_schema(schema);
  before.zero_threshold = zero_threshold;
  drop_within_zero(before, false);
  return bucket_shrank(positive, before.positive) || bucket_shrank(negative, before.negative);
}

bool FloatHistogram::same_values(const FloatHistogram& other) const {
  // Sums that are no numbers are the same when their bits are.
  return schema == other.schema && zero_threshold == other.zero_threshold &&
         zero_count == other.zero_count && count == other.count &&
         std::bit_cast<uint64_t>(sum) == std::bit_cast<uint64_t>(other.sum) &&
         positive == other.positive && negative == other.negative &&
         custom_values == other.custom_values;
}

std::string FloatHistogram::to_string() const {
  std::string out = fmt::format("{{count:{}, sum:{}", format_general(count), format_general(sum));
  for (auto bucket = negative.rbegin(); bucket != negative.rend(); ++bucket) {
    append_bucket_text(out, negative_bucket(*bucket));
  }
  if (zero_count != 0)
    append_bucket_text(out, {-zero_threshold, zero_threshold, zero_count, true, true});
  for (const Bucket& bucket : positive) append_bucket_text(out, positive_bucket(bucket));
  return out + '}';
}

FloatHistogram FloatHistogram::from(const signal::Distribution& distribution) {
  FloatHistogram out;
  out.hint = distribution.reset_hint;
  out.count = distribution.count;
  out.sum = distribution.has_sum ? distribution.sum : std::numeric_limits<double>::quiet_NaN();
  if (const auto* exponential = std::get_if<signal::ExponentialBuckets>(&distribution.buckets)) {
    out.schema = exponential->schema;
    out.zero_threshold = exponential->zero_threshold;
    out.zero_count = exponential->zero_count;
    out.positive = exponential->positive;
    out.negative = exponential->negative;
    // Stored as OpenTelemetry counts them, bucket i is (base^i, base^(i+1)]; Prometheus calls it
    // i+1 (decision 070).
    for (signal::Bucket& bucket : out.positive) ++bucket.index;
    for (signal::Bucket& bucket : out.negative) ++bucket.index;
    // Finer than what Prometheus knows: the same histogram at its finest schema.
    if (out.schema > kSchemaMax) out.reduce_schema(kSchemaMax);
  } else if (const auto* bounds = std::get_if<signal::ExplicitBuckets>(&distribution.buckets)) {
    out.schema = kCustomSchema;
    out.custom_values = bounds->bounds;
    for (size_t i = 0; i < bounds->counts.size(); ++i) {
      out.positive.push_back({static_cast<int32_t>(i), bounds->counts[i]});
    }
  } else {
    // Pairs and sketches: each value in the bucket of the finest schema that holds it.
    out.schema = kSchemaMax;
    for (const signal::ValueCount& pair : signal::to_pairs(distribution)) {
      if (pair.value == 0) {
        out.zero_count += pair.count;
        continue;
      }
      const double magnitude = std::abs(pair.value);
      const auto index = static_cast<int32_t>(std::ceil(std::log2(magnitude) * (1 << kSchemaMax)));
      FloatHistogram one;
      one.schema = kSchemaMax;
      (pair.value > 0 ? one.positive : one.negative).push_back({index, pair.count});
      merge_buckets(out.positive, one.positive, 1, nullptr);
      merge_buckets(out.negative, one.negative, 1, nullptr);
    }
  }
  out.compact();
  return out;
}

void HistogramSum::compensation_like_sum() {
  compensation_.schema = sum_.schema;
  compensation_.zero_threshold = sum_.zero_threshold;
  compensation_.custom_values = sum_.custom_values;
}

JoinReport HistogramSum::add(const FloatHistogram& other) {
  return join(sum_, other, 1, &compensation_);
}

void HistogramSum::scale(double factor) {
  sum_.scale(factor);
  compensation_.scale(factor);
}

void HistogramSum::divide(double divisor) {
  sum_.divide(divisor);
  compensation_.divide(divisor);
}

FloatHistogram HistogramSum::total() const {
  FloatHistogram out = sum_;
  const ResetHint hint = out.hint;
  out.add(compensation_);
  out.hint = hint;
  out.compact();
  return out;
}

}  // namespace kansoku::query::promql
