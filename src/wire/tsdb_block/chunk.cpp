#include "wire/tsdb_block/chunk.h"

#include <cmath>
#include <vector>

#include "wire/tsdb_block/bit_reader.h"

namespace kansoku::wire::tsdb_block {
namespace {

constexpr uint64_t kStaleNanBits = 0x7ff0000000000002ULL;
constexpr int32_t kSchemaCustom = -53;
// Of a distribution's own format (docs/formats/point.md).
constexpr uint64_t kBucketsMax = 65'536;

std::unexpected<Error> damaged(std::string_view what) { return corruption("chunk: {}", what); }

// Additions of damaged chunks may wrap; no value is trusted before the end.
int64_t add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

int64_t xor_double_delta(BitReader& in) {
  if (!in.bit()) return 0;
  if (!in.bit()) return in.skewed(14);
  if (!in.bit()) return in.skewed(17);
  if (!in.bit()) return in.skewed(20);
  return static_cast<int64_t>(in.bits(64));
}

Status decode_xor(std::string_view data, const TakePoint& take) {
  BitReader in(data);
  uint64_t count = in.bits(16);
  int64_t ms = 0;
  int64_t delta = 0;
  XorReader value;
  for (uint64_t i = 0; i < count; ++i) {
    if (i == 0) {
      ms = in.varint();
      value.first(in);
    } else {
      delta = i == 1 ? static_cast<int64_t>(in.uvarint()) : add(delta, xor_double_delta(in));
      ms = add(ms, delta);
      value.next(in);
    }
    if (!in.ok() || value.broken()) return damaged("cut off");
    take(ms, signal::Point(value.value()));
  }
  return {};
}

struct Span {
  int64_t offset = 0;
  uint64_t length = 0;
};

// What all histograms of a chunk share.
struct Layout {
  int32_t schema = 0;
  double zero_threshold = 0;
  std::vector<int32_t> positive;  // index of each bucket, as Prometheus counts them
  std::vector<int32_t> negative;
  std::vector<double> bounds;
};

Result<std::vector<int32_t>> read_spans(BitReader& in) {
  uint64_t spans = in.varbit_uint();
  std::vector<int32_t> out;
  int64_t index = 0;
  for (uint64_t i = 0; i < spans; ++i) {
    uint64_t length = in.varbit_uint();
    int64_t offset = in.varbit_int();
    if (!in.ok() || length > kBucketsMax || out.size() + length > kBucketsMax ||
        offset <= INT32_MIN || offset >= INT32_MAX || (i > 0 && offset < 0)) {
      return damaged("spans of a histogram do not hold");
    }
    index += offset;
    for (uint64_t n = 0; n < length; ++n, ++index) {
      if (index <= INT32_MIN || index >= INT32_MAX) return damaged("bucket index out of range");
      out.push_back(static_cast<int32_t>(index));
    }
  }
  return out;
}

double read_zero_threshold(BitReader& in) {
  auto byte = static_cast<int>(in.bits(8));
  if (byte == 0) return 0;
  return byte == 255 ? in.float64() : std::ldexp(0.5, byte - 243);
}

Result<Layout> read_layout(BitReader& in) {
  Layout out;
  out.zero_threshold = read_zero_threshold(in);
  int64_t schema = in.varbit_int();
  if (!in.ok() || (schema != kSchemaCustom && (schema < -4 || schema > 8))) {
    return damaged(fmt::format("histogram schema {}", schema));
  }
  out.schema = static_cast<int32_t>(schema);
  KANSOKU_TRY(out.positive, read_spans(in));
  KANSOKU_TRY(out.negative, read_spans(in));
  if (out.schema != kSchemaCustom) return out;
  uint64_t bounds = in.varbit_uint();
  if (bounds >= kBucketsMax) return damaged("too many custom bounds");
  for (uint64_t i = 0; i < bounds; ++i) {
    uint64_t thousandths = in.varbit_uint();
    out.bounds.push_back(thousandths == 0 ? in.float64()
                                          : static_cast<double>(thousandths - 1) / 1000);
    if (!in.ok()) return damaged("cut off");
    bool ascends = i == 0 || out.bounds[i] > out.bounds[i - 1];
    if (!std::isfinite(out.bounds[i]) || !ascends) return damaged("custom bounds do not ascend");
  }
  for (int32_t index : out.positive) {
    if (index < 0 || static_cast<size_t>(index) > out.bounds.size()) {
      return damaged("a bucket without a custom bound");
    }
  }
  return out;
}

// Counts of one sample as a distribution; empty buckets are left out (decisions 070, 071).
struct SampleCounts {
  double count = 0;
  double zero_count = 0;
  double sum = 0;
  std::vector<double> positive;
  std::vector<double> negative;
};

signal::Distribution to_distribution(const Layout& layout, const SampleCounts& counts,
                                     signal::ResetHint hint) {
  signal::Distribution out;
  out.count = counts.count;
  out.sum = counts.sum;
  out.has_min_max = false;
  out.reset_hint = hint;
  if (layout.schema == kSchemaCustom) {
    signal::ExplicitBuckets buckets;
    buckets.bounds = layout.bounds;
    buckets.counts.resize(layout.bounds.size() + 1);
    for (size_t i = 0; i < counts.positive.size(); ++i) {
      buckets.counts[static_cast<size_t>(layout.positive[i])] = counts.positive[i];
    }
    out.buckets = std::move(buckets);
    return out;
  }
  signal::ExponentialBuckets buckets;
  buckets.schema = layout.schema;
  buckets.zero_threshold = layout.zero_threshold;
  buckets.zero_count = counts.zero_count;
  auto fill = [](const std::vector<int32_t>& indexes, const std::vector<double>& from,
                 std::vector<signal::Bucket>& into) {
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] != 0) into.push_back({indexes[i] - 1, from[i]});
    }
  };
  fill(layout.positive, counts.positive, buckets.positive);
  fill(layout.negative, counts.negative, buckets.negative);
  out.buckets = std::move(buckets);
  return out;
}

