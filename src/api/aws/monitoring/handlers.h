// The lines of the implemented operations. Internal to api/aws/monitoring.
#pragma once

#include <memory>

#include "api/aws/monitoring/detector_store.h"
#include "api/aws/monitoring/picture_queue.h"
#include "api/aws/monitoring/service.h"
#include "api/aws/page_token.h"

namespace kansoku::api::aws::monitoring {

// What handlers share. Lives as long as the table.
struct Shared {
  explicit Shared(MonitoringOptions o)
      : options(std::move(o)), tokens(options.page_token_key), detectors(options.catalog) {}
  MonitoringOptions options;
  PageTokens tokens;
  DetectorStore detectors;
  PictureQueue pictures;
  MonitoringBackend& backend() const { return *options.backend; }
};

OperationSpec put_metric_data(std::shared_ptr<Shared> shared);
OperationSpec get_metric_statistics(std::shared_ptr<Shared> shared);
OperationSpec get_metric_data(std::shared_ptr<Shared> shared);
OperationSpec list_metrics(std::shared_ptr<Shared> shared);
OperationSpec put_anomaly_detector(std::shared_ptr<Shared> shared);
OperationSpec describe_anomaly_detectors(std::shared_ptr<Shared> shared);
OperationSpec delete_anomaly_detector(std::shared_ptr<Shared> shared);
OperationSpec get_metric_widget_image(std::shared_ptr<Shared> shared);

// GetMetricData for the operations that are made of it: detectors and pictures. All datapoints up
// to `datapoints_max` at once; a token in the answer says that there would be more.
struct MetricDataAnswer {
  shapes::GetMetricDataOutput output;
  std::vector<std::string> units;  // by result: of a metric, where it has points; else empty
};
void run_metric_data(const Shared& shared, const std::shared_ptr<OperationContext>& context,
                     const shapes::GetMetricDataInput& input, size_t datapoints_max,
                     TypedReply<MetricDataAnswer> reply);
// What a caller of the API gets in one page at most.
inline constexpr size_t kPageDatapointsMax = 100'800;

}  // namespace kansoku::api::aws::monitoring
