#include "wire/remote_write/encode.h"

namespace kansoku::wire::remote_write {
namespace {

constexpr int32_t kSchemaCustom = -53;

// Spans and counts of one side; indexes as the wire has them. Fields: spans, then (two further on)
// the counts of float histograms.
void put_buckets(ProtobufWriter& out, uint32_t spans_field,
                 std::span<const signal::Bucket> buckets) {
  std::string counts;
  int64_t next = 0;
  for (size_t begin = 0; begin < buckets.size();) {
    size_t end = begin + 1;
    while (end < buckets.size() && buckets[end].index == buckets[end - 1].index + 1) ++end;
    out.message(spans_field, [&](ProtobufWriter& span) {
      span.sint(1, buckets[begin].index - next);
      span.varint(2, end - begin);
    });
    next = int64_t{buckets[end - 1].index} + 1;
    begin = end;
  }
  for (const signal::Bucket& bucket : buckets) append_le(counts, bucket.count);
  if (!counts.empty()) out.bytes(spans_field + 2, counts);
}

void put_exponential(ProtobufWriter& out, const signal::ExponentialBuckets& buckets) {
  out.sint(4, buckets.schema);
  out.float64(5, buckets.zero_threshold);
  out.float64(7, buckets.zero_count);
  auto shifted = [](std::vector<signal::Bucket> side) {
    for (signal::Bucket& bucket : side) ++bucket.index;  // decision 070
    return side;
  };
  put_buckets(out, 8, shifted(buckets.negative));
  put_buckets(out, 11, shifted(buckets.positive));
}

void put_explicit(ProtobufWriter& out, const signal::ExplicitBuckets& buckets) {
  out.sint(4, kSchemaCustom);
  std::vector<signal::Bucket> filled;
  for (size_t i = 0; i < buckets.counts.size(); ++i) {
    if (buckets.counts[i] != 0) filled.push_back({static_cast<int32_t>(i), buckets.counts[i]});
  }
  put_buckets(out, 11, filled);
  std::string bounds;
  for (double bound : buckets.bounds) append_le(bounds, bound);
  if (!bounds.empty()) out.bytes(16, bounds);
}

}  // namespace

Status append_histogram(ProtobufWriter& series, const signal::Distribution& d,
                        int64_t timestamp_ms) {
  const auto* exponential = std::get_if<signal::ExponentialBuckets>(&d.buckets);
  const auto* bounds = std::get_if<signal::ExplicitBuckets>(&d.buckets);
  if (exponential == nullptr && bounds == nullptr) {
    return invalid_argument("remote write has no value/count pairs and no sketches");
  }
  series.message(4, [&](ProtobufWriter& histogram) {
    histogram.float64(2, d.count);
    histogram.float64(3, d.sum);
    if (exponential != nullptr) {
      put_exponential(histogram, *exponential);
    } else {
      put_explicit(histogram, *bounds);
    }
    histogram.varint(14, static_cast<uint64_t>(d.reset_hint));
    histogram.varint(15, static_cast<uint64_t>(timestamp_ms));
  });
  return {};
}

Result<std::string> encode_v1(const signal::MetricBatch& batch,
                              std::span<const Metadata> metadata) {
  std::vector<std::vector<uint32_t>> rows(batch.series_count());
  for (size_t i = 0; i < batch.point_count(); ++i) {
    rows[batch.point_series()[i]].push_back(static_cast<uint32_t>(i));
  }
  std::string out;
  ProtobufWriter writer(out);
  Status status;
  for (signal::SeriesRow row = 0; row < batch.series_count(); ++row) {
    writer.message(1, [&](ProtobufWriter& series) {
      signal::visit_labels(batch.canonical_labels(row), [&](signal::LabelView label) {
        series.message(1, [&](ProtobufWriter& one) {
          one.bytes(1, label.name);
          one.bytes(2, label.value);
        });
      });
      for (uint32_t point : rows[row]) {
        int64_t ms = batch.timestamps_ms()[point];
        if (batch.is_float(point)) {
          series.message(2, [&](ProtobufWriter& sample) {
            sample.float64(1, batch.values()[point]);
            sample.varint(2, static_cast<uint64_t>(ms));
          });
        } else if (status) {
          status =
              append_histogram(series, batch.distributions()[batch.distribution_rows()[point]], ms);
        }
      }
      for (const signal::Exemplar& exemplar : batch.exemplars()) {
        if (exemplar.series != row) continue;
        series.message(3, [&](ProtobufWriter& one) {
          for (const auto& label : exemplar.labels.list()) {
            one.message(1, [&](ProtobufWriter& pair) {
              pair.bytes(1, label.name);
              pair.bytes(2, label.value);
            });
          }
          one.float64(2, exemplar.value);
          one.varint(3, static_cast<uint64_t>(exemplar.timestamp_ms));
        });
      }
    });
  }
  for (const Metadata& family : metadata) {
    writer.message(3, [&](ProtobufWriter& one) {
      one.varint(1, static_cast<uint64_t>(family.type));
      one.bytes(2, family.family);
      one.bytes(4, family.help);
      one.bytes(5, family.unit);
    });
  }
  KANSOKU_RETURN_IF_ERROR(std::move(status));
  return out;
}

}  // namespace kansoku::wire::remote_write
