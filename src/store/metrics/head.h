// The head: points that are in the log but in no part yet, as compressed streams in small blocks.
//
// Eight shards by series id, each with its own lock. A series costs 32 bytes plus its blocks of 32
// bytes, which come from slabs; nothing is allocated per sample. Rows stand in runs of 128; a run
// without any stream at two freezes takes no memory. freeze() hands all streams to a
// FrozenHead, from which a part is written, and starts empty streams. Thread contract: one writer
// (append, freeze); readers share a shard's lock.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "store/metric_store.h"
#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {

inline constexpr size_t kHeadShards = 8;
// Runs of this many ids share a shard, because batches come target by target.
inline constexpr size_t kShardRun = 1024;

inline size_t shard_of(SeriesId id) { return (id / kShardRun) % kHeadShards; }
inline size_t row_in_shard(SeriesId id) {
  return id / (kShardRun * kHeadShards) * kShardRun + id % kShardRun;
}
inline SeriesId id_of(size_t shard, size_t row) {
  return row / kShardRun * (kShardRun * kHeadShards) + shard * kShardRun + row % kShardRun;
}

// Rows that are allocated together.
inline constexpr size_t kRowsTogether = 128;
template <class T>
using Rows = std::vector<std::unique_ptr<std::array<T, kRowsTogether>>>;

inline constexpr size_t kBlockBytes = 32;
inline constexpr size_t kBlockPayload = kBlockBytes - 4;
inline constexpr uint32_t kNoBlock = 0;  // block 0 is never used
inline constexpr size_t kSlabBlocks = 4096;

struct alignas(kBlockBytes) Block {
  uint32_t next;
  char bytes[kBlockPayload];
};

// Slabs that wait for their next use, shared by the shards. Free-threaded.
class SlabCache {
 public:
  std::unique_ptr<Block[]> take();
  void give(std::vector<std::unique_ptr<Block[]>> slabs);

 private:
  std::mutex slabs_mutex_;
  std::vector<std::unique_ptr<Block[]>> slabs_;
};

class BlockPool {
 public:
  explicit BlockPool(SlabCache& cache) : cache_(&cache) {}
  BlockPool(BlockPool&&) = default;
  BlockPool& operator=(BlockPool&&) = default;
  ~BlockPool() {
    if (!slabs_.empty()) cache_->give(std::move(slabs_));
  }
  uint32_t make() {
    if (next_ % kSlabBlocks == 0) slabs_.push_back(cache_->take());
    if (next_ == 0) next_ = 1;
    uint32_t id = next_++;
    (*this)[id].next = kNoBlock;
    return id;
  }
  Block& operator[](uint32_t id) { return slabs_[id / kSlabBlocks][id % kSlabBlocks]; }
  const Block& operator[](uint32_t id) const { return slabs_[id / kSlabBlocks][id % kSlabBlocks]; }
  size_t memory_bytes() const { return slabs_.size() * kSlabBlocks * kBlockBytes; }

 private:
  SlabCache* cache_;
  std::vector<std::unique_ptr<Block[]>> slabs_;
  uint32_t next_ = 0;
};

// What freeze() took: immutable.
class FrozenHead {
 public:
  struct Stream {
    uint32_t first = kNoBlock;
    uint32_t bytes = 0;
  };
  // Appends the stream's bytes; nothing when the series has none.
  void append_stream(SeriesId id, std::string& out) const;
  // The first series at or after `id` that has a stream, or kNone.
  static constexpr SeriesId kNone = std::numeric_limits<SeriesId>::max();
  SeriesId next_series(SeriesId id) const;
  bool has_stream(SeriesId id) const;
  uint64_t points() const { return points_; }
  uint64_t memory_bytes() const;
  // The last log sequence in it.
  uint64_t sequence() const { return sequence_; }
  uint64_t first_sequence() const { return first_sequence_; }

 private:
  friend class Head;
  std::vector<BlockPool> pools_;
  // Null where no row has a stream.
  std::array<Rows<Stream>, kHeadShards> streams_;
  SeriesId series_end_ = 0;
  uint64_t points_ = 0;
  uint64_t first_sequence_ = 0;
  uint64_t sequence_ = 0;
};

class Head {
 public:
  explicit Head(SlabCache& cache);

  // Writer side. Rows exist up to series_end afterwards.
  void grow_to(SeriesId series_end);
  void prefetch_entry(SeriesId id) const {
    const Entry* entry = shards_[shard_of(id)].find(row_in_shard(id));
    if (entry != nullptr) __builtin_prefetch(entry, 1);
  }
  void prefetch_block(SeriesId id) const {
    const Shard& shard = shards_[shard_of(id)];
    const Entry* entry = shard.find(row_in_shard(id));
    if (entry != nullptr && entry->current != kNoBlock)
      __builtin_prefetch(&shard.pool[entry->current], 1);
  }
  // The shard's lock for a run of appends.
  std::unique_lock<std::shared_mutex> lock_for_append(size_t shard) {
    return std::unique_lock(shards_[shard].shard_mutex);
  }
  void append_floats(SeriesId id, std::span<const int64_t> times_ms,
                     std::span<const double> values);
  void append_distribution(SeriesId id, int64_t ms, const signal::Distribution& distribution);
  // With the shard's lock held, as for appends: the series has no points any more.
  void drop_stream(SeriesId id);
  bool has_stream(SeriesId id) const {
    const Entry* entry = shards_[shard_of(id)].find(row_in_shard(id));
    return entry != nullptr && entry->bytes > 0;
  }
  uint64_t points() const { return points_.load(std::memory_order_relaxed); }
  uint64_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Takes every stream; `publish` runs while all shards are locked, so that a reader sees the
  // points either here or there.
  void freeze(uint64_t first_sequence, uint64_t sequence,
              const std::function<void(std::shared_ptr<const FrozenHead>)>& publish);

  // Reader side. `with_lock` runs while the shard of `id` is held, for a consistent look elsewhere.
  std::shared_lock<std::shared_mutex> lock_for_read(SeriesId id) const {
    return std::shared_lock(shards_[shard_of(id)].shard_mutex);
  }
  // With the shard's lock held.
  void append_stream(SeriesId id, std::string& out) const;
  uint64_t active_series() const { return active_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    int64_t last_ms = 0;
    double last_value = 0;
    int32_t last_step = 0;
    uint32_t first = kNoBlock;
    uint32_t current = kNoBlock;
    uint32_t bytes = 0;  // of the stream
  };
  static_assert(sizeof(Entry) == 32);
  struct Shard {
    explicit Shard(SlabCache& cache) : pool(cache) {}
    mutable std::shared_mutex shard_mutex;
    Rows<Entry> rows;
    BlockPool pool;
    const Entry* find(size_t row) const {
      const size_t run = row / kRowsTogether;
      if (run >= rows.size() || rows[run] == nullptr) return nullptr;
      return &(*rows[run])[row % kRowsTogether];
    }
    Entry& make(size_t row) {
      auto& together = rows[row / kRowsTogether];
      if (together == nullptr) together = std::make_unique<std::array<Entry, kRowsTogether>>();
      return (*together)[row % kRowsTogether];
    }
  };
  static void freeze_rows(std::unique_ptr<std::array<Entry, kRowsTogether>>& rows,
                          std::unique_ptr<std::array<FrozenHead::Stream, kRowsTogether>>& out);
  void write_bytes(Shard& shard, Entry& entry, const char* from, size_t n);

  SlabCache* cache_;
  std::deque<Shard> shards_;
  SeriesId series_end_ = 0;
  std::atomic<uint64_t> points_{0};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> active_{0};
};

}  // namespace kansoku::store::metrics
