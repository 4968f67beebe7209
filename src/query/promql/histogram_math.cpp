#include "query/promql/histogram_math.h"

#include <algorithm>
#include <cmath>

namespace kansoku::query::promql {

using signal::Bucket;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Differences of cumulative counts below this share are rounding, not shrinking buckets.
constexpr double kSmallDelta = 1e-12;

double log2_abs(double value) { return std::log2(std::abs(value)); }

bool across_zero(const BoundedBucket& b) { return b.lower <= 0 && b.upper >= 0; }

// The zero bucket of a histogram with observations on one side only lies on that side.
void lean_zero_bucket(BoundedBucket& b, const FloatHistogram& h) {
  if (h.negative.empty() && !h.positive.empty()) b.lower = 0;
  if (h.positive.empty() && !h.negative.empty()) b.upper = 0;
}

// Share of the bucket below `value`, which lies inside.
double share_below(const BoundedBucket& b, double value, bool linear) {
  if (linear) {
    if (b.lower == -kInfinity) return 1;
    return (value - b.lower) / (b.upper - b.lower);
  }
  const double low = log2_abs(b.lower);
  const double high = log2_abs(b.upper);
  const double at = log2_abs(value);
  return value > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high);
}

double value_at_share(const BoundedBucket& b, double share, bool linear) {
  if (linear) return b.lower + (b.upper - b.lower) * share;
  const double low = log2_abs(b.lower);
  const double high = log2_abs(b.upper);
  if (b.lower > 0) return std::exp2(low + (high - low) * share);
  return -std::exp2(high + (low - high) * (1 - share));
}

// Both ends of a range as ranks within the ordered observations.
class RankPair {
 public:
  RankPair(double lower, double upper) : bounds_{lower, upper} {}
  // The next bucket, which begins at rank `before`; false once both are known.
  template <class RankInside>
  bool take(double bucket_lower, double bucket_upper, double before, RankInside&& inside) {
    for (size_t i = 0; i < 2; ++i) {
      if (set_[i]) continue;
      if (bucket_lower >= bounds_[i]) {
        ranks_[i] = before;
        set_[i] = true;
      } else if (bucket_upper > bounds_[i]) {
        ranks_[i] = inside(bounds_[i]);
        set_[i] = true;
      }
    }
    return !(set_[0] && set_[1]);
  }
  // How many of `count` observations lie between the two.
  double between(double count) const {
    const double low = set_[0] ? std::min(ranks_[0], count) : count;
    const double high = set_[1] ? std::min(ranks_[1], count) : count;
    return high - low;
  }

 private:
  std::array<double, 2> bounds_;
  std::array<double, 2> ranks_{};
  std::array<bool, 2> set_{};
};

double total_count(const std::vector<BoundedBucket>& buckets) {
  double count = 0;
  for (const BoundedBucket& b : buckets) count += b.count;
  return count;
}

// A sum that is no number comes of NaN observations, or of both infinities, which are in buckets.
bool nan_observed(const FloatHistogram& h, const std::vector<BoundedBucket>& buckets) {
  return std::isnan(h.sum) && total_count(buckets) < h.count;
}

std::vector<ClassicBucket> sorted_and_joined(std::vector<ClassicBucket> buckets) {
  std::ranges::sort(buckets, {}, &ClassicBucket::upper);
  std::vector<ClassicBucket> out;
  for (const ClassicBucket& bucket : buckets) {
    if (!out.empty() && out.back().upper == bucket.upper) {
      out.back().count += bucket.count;
    } else {
      out.push_back(bucket);
    }
  }
  return out;
}

bool nearly_equal(double a, double b) {
  if (a == b) return true;
  const double sum = std::abs(a) + std::abs(b);
  const double difference = std::abs(a - b);
  if (a == 0 || b == 0 || sum < std::numeric_limits<double>::min()) {
    return difference < kSmallDelta * std::numeric_limits<double>::min();
  }
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kSmallDelta;
}

void lift(std::vector<ClassicBucket>& buckets, ClassicQuantile& report) {
  double previous = buckets.front().count;
  for (ClassicBucket& bucket : buckets) {
    const double count = bucket.count;
    if (count == previous) continue;
    if (nearly_equal(previous, count)) {
      bucket.count = previous;
    } else if (count < previous) {
      bucket.count = previous;
      if (!report.lifted) report.lifted_from = bucket.upper;
      report.lifted = true;
      report.lifted_to = bucket.upper;
      report.lifted_by = std::max(report.lifted_by, previous - count);
    } else {
      previous = count;
    }
  }
}

// --- trimming ---

double middle(double lower, double upper, bool positive, bool linear) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const double mean = std::sqrt(std::abs(lower * upper));
  return positive ? mean : -mean;
}

struct Kept {
  double count = 0;
  double middle = 0;
};

double finite_or_zero(double value) { return std::isinf(value) ? 0 : value; }

