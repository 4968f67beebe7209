// PutMetricData: decoded and checked in one pass, answered when the batch is durable.
#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/metric_datums.h"
#include "api/aws/monitoring/monitoring_errors.h"

namespace kansoku::api::aws::monitoring {
namespace {

void put(const Shared& shared, const std::shared_ptr<OperationContext>& context, RawBody body,
         Reply reply) {
  MetricDatumSink sink(*context);
  auto decoded = kansoku::aws::monitoring::decode_put_metric_data(body.protocol, body.bytes, sink);
  if (!decoded) {
    return reply(std::unexpected(malformed_body(body.protocol, decoded.error().message)));
  }
  auto batch = sink.finish();
  if (!batch) return reply(std::unexpected(std::move(batch).error()));
  if (!sink.entity_warning().empty()) {
    context->answer_headers.add("X-Amzn-Failure-Message", sink.entity_warning());
  }
  shared.backend().put({context->account(), context->region}, std::move(*batch), context->batch_id,
                       [reply = std::move(reply)](Status status) mutable {
                         if (!status) return reply(std::unexpected(backend_error(status.error())));
                         reply(nullptr);  // the operation has no output
                       });
}

}  // namespace

OperationSpec put_metric_data(std::shared_ptr<Shared> shared) {
  size_t bytes_max = shared->options.put_bytes_max;
  return {.name = "PutMetricData",
          .action = "cloudwatch:PutMetricData",
          .lane = Lane::Ingest,
          .raw_handler = [shared](std::shared_ptr<OperationContext> context, RawBody body,
                                  Reply reply) { put(*shared, context, body, std::move(reply)); },
          // The namespace is a condition key and stands in the body: MetricDatumSink::start() asks.
          .without_permission = true,
          .body_bytes_max = bytes_max};
}

}  // namespace kansoku::api::aws::monitoring
