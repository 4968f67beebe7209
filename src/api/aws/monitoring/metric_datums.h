// Datums of PutMetricData: checked as CloudWatch checks them, then put into a batch.
//
// The whole request is refused for one bad datum, as AWS does. Thread contract: thread-confined.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/operation.h"
#include "signal/metric_batch.h"
#include "wire/aws/monitoring/put_metric_data_decoder.h"

namespace kansoku::api::aws::monitoring {

// CloudWatch user guide, "CloudWatch service quotas", and the API reference of MetricDatum.
inline constexpr size_t kDatumsMax = 1'000;
inline constexpr size_t kDimensionsMax = 30;
inline constexpr size_t kValuesMax = 150;
inline constexpr int64_t kDatumAgeMaxMs = int64_t{14} * 86'400'000;
inline constexpr int64_t kDatumAheadMaxMs = int64_t{2} * 3'600'000;
inline constexpr size_t kNameBytesMax = 255;
inline constexpr size_t kDimensionValueBytesMax = 1'024;

class MetricDatumSink final : public kansoku::aws::monitoring::PutMetricDataSink {
 public:
  explicit MetricDatumSink(const OperationContext& context) : context_(context) {}

  bool start(std::optional<std::string_view> metric_namespace, bool strict_entities) override;
  bool entity(uint32_t index, const kansoku::aws::monitoring::EntityView& entity) override;
  bool datum(const kansoku::aws::monitoring::DatumView& datum) override;

  // After the decoder: the batch, or why the request is refused.
  std::expected<std::shared_ptr<const signal::MetricBatch>, AwsError> finish();
  // Entities that were taken but are not valid (X-Amzn-Failure-Message).
  const std::string& entity_warning() const { return entity_warning_; }

 private:
  using Datum = kansoku::aws::monitoring::DatumView;
  bool refuse(AwsError error) {
    error_ = std::move(error);
    return false;
  }
  bool namespace_allowed(std::string_view name) const;
  bool check_dimensions(const Datum& datum);
  bool check_unit(const Datum& datum);
  bool check_time(const Datum& datum, int64_t& timestamp_ms);
  bool check_kinds(const Datum& datum);
  bool check_number(const Datum& datum, double value, std::string_view what);
  bool add_values(const Datum& datum, signal::SeriesRow series, int64_t timestamp_ms);
  bool add_statistics(const Datum& datum, signal::SeriesRow series, int64_t timestamp_ms);

  const OperationContext& context_;
  signal::MetricBatchBuilder builder_;
  std::string namespace_;
  bool strict_entities_ = false;
  uint32_t resource_ = signal::kNoResource;
  size_t datums_ = 0;
  std::vector<signal::LabelView> labels_;
  std::optional<AwsError> error_;
  std::string entity_warning_;
};

}  // namespace kansoku::api::aws::monitoring
