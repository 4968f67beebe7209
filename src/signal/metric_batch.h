// MetricBatch: one of the two shapes that move. Series and their points, columnar, immutable.
//
// Columns: a series table (canonical label bytes in one arena, merge kind, temporality, resource)
// and point columns (series row, timestamp, value, index of a distribution). A plain float costs 20
// bytes. Thread contract: MetricBatchBuilder belongs to one thread; a MetricBatch is free-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/labels.h"
#include "signal/point.h"

namespace kansoku::signal {

using SeriesRow = uint32_t;
inline constexpr uint32_t kNoDistribution = 0xffffffffU;
inline constexpr uint32_t kNoResource = 0xffffffffU;

struct SeriesMeta {
  MergeKind merge = MergeKind::Replace;
  Temporality temporality = Temporality::Gauge;
  uint32_t resource = kNoResource;  // row in MetricBatch::resources
};

// An exemplar hangs on a point of its series, by timestamp.
struct Exemplar {
  SeriesRow series = 0;
  int64_t timestamp_ms = 0;
  double value = 0;
  Labels labels;  // trace_id, span_id ...
};

class MetricBatch {
 public:
  // Series.
  size_t series_count() const { return series_.size(); }
  std::string_view canonical_labels(SeriesRow row) const {
    const Series& s = series_[row];
    return {label_bytes_.data() + s.label_offset, s.label_size};
  }
  const SeriesMeta& meta(SeriesRow row) const { return series_[row].meta; }

  // Points, in the order in which they were added; all spans have point_count() items.
  size_t point_count() const { return timestamps_ms_.size(); }
  std::span<const SeriesRow> point_series() const { return point_series_; }
  std::span<const int64_t> timestamps_ms() const { return timestamps_ms_; }
  // The value of a float; the sum of anything else.
  std::span<const double> values() const { return values_; }
  // kNoDistribution for floats, else a row of distributions(). Empty when all points are floats.
  std::span<const uint32_t> distribution_rows() const { return distribution_rows_; }
  const std::vector<Distribution>& distributions() const { return distributions_; }
  // Start of the interval that a delta or cumulative point covers; empty when no point says so.
  std::span<const int64_t> start_ms() const { return start_ms_; }
  const std::vector<Exemplar>& exemplars() const { return exemplars_; }
  const std::vector<Labels>& resources() const { return resources_; }

  bool is_float(size_t point) const {
    return distribution_rows_.empty() || distribution_rows_[point] == kNoDistribution;
  }
  Point point(size_t row) const;
  // Bytes this batch holds, for budgets.
  size_t memory_bytes() const;

 private:
  friend class MetricBatchBuilder;
  struct Series {
    uint32_t label_offset = 0;
    uint32_t label_size = 0;
    SeriesMeta meta;
  };
  std::vector<Series> series_;
  std::string label_bytes_;
  std::vector<SeriesRow> point_series_;
  std::vector<int64_t> timestamps_ms_;
  std::vector<double> values_;
  std::vector<uint32_t> distribution_rows_;
  std::vector<Distribution> distributions_;
  std::vector<int64_t> start_ms_;
  std::vector<Exemplar> exemplars_;
  std::vector<Labels> resources_;
};

// Fills a batch. Decoders push straight into it; nothing is copied twice.
class MetricBatchBuilder {
 public:
  // `labels` is sorted in place and copied; views need not outlive the call.
  Result<SeriesRow> add_series(std::vector<LabelView>& labels, SeriesMeta meta);
  // The bytes must be canonical already.
  SeriesRow add_series_canonical(std::string_view canonical, SeriesMeta meta);
  void add_float(SeriesRow series, int64_t timestamp_ms, double value);
  void add_point(SeriesRow series, int64_t timestamp_ms, Point point);
  // Of the point added last.
  void set_start_ms(int64_t start_ms);
  uint32_t add_resource(Labels attributes);
  void add_exemplar(Exemplar exemplar);
  size_t point_count() const { return batch_.point_count(); }
  void reserve(size_t series, size_t points, size_t label_bytes);
  // The builder is empty again afterwards.
  std::shared_ptr<const MetricBatch> finish();

 private:
  MetricBatch batch_;
};

}  // namespace kansoku::signal
