#include "wire/tsdb_block/encode_chunk.h"

#include <cmath>
#include <set>

#include "wire/tsdb_block/bit_writer.h"

namespace kansoku::wire::tsdb_block {
namespace {

constexpr uint64_t kStaleNanBits = 0x7ff0000000000002ULL;
constexpr int32_t kSchemaCustom = -53;

// The two highest bits of the byte behind the number of histograms (histogram_meta.go).
enum ResetHeader : uint8_t { kUnknown = 0, kNotReset = 0x40, kReset = 0x80, kGauge = 0xc0 };

bool is_stale(const signal::Distribution& d) {
  return std::bit_cast<uint64_t>(d.sum) == kStaleNanBits;
}

// One side of a histogram as (index as the chunk counts, count), empty buckets left out.
struct Histogram {
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  bool stale = false;
  signal::ResetHint hint = signal::ResetHint::Unknown;
  std::vector<signal::Bucket> positive;
  std::vector<signal::Bucket> negative;
  std::vector<double> bounds;
};

Histogram histogram_of(const signal::Distribution& d) {
  Histogram out;
  out.sum = d.sum;
  out.hint = d.reset_hint;
  out.stale = is_stale(d);
  if (out.stale) return out;  // the rest of a stale marker says nothing
  out.count = d.count;
  if (const auto* exponential = std::get_if<signal::ExponentialBuckets>(&d.buckets)) {
    out.schema = exponential->schema;
    out.zero_threshold = exponential->zero_threshold;
    out.zero_count = exponential->zero_count;
    for (auto [from, into] : {std::pair{&exponential->positive, &out.positive},
                              std::pair{&exponential->negative, &out.negative}}) {
      for (const signal::Bucket& bucket : *from) {
        if (bucket.count != 0) into->push_back({bucket.index + 1, bucket.count});  // decision 070
      }
    }
    return out;
  }
  const auto& buckets = std::get<signal::ExplicitBuckets>(d.buckets);
  out.schema = kSchemaCustom;
  out.bounds = buckets.bounds;
  for (size_t i = 0; i < buckets.counts.size(); ++i) {
    if (buckets.counts[i] == 0) continue;
    out.positive.push_back({static_cast<int32_t>(i), buckets.counts[i]});
  }
  return out;
}

bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool same_layout(const Histogram& a, const Histogram& b) {
  return a.schema == b.schema && same_bits(a.zero_threshold, b.zero_threshold) &&
         std::ranges::equal(a.bounds, b.bounds, same_bits);
}

// Some bucket of `before` holds more than it does now.
bool side_fell(const std::vector<signal::Bucket>& before, const std::vector<signal::Bucket>& now) {
  auto at = now.begin();
  for (const signal::Bucket& bucket : before) {
    while (at != now.end() && at->index < bucket.index) ++at;
    if (at == now.end() || at->index != bucket.index || at->count < bucket.count) return true;
  }
  return false;
}

// Of the same layout: whether a counter was reset between them.
bool was_reset(const Histogram& before, const Histogram& now) {
  return now.count < before.count || now.zero_count < before.zero_count ||
         side_fell(before.positive, now.positive) || side_fell(before.negative, now.negative);
}

// What the next histogram means for the chunk that ends with `before`.
struct Step {
  bool cut = false;
  ResetHeader header = kUnknown;  // of the chunk that it begins, when it begins one
};

ResetHeader header_of(signal::ResetHint hint) {
  switch (hint) {
    case signal::ResetHint::Reset:
      return kReset;
    case signal::ResetHint::NotReset:
      return kNotReset;
    case signal::ResetHint::Gauge:
      return kGauge;
    case signal::ResetHint::Unknown:
      break;
  }
  return kUnknown;
}

Step step_between(const Histogram& before, const Histogram& now, bool chunk_is_gauge) {
  Step out{.cut = true, .header = header_of(now.hint)};
  // A stale marker may end any chunk but begin none that goes on; its hint says nothing.
  if (before.stale) {
    out.cut = !now.stale;
    return out;
  }
  if (now.stale) return {.cut = false, .header = kUnknown};
  bool is_gauge = now.hint == signal::ResetHint::Gauge;
  if (is_gauge != chunk_is_gauge || !same_layout(before, now)) return out;
  if (is_gauge) return {.cut = false, .header = kGauge};
  bool reset = now.hint == signal::ResetHint::Reset ||
               (now.hint == signal::ResetHint::Unknown && was_reset(before, now));
  return {.cut = reset, .header = reset ? kReset : kNotReset};
}

void put_zero_threshold(BitWriter& out, double threshold) {
  if (threshold == 0 && !std::signbit(threshold)) return out.bits(0, 8);
  int exponent = 0;
  double fraction = std::frexp(threshold, &exponent);
  if (fraction != 0.5 || exponent < -242 || exponent > 11) {
    out.bits(255, 8);
    return out.float64(threshold);
  }
  out.bits(static_cast<uint64_t>(exponent + 243), 8);
}

void put_bound(BitWriter& out, double bound) {
  // Thousandths as long as they take fewer bits than the number itself.
  constexpr double kThousandthsMax = 33'554'430;
  double thousandths = std::round(bound * 1000);
  bool whole = thousandths <= kThousandthsMax && same_bits(thousandths / 1000, bound);
  if (whole && !std::signbit(thousandths)) {
    return out.varbit_uint(static_cast<uint64_t>(thousandths) + 1);
  }
  out.varbit_uint(0);
  out.float64(bound);
}

void put_spans(BitWriter& out, const std::vector<int32_t>& indexes) {
  std::vector<std::pair<uint64_t, int64_t>> spans;  // length, offset
  int64_t next = 0;
  for (int32_t index : indexes) {
    if (spans.empty() || index != next) spans.emplace_back(0, index - next);
    ++spans.back().first;
    next = int64_t{index} + 1;
  }
  out.varbit_uint(spans.size());
  for (auto [length, offset] : spans) {
    out.varbit_uint(length);
    out.varbit_int(offset);
  }
}

// Every bucket that some histogram of the chunk fills.
std::vector<int32_t> all_indexes(std::span<const Histogram> chunk,
                                 std::vector<signal::Bucket> Histogram::* side) {
  std::set<int32_t> out;
  for (const Histogram& one : chunk) {
    for (const signal::Bucket& bucket : one.*side) out.insert(bucket.index);
  }
  return {out.begin(), out.end()};
}

// The counts of one side, one after the other as the layout has them.
class SideWriter {
 public:
  explicit SideWriter(std::vector<int32_t> indexes)
      : indexes_(std::move(indexes)), counts_(indexes_.size()) {}
  const std::vector<int32_t>& indexes() const { return indexes_; }
  void put(BitWriter& out, const std::vector<signal::Bucket>& buckets, bool first) {
    auto at = buckets.begin();
    for (size_t i = 0; i < indexes_.size(); ++i) {
      bool here = at != buckets.end() && at->index == indexes_[i];
      double count = here ? at->count : 0;
      if (here) ++at;
      first ? counts_[i].first(out, count) : counts_[i].next(out, count);
    }
  }

