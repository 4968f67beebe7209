#include "signal/point.h"

#include "base/bytes.h"
#include "base/check.h"

namespace kansoku::signal {
namespace {

const double kLogGamma = std::log(kSketchGamma);

// Joins two lists sorted by key; equal keys add their counts.
template <class Item, class Key>
std::vector<Item> merge_sorted(const std::vector<Item>& a, const std::vector<Item>& b, Key key) {
  std::vector<Item> out;
  out.reserve(a.size() + b.size());
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (key(a[i]) < key(b[j])) {
      out.push_back(a[i++]);
    } else if (key(b[j]) < key(a[i])) {
      out.push_back(b[j++]);
    } else {
      Item joined = a[i++];
      joined.count += b[j++].count;
      out.push_back(joined);
    }
  }
  out.insert(out.end(), a.begin() + static_cast<std::ptrdiff_t>(i), a.end());
  out.insert(out.end(), b.begin() + static_cast<std::ptrdiff_t>(j), b.end());
  return out;
}

std::vector<Bucket> merge_buckets(const std::vector<Bucket>& a, const std::vector<Bucket>& b) {
  return merge_sorted(a, b, [](const Bucket& bucket) { return bucket.index; });
}

void add_to_sketch(SketchBuckets& sketch, std::map<int32_t, double>& positive,
                   std::map<int32_t, double>& negative, double value, double count) {
  if (value == 0 || std::isnan(value)) {
    sketch.zero_count += count;
  } else {
    (value > 0 ? positive : negative)[sketch_index(std::abs(value))] += count;
  }
}

// The value that stands for bucket `index` of an exponential histogram, (base^index,
// base^(index+1)] with base 2^(2^-schema) (OpenTelemetry data model, "Exponential Scale").
double exponential_value(int32_t schema, int32_t index) {
  double base = std::exp2(std::exp2(-static_cast<double>(schema)));
  return 2 * std::pow(base, index + 1) / (1 + base);
}

Pairs pairs_of(const ExponentialBuckets& h) {
  Pairs out;
  for (auto it = h.negative.rbegin(); it != h.negative.rend(); ++it) {
    out.push_back({-exponential_value(h.schema, it->index), it->count});
  }
  if (h.zero_count > 0) out.push_back({0, h.zero_count});
  for (const Bucket& bucket : h.positive) {
    out.push_back({exponential_value(h.schema, bucket.index), bucket.count});
  }
  return out;
}

Pairs pairs_of(const SketchBuckets& sketch) {
  Pairs out;
  for (auto it = sketch.negative.rbegin(); it != sketch.negative.rend(); ++it) {
    out.push_back({-sketch_value(it->index), it->count});
  }
  if (sketch.zero_count > 0) out.push_back({0, sketch.zero_count});
  for (const Bucket& bucket : sketch.positive) {
    out.push_back({sketch_value(bucket.index), bucket.count});
  }
  return out;
}

Pairs pairs_of(const ExplicitBuckets& h) {
  Pairs out;
  for (size_t i = 0; i < h.counts.size(); ++i) {
    if (h.counts[i] <= 0) continue;
    double value = 0;
    if (h.bounds.empty()) {
      value = 0;
    } else if (i == 0) {
      value = h.bounds.front();
    } else if (i == h.bounds.size()) {
      value = h.bounds.back();
    } else {
      value = (h.bounds[i - 1] + h.bounds[i]) / 2;
    }
    if (!out.empty() && out.back().value == value) {
      out.back().count += h.counts[i];
    } else {
      out.push_back({value, h.counts[i]});
    }
  }
  return out;
}

Distribution as_distribution(const Point& point) {
  if (point.distribution) return *point.distribution;
  Distribution out;
  out.count = 1;
  out.sum = out.min = out.max = point.value;
  out.buckets = Pairs{{point.value, 1}};
  return out;
}

void join_buckets(Distribution& into, const Distribution& from) {
  if (into.buckets.index() == from.buckets.index()) {
    if (auto* pairs = std::get_if<Pairs>(&into.buckets)) {
      *pairs = merge_sorted(*pairs, std::get<Pairs>(from.buckets),
                            [](const ValueCount& vc) { return vc.value; });
      if (pairs->size() > kPairsMax) into.buckets = to_sketch(into);
      return;
    }
    if (auto* sketch = std::get_if<SketchBuckets>(&into.buckets)) {
      const auto& other = std::get<SketchBuckets>(from.buckets);
      sketch->zero_count += other.zero_count;
      sketch->positive = merge_buckets(sketch->positive, other.positive);
      sketch->negative = merge_buckets(sketch->negative, other.negative);
      return;
    }
    if (auto* exponential = std::get_if<ExponentialBuckets>(&into.buckets)) {
      const auto& other = std::get<ExponentialBuckets>(from.buckets);
      if (exponential->schema == other.schema &&
          exponential->zero_threshold == other.zero_threshold) {
        exponential->zero_count += other.zero_count;
        exponential->positive = merge_buckets(exponential->positive, other.positive);
        exponential->negative = merge_buckets(exponential->negative, other.negative);
        return;
      }
    }
    if (auto* explicit_buckets = std::get_if<ExplicitBuckets>(&into.buckets)) {
      const auto& other = std::get<ExplicitBuckets>(from.buckets);
      if (explicit_buckets->bounds == other.bounds) {
        for (size_t i = 0; i < other.counts.size(); ++i) {
          explicit_buckets->counts[i] += other.counts[i];
        }
        return;
      }
    }
  }
  Distribution joined;
  joined.buckets = to_sketch(into);
  Distribution other;
  other.buckets = to_sketch(from);
  join_buckets(joined, other);
  into.buckets = std::move(joined.buckets);
}

// Tiers are made of this: cells take floats one by one, so nothing is allocated for each. False
// where the general way has to be taken.
bool add_float(Distribution& into, double value) {
  auto* pairs = std::get_if<Pairs>(&into.buckets);
  if (pairs == nullptr || into.count == 0 || std::isnan(value)) return false;
  auto at = std::lower_bound(pairs->begin(), pairs->end(), value,
                             [](const ValueCount& pair, double v) { return pair.value < v; });
  if (at != pairs->end() && at->value == value) {
    at->count += 1;
  } else {
    pairs->insert(at, {value, 1});
  }
  into.count += 1;
  into.sum += value;
  into.min = std::min(into.min, value);
  into.max = std::max(into.max, value);
  if (pairs->size() > kPairsMax) into.buckets = to_sketch(into);
  return true;
}

}  // namespace

