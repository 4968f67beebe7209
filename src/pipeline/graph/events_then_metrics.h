// For processors that make metrics of events: the events go on first; when they are durable, the
// metrics are sent, and the source is answered with the events' verdict after both. What becomes of
// the metrics is the business of the ledger before their sink.
// Thread contract: free function; the sinks outlive the delivery.
#pragma once

#include "pipeline/component.h"

namespace kansoku::pipeline {

void push_events_then_metrics(EventSink& events, MetricSink& metrics,
                              signal::EventDelivery delivery,
                              std::shared_ptr<const signal::MetricBatch> batch);

}  // namespace kansoku::pipeline
