#include "signal/metric_batch.h"

#include "base/check.h"

namespace kansoku::signal {

Point MetricBatch::point(size_t row) const {
  if (is_float(row)) return Point(values_[row]);
  return Point(distributions_[distribution_rows_[row]]);
}

size_t MetricBatch::memory_bytes() const {
  size_t bytes = sizeof(*this) + series_.capacity() * sizeof(Series) + label_bytes_.capacity() +
                 point_series_.capacity() * sizeof(SeriesRow) +
                 timestamps_ms_.capacity() * sizeof(int64_t) + values_.capacity() * sizeof(double) +
                 distribution_rows_.capacity() * sizeof(uint32_t) +
                 start_ms_.capacity() * sizeof(int64_t) + exemplars_.capacity() * sizeof(Exemplar);
  for (const Distribution& d : distributions_) {
    bytes += sizeof(d);
    if (const auto* pairs = std::get_if<Pairs>(&d.buckets)) {
      bytes += pairs->capacity() * sizeof(ValueCount);
    }
  }
  return bytes;
}

Result<SeriesRow> MetricBatchBuilder::add_series(std::vector<LabelView>& labels, SeriesMeta meta) {
  size_t offset = batch_.label_bytes_.size();
  if (auto status = append_canonical_labels(labels, batch_.label_bytes_); !status) {
    batch_.label_bytes_.resize(offset);
    return std::unexpected(std::move(status).error());
  }
  batch_.series_.push_back({static_cast<uint32_t>(offset),
                            static_cast<uint32_t>(batch_.label_bytes_.size() - offset), meta});
  return static_cast<SeriesRow>(batch_.series_.size() - 1);
}

SeriesRow MetricBatchBuilder::add_series_canonical(std::string_view canonical, SeriesMeta meta) {
  auto offset = static_cast<uint32_t>(batch_.label_bytes_.size());
  batch_.label_bytes_ += canonical;
  batch_.series_.push_back({offset, static_cast<uint32_t>(canonical.size()), meta});
  return static_cast<SeriesRow>(batch_.series_.size() - 1);
}

void MetricBatchBuilder::add_float(SeriesRow series, int64_t timestamp_ms, double value) {
  batch_.point_series_.push_back(series);
  batch_.timestamps_ms_.push_back(timestamp_ms);
  batch_.values_.push_back(value);
  if (!batch_.distribution_rows_.empty()) batch_.distribution_rows_.push_back(kNoDistribution);
  if (!batch_.start_ms_.empty()) batch_.start_ms_.push_back(0);
}

void MetricBatchBuilder::add_point(SeriesRow series, int64_t timestamp_ms, Point point) {
  if (!point.distribution) {
    add_float(series, timestamp_ms, point.value);
    return;
  }
  if (batch_.distribution_rows_.empty()) {
    batch_.distribution_rows_.resize(batch_.point_count(), kNoDistribution);
  }
  batch_.point_series_.push_back(series);
  batch_.timestamps_ms_.push_back(timestamp_ms);
  batch_.values_.push_back(point.distribution->sum);
  batch_.distribution_rows_.push_back(static_cast<uint32_t>(batch_.distributions_.size()));
  batch_.distributions_.push_back(std::move(*point.distribution));
  if (!batch_.start_ms_.empty()) batch_.start_ms_.push_back(0);
}

void MetricBatchBuilder::set_start_ms(int64_t start_ms) {
  KANSOKU_CHECK(batch_.point_count() > 0);
  batch_.start_ms_.resize(batch_.point_count(), 0);
  batch_.start_ms_.back() = start_ms;
}

uint32_t MetricBatchBuilder::add_resource(Labels attributes) {
  batch_.resources_.push_back(std::move(attributes));
  return static_cast<uint32_t>(batch_.resources_.size() - 1);
}

void MetricBatchBuilder::add_exemplar(Exemplar exemplar) {
  batch_.exemplars_.push_back(std::move(exemplar));
}

void MetricBatchBuilder::reserve(size_t series, size_t points, size_t label_bytes) {
  batch_.series_.reserve(series);
  batch_.label_bytes_.reserve(label_bytes);
  batch_.point_series_.reserve(points);
  batch_.timestamps_ms_.reserve(points);
  batch_.values_.reserve(points);
}

std::shared_ptr<const MetricBatch> MetricBatchBuilder::finish() {
  auto out = std::make_shared<MetricBatch>(std::move(batch_));
  batch_ = MetricBatch();
  return out;
}

}  // namespace kansoku::signal
