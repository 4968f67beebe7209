#include "wire/remote_write/histogram.h"

#include <cmath>

namespace kansoku::wire::remote_write {
namespace {

// Schemas of the exposition format: -4..8, up to 52 foreseen; -53: custom buckets.
constexpr int32_t kSchemaMin = -4;
constexpr int32_t kSchemaMax = 8;
constexpr int32_t kSchemaForeseenMax = 52;
constexpr int32_t kSchemaCustom = -53;
// Of the distribution's own format (docs/formats/point.md).
constexpr size_t kBucketsMax = 65'536;

struct Span {
  int64_t offset = 0;
  uint64_t length = 0;
};
struct Side {
  std::vector<Span> spans;
  std::vector<int64_t> deltas;  // of integer histograms
  std::vector<double> counts;   // of float histograms
};
struct Fields {
  bool is_float = false;
  uint64_t count_int = 0;
  double count_float = 0;
  double sum = 0;
  int32_t schema = 0;
  double zero_threshold = 0;
  uint64_t zero_int = 0;
  double zero_float = 0;
  Side positive;
  Side negative;
  uint64_t reset_hint = 0;
  std::vector<double> bounds;
};

Span read_span(ProtobufReader in) {
  Span out;
  while (in.next()) {
    if (in.field() == 1) out.offset = in.sint32();
    if (in.field() == 2) out.length = in.uint32();
  }
  return out;
}

void read_side(ProtobufReader& in, uint32_t first_field, Side& side) {
  switch (in.field() - first_field) {
    case 0:
      side.spans.push_back(read_span(in.message()));
      if (side.spans.size() > kBucketsMax) in.fail();
      break;
    case 1:
      in.for_each_packed(ProtobufType::Varint, [&](ProtobufReader& one) {
        side.deltas.push_back(unzigzag(one.value_varint()));
      });
      break;
    default:
      in.for_each_packed(ProtobufType::Fixed64,
                         [&](ProtobufReader& one) { side.counts.push_back(one.value_double()); });
  }
}

void read_field(ProtobufReader& in, Fields& out, WireHistogram& times) {
  switch (in.field()) {
    case 1:
      out.count_int = in.varint(), out.is_float = false;
      break;
    case 2:
      out.count_float = in.float64(), out.is_float = true;
      break;
    case 3:
      out.sum = in.float64();
      break;
    case 4:
      out.schema = in.sint32();
      break;
    case 5:
      out.zero_threshold = in.float64();
      break;
    case 6:
      out.zero_int = in.varint();
      break;
    case 7:
      out.zero_float = in.float64();
      break;
    case 8:
    case 9:
    case 10:
      read_side(in, 8, out.negative);
      break;
    case 11:
    case 12:
    case 13:
      read_side(in, 11, out.positive);
      break;
    case 14:
      out.reset_hint = in.varint();
      break;
    case 15:
      times.timestamp_ms = in.int64();
      break;
    case 16:
      in.for_each_packed(ProtobufType::Fixed64,
                         [&](ProtobufReader& one) { out.bounds.push_back(one.value_double()); });
      break;
    case 17:
      times.start_ms = in.int64();
      break;
    default:
      break;
  }
}

// Absolute bucket counts of a side, in the order of its spans.
Result<std::vector<double>> absolute_counts(const Side& side, bool is_float) {
  if (is_float) return side.counts;
  std::vector<double> out;
  out.reserve(side.deltas.size());
  int64_t count = 0;
  for (int64_t delta : side.deltas) {
    if (__builtin_add_overflow(count, delta, &count)) {
      return invalid_argument("histogram bucket count overflows");
    }
    out.push_back(static_cast<double>(count));
  }
  return out;
}

// Index (the wire's: bucket i ends at base^i) and count; empty buckets are left out. `total` adds
// up.
Result<std::vector<signal::Bucket>> buckets_of(const Side& side, bool is_float, double& total) {
  KANSOKU_TRY(auto counts, absolute_counts(side, is_float));
  if (counts.size() > kBucketsMax) {
    return invalid_argument("histogram has {} buckets, limit {}", counts.size(), kBucketsMax);
  }
  uint64_t spanned = 0;
  for (const Span& span : side.spans) spanned += span.length;
  if (spanned != counts.size()) {
    return invalid_argument("histogram spans {} buckets but has {}", spanned, counts.size());
  }
  std::vector<signal::Bucket> out;
  int64_t index = 0;
  size_t at = 0;
  for (size_t i = 0; i < side.spans.size(); ++i) {
    const Span& span = side.spans[i];
    if (i > 0 && span.offset < 0) {
      return invalid_argument("histogram span {} has the negative offset {}", i, span.offset);
    }
    index += span.offset;
    for (uint64_t n = 0; n < span.length; ++n, ++index, ++at) {
      // One below the largest, so that converting between index conventions cannot overflow.
      if (index <= INT32_MIN || index >= INT32_MAX) {
        return invalid_argument("histogram bucket index {} is out of range", index);
      }
      if (counts[at] < 0)
        return invalid_argument("histogram bucket count {} is negative", counts[at]);
      if (counts[at] == 0) continue;
      out.push_back({static_cast<int32_t>(index), counts[at]});
      total += counts[at];
    }
  }
  return out;
}

// From a finer schema to kSchemaMax: 2^k neighbours become one bucket. Wire indexes.
void reduce(std::vector<signal::Bucket>& buckets, int shift) {
  std::vector<signal::Bucket> out;
  for (const signal::Bucket& bucket : buckets) {
    int32_t index = shift > 31 ? (bucket.index > 0 ? 1 : 0) : ((bucket.index - 1) >> shift) + 1;
    if (!out.empty() && out.back().index == index) {
      out.back().count += bucket.count;
    } else {
      out.push_back({index, bucket.count});
    }
  }
  buckets = std::move(out);
}

Status check_count(const Fields& f, double total) {
  if (f.is_float) {
    if (f.count_float < 0) return invalid_argument("histogram count {} is negative", f.count_float);
    // Sums of float counts are not exact; the reference receiver does not compare them either.
    return {};
  }
  auto count = static_cast<double>(f.count_int);
  // With a sum of NaN there may be observations of NaN, which are in no bucket.
  bool good = std::isnan(f.sum) ? total <= count : total == count;
  if (!good)
    return invalid_argument("histogram count is {} but its buckets add up to {}", count, total);
  return {};
}

Status check_bounds(const std::vector<double>& bounds) {
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (std::isnan(bounds[i]) || std::isinf(bounds[i])) {
      return invalid_argument("histogram custom value {} is not finite", bounds[i]);
    }
    if (i > 0 && bounds[i] <= bounds[i - 1]) {
      return invalid_argument("histogram custom values are not ascending: {} after {}", bounds[i],
                              bounds[i - 1]);
    }
  }
  return {};
}

Result<signal::ExplicitBuckets> explicit_buckets(Fields& f, double& total) {
  bool other = f.zero_threshold != 0 || f.zero_int != 0 || f.zero_float != 0 ||
               !f.negative.spans.empty() || !f.negative.deltas.empty() ||
               !f.negative.counts.empty();
  if (other) {
    return invalid_argument("histogram of schema -53 has a zero bucket or negative buckets");
  }
  if (f.bounds.size() >= kBucketsMax) {
    return invalid_argument("histogram has {} custom values, limit {}", f.bounds.size(),
                            kBucketsMax);
  }
  KANSOKU_RETURN_IF_ERROR(check_bounds(f.bounds));
  KANSOKU_TRY(auto buckets, buckets_of(f.positive, f.is_float, total));
  signal::ExplicitBuckets out;
  out.counts.resize(f.bounds.size() + 1);
  for (const signal::Bucket& bucket : buckets) {
    if (bucket.index < 0 || static_cast<size_t>(bucket.index) >= out.counts.size()) {
      return invalid_argument("histogram bucket {} has no custom value ({} are there)",
                              bucket.index, f.bounds.size());
    }
    out.counts[static_cast<size_t>(bucket.index)] = bucket.count;
  }
  out.bounds = std::move(f.bounds);
  return out;
}

Result<signal::ExponentialBuckets> exponential_buckets(Fields& f, double& total) {
  if (f.schema < kSchemaMin || f.schema > kSchemaForeseenMax) {
    return invalid_argument("histogram schema {} is neither -53 nor in -4..52", f.schema);
  }
  if (!f.bounds.empty()) {
    return invalid_argument("histogram of schema {} has custom values", f.schema);
  }
  signal::ExponentialBuckets out;
  out.zero_threshold = f.zero_threshold;
  out.zero_count = f.is_float ? f.zero_float : static_cast<double>(f.zero_int);
  if (out.zero_count < 0)
    return invalid_argument("histogram zero count {} is negative", out.zero_count);
  total += out.zero_count;
  KANSOKU_TRY(out.negative, buckets_of(f.negative, f.is_float, total));
  KANSOKU_TRY(out.positive, buckets_of(f.positive, f.is_float, total));
  out.schema = std::min(f.schema, kSchemaMax);
  for (auto* side : {&out.positive, &out.negative}) {
    if (f.schema > kSchemaMax) reduce(*side, f.schema - kSchemaMax);
    // The wire's bucket i is (base^(i-1), base^i]; ours is (base^i, base^(i+1)] (signal/point.h).
    for (signal::Bucket& bucket : *side) --bucket.index;
  }
  return out;
}

Result<signal::Distribution> distribution_of(Fields& f) {
  signal::Distribution out;
  out.count = f.is_float ? f.count_float : static_cast<double>(f.count_int);
  out.sum = f.sum;
  out.has_min_max = false;
  if (f.reset_hint > static_cast<uint64_t>(signal::ResetHint::Gauge)) {
    return invalid_argument("histogram reset hint {} is not known", f.reset_hint);
  }
  out.reset_hint = static_cast<signal::ResetHint>(f.reset_hint);
  double total = 0;
  if (f.schema == kSchemaCustom) {
    KANSOKU_TRY(out.buckets, explicit_buckets(f, total));
  } else {
    KANSOKU_TRY(out.buckets, exponential_buckets(f, total));
  }
  KANSOKU_RETURN_IF_ERROR(check_count(f, total));
  return out;
}

}  // namespace

WireHistogram decode_histogram(ProtobufReader& reader) {
  WireHistogram out;
  Fields fields;
  while (reader.next()) read_field(reader, fields, out);
  out.distribution = distribution_of(fields);
  return out;
}

}  // namespace kansoku::wire::remote_write