 private:
  std::vector<int32_t> indexes_;
  std::vector<XorWriter> counts_;
};

std::string encode_histograms(std::span<const int64_t> times_ms, std::span<const Histogram> chunk,
                              ResetHeader header) {
  std::string data;
  BitWriter out(data);
  out.bits(chunk.size(), 16);
  out.bits(header, 8);
  SideWriter positive(all_indexes(chunk, &Histogram::positive));
  SideWriter negative(all_indexes(chunk, &Histogram::negative));
  put_zero_threshold(out, chunk[0].zero_threshold);
  out.varbit_int(chunk[0].schema);
  put_spans(out, positive.indexes());
  put_spans(out, negative.indexes());
  if (chunk[0].schema == kSchemaCustom) {
    out.varbit_uint(chunk[0].bounds.size());
    for (double bound : chunk[0].bounds) put_bound(out, bound);
  }
  XorWriter count;
  XorWriter zero;
  XorWriter sum;
  int64_t delta_ms = 0;
  for (size_t i = 0; i < chunk.size(); ++i) {
    bool first = i == 0;
    auto put = [&](XorWriter& writer, double value) {
      first ? writer.first(out, value) : writer.next(out, value);
    };
    int64_t new_delta_ms = first ? 0 : times_ms[i] - times_ms[i - 1];
    out.varbit_int(first ? times_ms[0] : new_delta_ms - delta_ms);
    delta_ms = new_delta_ms;
    put(count, chunk[i].count);
    put(zero, chunk[i].zero_count);
    put(sum, chunk[i].sum);
    if (chunk[i].stale && !first) continue;
    positive.put(out, chunk[i].positive, first);
    negative.put(out, chunk[i].negative, first);
  }
  return data;
}

void put_double_delta(BitWriter& out, int64_t value) {
  if (value == 0) return out.bits(0, 1);
  unsigned ones = 1;
  for (unsigned size : {14U, 17U, 20U}) {
    if (fits_skewed(value, size)) {
      out.bits((2U << ones) - 2, ones + 1);
      return out.bits(static_cast<uint64_t>(value), size);
    }
    ++ones;
  }
  out.bits(15, 4);
  out.bits(static_cast<uint64_t>(value), 64);
}

std::string encode_floats(std::span<const int64_t> times_ms, std::span<const double> values) {
  std::string data;
  BitWriter out(data);
  out.bits(values.size(), 16);
  XorWriter value;
  out.varint(times_ms[0]);
  value.first(out, values[0]);
  int64_t delta_ms = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    int64_t new_delta_ms = times_ms[i] - times_ms[i - 1];
    if (i == 1) {
      out.uvarint(static_cast<uint64_t>(new_delta_ms));
    } else {
      put_double_delta(out, new_delta_ms - delta_ms);
    }
    delta_ms = new_delta_ms;
    value.next(out, values[i]);
  }
  return data;
}

const signal::Distribution* histogram_at(const PointColumns& points, size_t i) {
  const signal::Distribution* d =
      points.distributions.empty() ? nullptr : points.distributions[i].get();
  if (d == nullptr) return nullptr;
  bool has_form = d->kind() == signal::PointKind::ExponentialHistogram ||
                  d->kind() == signal::PointKind::ExplicitHistogram;
  return has_form ? d : nullptr;
}

// Cuts what is collected when the next point does not fit.
class ChunkCutter {
 public:
  ChunkCutter(const PointColumns& points, const TakeChunk& take) : points_(points), take_(take) {}

