#include "pipeline/graph/events_then_metrics.h"

namespace kansoku::pipeline {

using signal::AckToken;
using signal::Verdict;

void push_events_then_metrics(EventSink& events, MetricSink& metrics,
                              signal::EventDelivery delivery,
                              std::shared_ptr<const signal::MetricBatch> batch) {
  AckToken outer = std::move(delivery.token);
  const uint64_t rows = outer.rows();
  const env::MonotonicTime deadline = outer.deadline();
  delivery.token = AckToken(
      rows, nullptr, Lane::Ingest,
      [&metrics, scope = delivery.scope, producer = delivery.producer, batch = std::move(batch),
       outer = std::move(outer)](Verdict verdict) mutable {
        if (!verdict.status) return outer.resolve(std::move(verdict));
        const uint64_t points = batch->point_count();
        AckToken token(points, nullptr, Lane::Ingest,
                       [verdict = std::move(verdict), outer = std::move(outer)](
                           const Verdict&) mutable { outer.resolve(std::move(verdict)); });
        metrics.push({std::move(scope), std::move(batch), std::move(producer), std::move(token)});
      },
      deadline);
  events.push(std::move(delivery));
}

}  // namespace kansoku::pipeline