// A bucket without a lower or upper end: nobody knows how the observations are spread, so it is
// kept or dropped as a whole, unless its finite end allows zero as the other one.
Kept trim_endless(const BoundedBucket& b, double at, bool keep_below) {
  if (b.lower == -kInfinity) {
    const bool from_zero = b.upper > 0 && b.upper != kInfinity;
    if (keep_below) {
      if (at >= b.upper) return {b.count, 0};
      if (at > 0 && from_zero) return {b.count * at / b.upper, at / 2};
      if (b.upper <= 0) return {b.count, at};
      return {0, finite_or_zero(b.upper)};
    }
    if (at <= b.lower) return {b.count, 0};
    if (at >= 0 && from_zero && b.upper > at)
      return {b.count * (1 - at / b.upper), (at + b.upper) / 2};
    return {0, finite_or_zero(b.upper)};
  }
  if (keep_below) return {0, finite_or_zero(b.lower)};
  if (at >= b.lower) return {b.count, at};
  return {0, finite_or_zero(b.lower)};
}

Kept trim_inside(const BoundedBucket& b, double at, bool keep_below, bool positive, bool linear) {
  if (b.lower == -kInfinity || b.upper == kInfinity) return trim_endless(b, at, keep_below);
  double below = 0;
  if (at >= b.upper) {
    below = b.count;
  } else if (at > b.lower) {
    double share = 0;
    if (linear) {
      share = (at - b.lower) / (b.upper - b.lower);
    } else {
      const double low = log2_abs(b.lower);
      const double high = log2_abs(b.upper);
      share =
          positive ? (log2_abs(at) - low) / (high - low) : 1 - (log2_abs(at) - high) / (low - high);
    }
    below = b.count * share;
  }
  if (keep_below) return {below, middle(b.lower, at, positive, linear)};
  return {b.count - below, middle(at, b.upper, positive, linear)};
}

Kept trim_bucket(const BoundedBucket& b, double at, bool keep_below, bool positive, bool linear) {
  const bool whole = keep_below ? b.upper <= at : b.lower >= at;
  if (whole) return {b.count, middle(b.lower, b.upper, positive, linear)};
  const bool inside = keep_below ? b.lower < at : b.upper > at;
  if (inside) return trim_inside(b, at, keep_below, positive, linear);
  return {};
}

Kept trim_zero(const FloatHistogram& h, double at, bool keep_below, bool has_positive,
               bool has_negative) {
  const double lower = has_positive && !has_negative ? 0 : -h.zero_threshold;
  const double upper = has_negative && !has_positive ? 0 : h.zero_threshold;
  if (keep_below) {
    if (at <= lower) return {};
    if (at >= upper) return {h.zero_count, (lower + upper) / 2};
    return {h.zero_count * (at - lower) / (upper - lower), (lower + at) / 2};
  }
  if (at <= lower) return {h.zero_count, (lower + upper) / 2};
  if (at >= upper) return {};
  return {h.zero_count * (upper - at) / (upper - lower), (at + upper) / 2};
}

}  // namespace

NativeResult native_quantile(double q, const FloatHistogram& h) {
  if (q < 0) return {-kInfinity};
  if (q > 1) return {kInfinity};
  if (h.count == 0 || std::isnan(q)) return {kNaN};
  // With NaN observations ranks are taken from below. Otherwise the nearer end loses fewer digits.
  const bool forward = std::isnan(h.sum) || q < 0.5;
  double rank = forward ? q * h.count : (1 - q) * h.count;
  std::vector<BoundedBucket> buckets = h.buckets();
  if (!forward) std::ranges::reverse(buckets);
  BoundedBucket b;
  double count = 0;
  for (const BoundedBucket& candidate : buckets) {
    if (candidate.count == 0) continue;
    b = candidate;
    count += b.count;
    if (count >= rank) break;
  }
  if (h.custom()) {
    if (b.lower == -kInfinity) {
      if (b.upper <= 0) return {b.upper};
      b.lower = 0;
    } else if (b.upper == kInfinity) {
      return {b.lower};
    }
  } else if (b.lower < 0 && b.upper > 0) {
    lean_zero_bucket(b, h);
  }
  count = std::min(count, h.count);
  if (count < rank) {
    if (std::isnan(h.sum)) return {kNaN, NanEffect::Result};
    return {b.upper};
  }
  rank = forward ? rank - (count - b.count) : count - rank;
  const double share = rank / b.count;
  return {value_at_share(b, share, h.custom() || across_zero(b)),
          nan_observed(h, buckets) ? NanEffect::Skew : NanEffect::None};
}

