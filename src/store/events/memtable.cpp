#include "store/events/memtable.h"

#include <algorithm>

#include "store/event_store.h"

namespace kansoku::store::events {

const signal::EventColumn* MemoryBatch::messages() const {
  for (const signal::EventColumn& column : batch->columns()) {
    if (column.type == signal::ColumnType::Text && column.path == kMessagePath) return &column;
  }
  return nullptr;
}

std::shared_ptr<const MemoryBatch> make_memory_batch(signal::Scope scope,
                                                     std::shared_ptr<const signal::EventBatch> rows,
                                                     uint64_t sequence, int64_t ingested_ns) {
  auto out = std::make_shared<MemoryBatch>();
  out->scope = std::move(scope);
  out->batch = std::move(rows);
  out->sequence = sequence;
  out->ingested_ns = ingested_ns;
  const auto [min, max] = std::ranges::minmax(out->batch->timestamps_ns());
  out->min_ns = min;
  out->max_ns = max;
  if (const signal::EventColumn* column = out->messages()) out->message_bytes = column->text.size();
  out->memory_bytes = sizeof(MemoryBatch) + sizeof(out) + out->batch->memory_bytes();
  return out;
}

void Memtable::add(std::shared_ptr<const MemoryBatch> batch) {
  memory_bytes_.fetch_add(batch->memory_bytes, std::memory_order_relaxed);
  rows_.fetch_add(batch->rows(), std::memory_order_relaxed);
  std::lock_guard lock(slabs_mutex_);
  if (size_ % kSlabBatches == 0) slabs_.push_back(std::make_shared<Slab>());
  (*slabs_.back())[size_ % kSlabBatches] = std::move(batch);
  ++size_;
}

Memtable::View Memtable::view() const {
  View out;
  std::lock_guard lock(slabs_mutex_);
  out.slabs_.assign(slabs_.begin(), slabs_.end());
  out.size_ = size_;
  return out;
}

}  // namespace kansoku::store::events