  void run() {
    for (size_t i = 0; i < points_.timestamps_ms.size(); ++i) {
      const signal::Distribution* d = histogram_at(points_, i);
      if (d == nullptr) {
        if (!histograms_.empty() || i - begin_ == kSamplesPerChunk) cut(i);
        continue;
      }
      if (histograms_.empty()) cut(i);
      add(i, histogram_of(*d));
    }
    cut(points_.timestamps_ms.size());
  }

 private:
  void add(size_t i, Histogram histogram) {
    Step step{.cut = false, .header = header_of(histogram.hint)};
    if (!histograms_.empty()) {
      step = step_between(histograms_.back(), histogram, header_ == kGauge);
      if (step.cut || histograms_.size() == kSamplesPerChunk) cut(i);
    }
    if (histograms_.empty()) header_ = step.header;
    histograms_.push_back(std::move(histogram));
  }
  void cut(size_t end) {
    if (end > begin_) {
      auto times = points_.timestamps_ms.subspan(begin_, end - begin_);
      EncodedChunk chunk{.min_ms = times.front(), .max_ms = times.back()};
      if (histograms_.empty()) {
        chunk.data = encode_floats(times, points_.values.subspan(begin_, end - begin_));
      } else {
        chunk.encoding = Encoding::FloatHistogram;
        chunk.data = encode_histograms(times, histograms_, header_);
      }
      take_(std::move(chunk));
    }
    histograms_.clear();
    begin_ = end;
  }

  const PointColumns& points_;
  const TakeChunk& take_;
  size_t begin_ = 0;
  std::vector<Histogram> histograms_;
  ResetHeader header_ = kUnknown;
};

}  // namespace

void encode_chunks(const PointColumns& points, const TakeChunk& take) {
  ChunkCutter(points, take).run();
}

}  // namespace kansoku::wire::tsdb_block
