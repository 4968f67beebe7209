// DeleteAnomalyDetector: by id, or by what it is about.
#include "api/aws/monitoring/detector_request.h"
#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"

namespace kansoku::api::aws::monitoring {
namespace {

using Input = shapes::DeleteAnomalyDetectorInput;
using Output = shapes::DeleteAnomalyDetectorOutput;

std::expected<std::string, AwsError> key_of(const Shared& shared, const OperationContext& context,
                                            const Input& input) {
  Tenant tenant{context.account(), context.region};
  bool by_subject = input.metric_namespace || input.metric_name || input.dimensions || input.stat ||
                    input.single_metric_anomaly_detector || input.metric_math_anomaly_detector;
  if (input.anomaly_detector_id && by_subject) {
    return std::unexpected(invalid_parameter_combination(
        "The parameter AnomalyDetectorId and those of a metric are mutually exclusive."));
  }
  if (input.anomaly_detector_id) {
    auto all = shared.detectors.list(tenant);
    if (!all) return std::unexpected(backend_error(all.error()));
    for (Detector& one : *all) {
      if (one.id == *input.anomaly_detector_id) return std::move(one.key);
    }
    return std::unexpected(
        backend_error(fail(ErrorCode::NotFound,
                           "no anomaly detector has the id " + quoted(*input.anomaly_detector_id))
                          .error()));
  }
  auto subject = read_detector_subject({.metric_namespace = input.metric_namespace,
                                        .metric_name = input.metric_name,
                                        .dimensions = input.dimensions,
                                        .stat = input.stat,
                                        .single = input.single_metric_anomaly_detector,
                                        .math = input.metric_math_anomaly_detector},
                                       context);
  if (!subject) return std::unexpected(std::move(subject).error());
  shapes::PutAnomalyDetectorInput definition;
  definition.single_metric_anomaly_detector = std::move(subject->single);
  definition.metric_math_anomaly_detector = std::move(subject->math);
  return detector_key(definition);
}

}  // namespace

OperationSpec delete_anomaly_detector(std::shared_ptr<Shared> shared) {
  return {.name = "DeleteAnomalyDetector",
          .action = "cloudwatch:DeleteAnomalyDetector",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                auto key = key_of(*shared, *context, input);
                if (!key) return reply(std::unexpected(std::move(key).error()));
                shared->detectors.remove(
                    {context->account(), context->region}, *key,
                    [reply = std::move(reply)](Status removed) mutable {
                      if (!removed) return reply(std::unexpected(backend_error(removed.error())));
                      reply(Output{});
                    });
              })};
}

}  // namespace kansoku::api::aws::monitoring
