// Exporter `store`: hands deliveries to the stores of metrics and events. See README.md.
#pragma once

#include "pipeline/component.h"
#include "store/event_store.h"
#include "store/metric_store.h"

namespace kansoku::pipeline {

class StoreExporter final : public MetricSink {
 public:
  explicit StoreExporter(store::MetricStore& metrics) : metrics_(metrics) {}
  void push(signal::MetricDelivery delivery) override { metrics_.append(std::move(delivery)); }

 private:
  store::MetricStore& metrics_;
};

// Receivers of lines and stores agree on where the text of an event stands.
static_assert(store::kMessagePath == signal::kMessagePath);

class EventStoreExporter final : public EventSink {
 public:
  explicit EventStoreExporter(store::EventStore& events) : events_(events) {}
  void push(signal::EventDelivery delivery) override { events_.append(std::move(delivery)); }

 private:
  store::EventStore& events_;
};

}  // namespace kansoku::pipeline