NativeResult native_fraction(double lower, double upper, const FloatHistogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNaN};
  if (lower >= upper) return {0};
  const std::vector<BoundedBucket> buckets = h.buckets();
  const bool nan = nan_observed(h, buckets);
  RankPair ranks(lower, upper);
  double before = 0;
  for (BoundedBucket b : buckets) {
    const bool zero = across_zero(b);
    if (zero) lean_zero_bucket(b, h);
    const bool linear = h.custom() || zero;
    const bool more = ranks.take(b.lower, b.upper, before, [&](double v) {
      return before + b.count * share_below(b, v, linear);
    });
    if (!more) break;
    before += b.count;
  }
  const double observed = std::isnan(h.sum) ? total_count(buckets) : h.count;
  return {ranks.between(observed) / h.count, nan ? NanEffect::Left : NanEffect::None};
}

double native_variance(const FloatHistogram& h) {
  const double mean = h.sum / h.count;
  double variance = 0;
  double rest = 0;
  for (const BoundedBucket& b : h.buckets()) {
    if (b.count == 0) continue;
    double value = 0;
    if (h.custom()) {
      value = (b.upper + b.lower) / 2;
    } else if (!across_zero(b)) {
      value = std::sqrt(b.upper * b.lower);
      if (b.upper < 0) value = -value;
    }
    const double delta = value - mean;
    kahan_add(b.count * delta * delta, variance, rest);
  }
  return (variance + rest) / h.count;
}

FloatHistogram trimmed(const FloatHistogram& h, double at, bool keep_below) {
  FloatHistogram out = h;
  double count = 0;
  double sum = 0;
  bool changed = false;
  const auto side = [&](std::vector<Bucket>& buckets, bool positive) {
    for (Bucket& bucket : buckets) {
      const BoundedBucket b = positive ? h.positive_bucket(bucket) : h.negative_bucket(bucket);
      const Kept kept = trim_bucket(b, at, keep_below, positive, h.custom());
      count += kept.count;
      sum += kept.middle * kept.count;
      changed = changed || bucket.count != kept.count;
      bucket.count = kept.count;
    }
  };
  side(out.positive, true);
  side(out.negative, false);
  if (h.zero_count > 0) {
    const Kept kept = trim_zero(h, at, keep_below, !h.positive.empty(), !h.negative.empty());
    changed = changed || h.zero_count != kept.count;
    out.zero_count = kept.count;
    count += kept.count;
    sum += kept.middle * kept.count;
  }
  if (changed) {
    out.count = count;
    out.sum = sum;
    out.compact();
  }
  return out;
}

ClassicQuantile classic_quantile(double q, std::vector<ClassicBucket> buckets) {
  ClassicQuantile out;
  const auto with = [&](double value) {
    out.value = value;
    return out;
  };
  if (std::isnan(q)) return with(kNaN);
  if (q < 0) return with(-kInfinity);
  if (q > 1) return with(kInfinity);
  buckets = sorted_and_joined(std::move(buckets));
  if (buckets.empty() || buckets.back().upper != kInfinity) return with(kNaN);
  lift(buckets, out);
  if (buckets.size() < 2) return with(kNaN);
  const double observations = buckets.back().count;
  if (observations == 0) return with(kNaN);
  double rank = q * observations;
  size_t at = 0;
  while (at + 1 < buckets.size() && buckets[at].count < rank) ++at;
  if (at + 1 == buckets.size()) return with(buckets[buckets.size() - 2].upper);
  if (at == 0 && buckets[0].upper <= 0) return with(buckets[0].upper);
  double start = 0;
  double count = buckets[at].count;
  if (at > 0) {
    start = buckets[at - 1].upper;
    count -= buckets[at - 1].count;
    rank -= buckets[at - 1].count;
  }
  return with(start + (buckets[at].upper - start) * (rank / count));
}

double classic_fraction(double lower, double upper, std::vector<ClassicBucket> buckets) {
  buckets = sorted_and_joined(std::move(buckets));
  if (buckets.empty() || buckets.back().upper != kInfinity) return kNaN;
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNaN;
  if (lower >= upper) return 0;
  RankPair ranks(lower, upper);
  double before = 0;
  double bucket_lower = buckets.front().upper > 0 ? 0 : -kInfinity;
  for (const ClassicBucket& bucket : buckets) {
    const BoundedBucket b{bucket_lower, bucket.upper, bucket.count - before};
    const bool more = ranks.take(b.lower, b.upper, before, [&](double v) {
      return before + b.count * share_below(b, v, true);
    });
    if (!more) break;
    before = bucket.count;
    bucket_lower = bucket.upper;
  }
  return ranks.between(count) / count;
}

double quantile_of(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return kNaN;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  std::ranges::sort(values,
                    [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double last = static_cast<double>(values.size() - 1);
  const double rank = q * last;
  const double low = std::max(0.0, std::floor(rank));
  const double high = std::min(last, low + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<size_t>(low)] * (1 - weight) +
         values[static_cast<size_t>(high)] * weight;
}

}  // namespace kansoku::query::promql
