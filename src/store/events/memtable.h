// Events that are in the log and not yet in parts: batches as they came, in the order of the log.
//
// Thread contract: one writer; views are taken from any thread and stay as they are.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "signal/delivery.h"

namespace kansoku::store::events {

// A durable batch. Rows have the number of their place in it, also after a restart.
struct MemoryBatch {
  signal::Scope scope;
  std::shared_ptr<const signal::EventBatch> batch;
  uint64_t sequence = 0;
  int64_t ingested_ns = 0;
  // Of its rows, which are never none.
  int64_t min_ns = 0;
  int64_t max_ns = 0;
  uint64_t message_bytes = 0;
  uint64_t memory_bytes = 0;

  size_t rows() const { return batch->row_count(); }
  // The column of messages, or null.
  const signal::EventColumn* messages() const;
};
std::shared_ptr<const MemoryBatch> make_memory_batch(signal::Scope scope,
                                                     std::shared_ptr<const signal::EventBatch> rows,
                                                     uint64_t sequence, int64_t ingested_ns);

class Memtable {
 public:
  static constexpr size_t kSlabBatches = 256;
  using Slab = std::array<std::shared_ptr<const MemoryBatch>, kSlabBatches>;

  // What was there at one moment.
  class View {
   public:
    size_t size() const { return size_; }
    const std::shared_ptr<const MemoryBatch>& operator[](size_t i) const {
      return (*slabs_[i / kSlabBatches])[i % kSlabBatches];
    }

   private:
    friend class Memtable;
    std::vector<std::shared_ptr<const Slab>> slabs_;
    size_t size_ = 0;
  };

  void add(std::shared_ptr<const MemoryBatch> batch);
  View view() const;
  uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }
  uint64_t rows() const { return rows_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex slabs_mutex_;
  // Slots beyond size_ are the writer's; those before never change.
  std::vector<std::shared_ptr<Slab>> slabs_;
  size_t size_ = 0;
  std::atomic<uint64_t> memory_bytes_{0};
  std::atomic<uint64_t> rows_{0};
};

}  // namespace kansoku::store::events
