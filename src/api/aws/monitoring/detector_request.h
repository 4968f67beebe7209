// What a request about an anomaly detector says of the metric or the math. Internal to
// api/aws/monitoring.
#pragma once

#include <expected>
#include <optional>

#include "api/aws/monitoring/detector_store.h"
#include "api/aws/operation.h"

namespace kansoku::api::aws::monitoring {

// The old members of single metrics, the new ones, and those of math.
struct DetectorMembers {
  const std::optional<std::string>& metric_namespace;
  const std::optional<std::string>& metric_name;
  const std::optional<std::vector<shapes::Dimension>>& dimensions;
  const std::optional<std::string>& stat;
  const std::optional<shapes::SingleMetricAnomalyDetector>& single;
  const std::optional<shapes::MetricMathAnomalyDetector>& math;
};

// One of the two; complete and checked.
struct DetectorSubject {
  std::optional<shapes::SingleMetricAnomalyDetector> single;
  std::optional<shapes::MetricMathAnomalyDetector> math;
};
std::expected<DetectorSubject, AwsError> read_detector_subject(const DetectorMembers& members,
                                                               const OperationContext& context);

}  // namespace kansoku::api::aws::monitoring