Point::Point(Distribution d) : distribution(std::make_unique<Distribution>(std::move(d))) {}

Point::Point(const Point& other)
    : value(other.value),
      distribution(other.distribution ? std::make_unique<Distribution>(*other.distribution)
                                      : nullptr) {}

Point& Point::operator=(const Point& other) {
  if (this != &other) *this = Point(other);
  return *this;
}

bool operator==(const Point& a, const Point& b) {
  if ((a.distribution == nullptr) != (b.distribution == nullptr)) return false;
  if (a.distribution) return *a.distribution == *b.distribution;
  return std::bit_cast<uint64_t>(a.value) == std::bit_cast<uint64_t>(b.value);
}

void Point::add(const Point& other) {
  if (!distribution) {
    distribution = std::make_unique<Distribution>(as_distribution(*this));
    value = 0;
  }
  Distribution& into = *distribution;
  if (!other.distribution && add_float(into, other.value)) return;
  const Distribution made = other.distribution ? Distribution() : as_distribution(other);
  const Distribution& from = other.distribution ? *other.distribution : made;
  if (from.count == 0) return;
  if (into.count == 0) {
    into = from;
    return;
  }
  into.count += from.count;
  into.sum += from.sum;
  into.min = std::min(into.min, from.min);
  into.max = std::max(into.max, from.max);
  into.has_sum = into.has_sum && from.has_sum;
  into.has_min_max = into.has_min_max && from.has_min_max;
  into.distribution_lost = into.distribution_lost || from.distribution_lost;
  join_buckets(into, from);
}

Point point_from_values(std::vector<ValueCount> values) {
  if (values.size() == 1 && values[0].count == 1) return Point(values[0].value);
  Distribution out;
  std::sort(values.begin(), values.end(),
            [](const ValueCount& a, const ValueCount& b) { return a.value < b.value; });
  Pairs pairs;
  for (const ValueCount& vc : values) {
    out.count += vc.count;
    out.sum += vc.value * vc.count;
    if (!pairs.empty() && pairs.back().value == vc.value) {
      pairs.back().count += vc.count;
    } else {
      pairs.push_back(vc);
    }
  }
  if (!pairs.empty()) {
    out.min = pairs.front().value;
    out.max = pairs.back().value;
  }
  out.buckets = std::move(pairs);
  if (std::get<Pairs>(out.buckets).size() > kPairsMax) out.buckets = to_sketch(out);
  return Point(std::move(out));
}

Point point_from_statistic_set(double count, double sum, double min, double max) {
  if (count == 1 && min == max && sum == min) return Point(min);
  Distribution out;
  out.count = count;
  out.sum = sum;
  out.min = min;
  out.max = max;
  if (min == max && sum == min * count) {
    out.buckets = Pairs{{min, count}};
  } else {
    out.distribution_lost = true;
  }
  return Point(std::move(out));
}

int32_t sketch_index(double magnitude) {
  return static_cast<int32_t>(std::ceil(std::log(magnitude) / kLogGamma));
}

double sketch_value(int32_t index) {
  // 2 g^i / (g + 1): equally far, relatively, from both ends of (g^(i-1), g^i].
  return 2 * std::exp(kLogGamma * index) / (kSketchGamma + 1);
}

SketchBuckets to_sketch(const Distribution& distribution) {
  if (const auto* sketch = std::get_if<SketchBuckets>(&distribution.buckets)) return *sketch;
  Pairs pairs;
  if (const auto* own = std::get_if<Pairs>(&distribution.buckets)) pairs = *own;
  if (const auto* h = std::get_if<ExponentialBuckets>(&distribution.buckets)) pairs = pairs_of(*h);
  if (const auto* h = std::get_if<ExplicitBuckets>(&distribution.buckets)) pairs = pairs_of(*h);
  SketchBuckets out;
  std::map<int32_t, double> positive;
  std::map<int32_t, double> negative;
  for (const ValueCount& vc : pairs) add_to_sketch(out, positive, negative, vc.value, vc.count);
  for (auto [index, count] : positive) out.positive.push_back({index, count});
  for (auto [index, count] : negative) out.negative.push_back({index, count});
  return out;
}

Pairs to_pairs(const Distribution& distribution) {
  Pairs out;
  if (const auto* pairs = std::get_if<Pairs>(&distribution.buckets)) return *pairs;
  if (const auto* s = std::get_if<SketchBuckets>(&distribution.buckets)) out = pairs_of(*s);
  if (const auto* h = std::get_if<ExponentialBuckets>(&distribution.buckets)) out = pairs_of(*h);
  if (const auto* h = std::get_if<ExplicitBuckets>(&distribution.buckets)) out = pairs_of(*h);
  if (distribution.has_min_max) {
    for (ValueCount& vc : out) vc.value = std::clamp(vc.value, distribution.min, distribution.max);
  }
  return out;
}

}  // namespace kansoku::signal
