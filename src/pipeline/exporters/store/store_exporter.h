// Exporter `store`: hands deliveries to the metric store. See README.md.
#pragma once

#include "pipeline/component.h"
#include "store/metric_store.h"

namespace kansoku::pipeline {

class StoreExporter final : public MetricSink {
 public:
  explicit StoreExporter(store::MetricStore& metrics) : metrics_(metrics) {}
  void push(signal::MetricDelivery delivery) override { metrics_.append(std::move(delivery)); }

 private:
  store::MetricStore& metrics_;
};

}  // namespace kansoku::pipeline