// The reference does not say more of the first sample of a chunk either (histogram.go,
// counterResetHint).
signal::ResetHint hint_of(uint8_t header, uint64_t row) {
  if ((header & 0xc0) == 0xc0) return signal::ResetHint::Gauge;
  return row > 0 ? signal::ResetHint::NotReset : signal::ResetHint::Unknown;
}

// An integer that comes as itself, then as difference, then as difference of differences.
struct Running {
  int64_t value = 0;
  int64_t delta = 0;
  void read(BitReader& in, uint64_t row) {
    if (row == 0) {
      value = in.varbit_int();
    } else {
      delta = row == 1 ? in.varbit_int() : add(delta, in.varbit_int());
      value = add(value, delta);
    }
  }
};

bool is_stale(double value) { return std::bit_cast<uint64_t>(value) == kStaleNanBits; }

Status take_histogram(const Layout& layout, const SampleCounts& counts, int64_t ms,
                      signal::ResetHint hint, const TakePoint& take) {
  // A stale marker is a float here, as remote write has it.
  if (is_stale(counts.sum)) {
    take(ms, signal::Point(counts.sum));
    return {};
  }
  double total = counts.zero_count;
  for (const auto* side : {&counts.positive, &counts.negative}) {
    for (double count : *side) {
      if (!(count >= 0)) return damaged("a bucket count is negative");
      total += count;
    }
  }
  if (!(counts.count >= 0) || std::isinf(total)) return damaged("a histogram count is negative");
  take(ms, signal::Point(to_distribution(layout, counts, hint)));
  return {};
}

