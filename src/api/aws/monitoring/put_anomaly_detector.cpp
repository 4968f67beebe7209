// PutAnomalyDetector: what a band is trained on. The same metric and statistic, or the same math,
// is the same detector.
#include <fmt/core.h>

#include "api/aws/monitoring/detector_request.h"
#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"

namespace kansoku::api::aws::monitoring {
namespace {

using Input = shapes::PutAnomalyDetectorInput;
using Output = shapes::PutAnomalyDetectorOutput;

// AWS accepts ten (specification of the service, AnomalyDetectorConfiguration).
constexpr size_t kExcludedRangesMax = 10;

std::optional<AwsError> check_configuration(const Shared& shared, const Input& input) {
  if (!input.configuration) return std::nullopt;
  const auto& configuration = *input.configuration;
  if (configuration.metric_timezone) {
    const std::string& name = *configuration.metric_timezone;
    bool known = name == "UTC" || (shared.options.find_zone && shared.options.find_zone(name));
    if (!known) {
      return invalid_parameter_value(
          fmt::format("The value {} for parameter Configuration.MetricTimezone is not a time zone "
                      "of the tz database.",
                      quoted(name)));
    }
  }
  if (!configuration.excluded_time_ranges) return std::nullopt;
  const auto& ranges = *configuration.excluded_time_ranges;
  if (ranges.size() > kExcludedRangesMax) {
    return invalid_parameter_value(
        fmt::format("The collection Configuration.ExcludedTimeRanges must not have a size greater "
                    "than {}.",
                    kExcludedRangesMax));
  }
  for (size_t i = 0; i < ranges.size(); ++i) {
    // An empty range excludes nothing; clients send them.
    if (ranges[i].start_time->ms <= ranges[i].end_time->ms) continue;
    return invalid_parameter_value(
        fmt::format("The parameter Configuration.ExcludedTimeRanges.member.{0}.StartTime must not "
                    "be after the parameter Configuration.ExcludedTimeRanges.member.{0}.EndTime.",
                    i + 1));
  }
  return std::nullopt;
}

void handle(Shared& shared, const OperationContext& context, const Input& input,
            TypedReply<Output> reply) {
  auto subject = read_detector_subject({.metric_namespace = input.metric_namespace,
                                        .metric_name = input.metric_name,
                                        .dimensions = input.dimensions,
                                        .stat = input.stat,
                                        .single = input.single_metric_anomaly_detector,
                                        .math = input.metric_math_anomaly_detector},
                                       context);
  if (!subject) return reply(std::unexpected(std::move(subject).error()));
  if (auto wrong = check_configuration(shared, input)) {
    return reply(std::unexpected(std::move(*wrong)));
  }
  Input definition;
  definition.single_metric_anomaly_detector = std::move(subject->single);
  definition.metric_math_anomaly_detector = std::move(subject->math);
  definition.configuration = input.configuration;
  definition.metric_characteristics = input.metric_characteristics;
  Tenant tenant{context.account(), context.region};
  if (shared.detectors.is_full_for(tenant, detector_key(definition))) {
    return reply(std::unexpected(limit_exceeded(
        fmt::format("There are {} anomaly detectors, which is the limit.", kDetectorsMax))));
  }
  shared.detectors.put(tenant, definition,
                       [reply = std::move(reply)](Result<std::string> id) mutable {
                         if (!id) return reply(std::unexpected(backend_error(id.error())));
                         Output output;
                         output.anomaly_detector_id = std::move(*id);
                         reply(std::move(output));
                       });
}

}  // namespace

OperationSpec put_anomaly_detector(std::shared_ptr<Shared> shared) {
  return {.name = "PutAnomalyDetector",
          .action = "cloudwatch:PutAnomalyDetector",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                handle(*shared, *context, input, std::move(reply));
              })};
}

}  // namespace kansoku::api::aws::monitoring
