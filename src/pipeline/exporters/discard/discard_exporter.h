// Exporter `discard`: counts rows as filtered and forgets them. See README.md.
#pragma once

#include <atomic>

#include "pipeline/component.h"

namespace kansoku::pipeline {

template <class Batch>
class DiscardExporter final : public Sink<Batch> {
 public:
  void push(signal::BasicDelivery<Batch> delivery) override {
    uint64_t rows = rows_of(*delivery.batch);
    rows_.fetch_add(rows, std::memory_order_relaxed);
    bytes_.fetch_add(delivery.batch->memory_bytes(), std::memory_order_relaxed);
    delivery.token.resolve(signal::Verdict::filtered(rows, "discard"));
  }
  uint64_t rows() const { return rows_.load(std::memory_order_relaxed); }
  // That the batches held in memory.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> rows_{0};
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace kansoku::pipeline