// Absolute counts of one side: on the wire the first is absolute and each later one the difference
// to the bucket before it.
void to_absolute(const std::vector<Running>& buckets, std::vector<double>& out) {
  out.clear();
  int64_t count = 0;
  for (const Running& bucket : buckets) {
    count = add(count, bucket.value);
    out.push_back(static_cast<double>(count));
  }
}

Status decode_histograms(std::string_view data, const TakePoint& take) {
  BitReader in(data);
  uint64_t rows = in.bits(16);
  auto header = static_cast<uint8_t>(in.bits(8));
  if (rows == 0) return {};
  KANSOKU_TRY(Layout layout, read_layout(in));
  Running ms;
  Running count;
  Running zero;
  XorReader sum;
  std::vector<Running> positive(layout.positive.size());
  std::vector<Running> negative(layout.negative.size());
  for (uint64_t row = 0; row < rows; ++row) {
    ms.read(in, row);
    if (row == 0) {
      // The counts of the first sample are unsigned.
      count.value = static_cast<int64_t>(in.varbit_uint());
      zero.value = static_cast<int64_t>(in.varbit_uint());
      sum.first(in);
    } else {
      count.read(in, row);
      zero.read(in, row);
      sum.next(in);
    }
    bool stale = row > 0 && is_stale(sum.value());
    if (!stale) {
      for (Running& bucket : positive) bucket.read(in, row);
      for (Running& bucket : negative) bucket.read(in, row);
    }
    if (!in.ok() || sum.broken()) return damaged("cut off");
    SampleCounts counts{static_cast<double>(static_cast<uint64_t>(count.value)),
                        static_cast<double>(static_cast<uint64_t>(zero.value)),
                        sum.value(),
                        {},
                        {}};
    to_absolute(positive, counts.positive);
    to_absolute(negative, counts.negative);
    KANSOKU_RETURN_IF_ERROR(take_histogram(layout, counts, ms.value, hint_of(header, row), take));
  }
  return {};
}

Status decode_float_histograms(std::string_view data, const TakePoint& take) {
  BitReader in(data);
  uint64_t rows = in.bits(16);
  auto header = static_cast<uint8_t>(in.bits(8));
  if (rows == 0) return {};
  KANSOKU_TRY(Layout layout, read_layout(in));
  Running ms;
  XorReader count;
  XorReader zero;
  XorReader sum;
  std::vector<XorReader> positive(layout.positive.size());
  std::vector<XorReader> negative(layout.negative.size());
  for (uint64_t row = 0; row < rows; ++row) {
    auto read = [&](XorReader& one) { row == 0 ? one.first(in) : one.next(in); };
    ms.read(in, row);
    read(count);
    read(zero);
    read(sum);
    bool broken = count.broken() || zero.broken() || sum.broken();
    if (row == 0 || !is_stale(sum.value())) {
      for (auto* side : {&positive, &negative}) {
        for (XorReader& bucket : *side) {
          read(bucket);
          broken = broken || bucket.broken();
        }
      }
    }
    if (!in.ok() || broken) return damaged("cut off");
    SampleCounts counts{count.value(), zero.value(), sum.value(), {}, {}};
    for (const XorReader& bucket : positive) counts.positive.push_back(bucket.value());
    for (const XorReader& bucket : negative) counts.negative.push_back(bucket.value());
    KANSOKU_RETURN_IF_ERROR(take_histogram(layout, counts, ms.value, hint_of(header, row), take));
  }
  return {};
}

}  // namespace

Status decode_chunk(uint8_t encoding, std::string_view data, const TakePoint& take) {
  if (data.size() < 2) return damaged("cut off");
  switch (static_cast<Encoding>(encoding)) {
    case Encoding::Xor:
      return decode_xor(data, take);
    case Encoding::Histogram:
      return decode_histograms(data, take);
    case Encoding::FloatHistogram:
      return decode_float_histograms(data, take);
  }
  return unimplemented("chunk encoding {} is not known; 1, 2 and 3 are", encoding);
}

}  // namespace kansoku::wire::tsdb_block
