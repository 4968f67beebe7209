#include "store/metrics/head.h"

#include "base/check.h"

namespace kansoku::store::metrics {
namespace {

// 32 MiB of spare slabs at most; the rest goes back to the system.
constexpr size_t kSlabsKept = 256;

void copy_stream(const BlockPool& pool, uint32_t first, size_t bytes, std::string& out) {
  for (uint32_t at = first; bytes > 0; at = pool[at].next) {
    size_t n = std::min(bytes, kBlockPayload);
    out.append(pool[at].bytes, n);
    bytes -= n;
  }
}

}  // namespace

std::unique_ptr<Block[]> SlabCache::take() {
  {
    std::lock_guard lock(slabs_mutex_);
    if (!slabs_.empty()) {
      auto slab = std::move(slabs_.back());
      slabs_.pop_back();
      return slab;
    }
  }
  return std::make_unique_for_overwrite<Block[]>(kSlabBlocks);
}

void SlabCache::give(std::vector<std::unique_ptr<Block[]>> slabs) {
  std::lock_guard lock(slabs_mutex_);
  for (auto& slab : slabs) {
    if (slabs_.size() >= kSlabsKept) return;
    slabs_.push_back(std::move(slab));
  }
}

void FrozenHead::append_stream(SeriesId id, std::string& out) const {
  if (id >= series_end_) return;
  const size_t shard = shard_of(id);
  const size_t row = row_in_shard(id);
  const auto& together = streams_[shard][row / kRowsTogether];
  if (together == nullptr) return;
  const Stream& stream = (*together)[row % kRowsTogether];
  if (stream.bytes > 0) copy_stream(pools_[shard], stream.first, stream.bytes, out);
}

bool FrozenHead::has_stream(SeriesId id) const {
  if (id >= series_end_) return false;
  const size_t row = row_in_shard(id);
  const auto& together = streams_[shard_of(id)][row / kRowsTogether];
  return together != nullptr && (*together)[row % kRowsTogether].bytes > 0;
}

SeriesId FrozenHead::next_series(SeriesId id) const {
  static_assert(kShardRun % kRowsTogether == 0);
  while (id < series_end_) {
    const size_t row = row_in_shard(id);
    const auto& together = streams_[shard_of(id)][row / kRowsTogether];
    if (together == nullptr) {
      id = (id / kRowsTogether + 1) * kRowsTogether;
    } else if ((*together)[row % kRowsTogether].bytes == 0) {
      ++id;
    } else {
      return id;
    }
  }
  return kNone;
}

uint64_t FrozenHead::memory_bytes() const {
  uint64_t bytes = 0;
  for (const BlockPool& pool : pools_) bytes += pool.memory_bytes();
  for (const auto& streams : streams_) {
    for (const auto& together : streams) {
      bytes += sizeof(together) + (together == nullptr ? 0 : sizeof(*together));
    }
  }
  return bytes;
}

Head::Head(SlabCache& cache) : cache_(&cache) {
  for (size_t i = 0; i < kHeadShards; ++i) shards_.emplace_back(cache);
}

void Head::grow_to(SeriesId series_end) {
  if (series_end <= series_end_) return;
  for (size_t i = 0; i < kHeadShards; ++i) {
    size_t rows = 0;
    for (SeriesId run = series_end_ / kShardRun; run * kShardRun < series_end; ++run) {
      if (run % kHeadShards == i) rows = (run / kHeadShards + 1) * kShardRun;
    }
    if (rows / kRowsTogether <= shards_[i].rows.size()) continue;
    std::unique_lock lock(shards_[i].shard_mutex);
    shards_[i].rows.resize(rows / kRowsTogether);
  }
  series_end_ = series_end;
}

void Head::write_bytes(Shard& shard, Entry& entry, const char* from, size_t n) {
  if (entry.bytes == 0) {
    entry.first = shard.pool.make();
    entry.current = entry.first;
    active_.fetch_add(1, std::memory_order_relaxed);
  }
  size_t used = entry.bytes % kBlockPayload;
  if (used == 0 && entry.bytes > 0) used = kBlockPayload;
  entry.bytes += static_cast<uint32_t>(n);
  for (;;) {
    size_t part = std::min(n, kBlockPayload - used);
    std::memcpy(shard.pool[entry.current].bytes + used, from, part);
    from += part;
    n -= part;
    if (n == 0) return;
    uint32_t next = shard.pool.make();
    shard.pool[entry.current].next = next;
    entry.current = next;
    used = 0;
    bytes_.fetch_add(kBlockBytes, std::memory_order_relaxed);
  }
}

void Head::append_floats(SeriesId id, std::span<const int64_t> times_ms,
                         std::span<const double> values) {
  Shard& shard = shards_[shard_of(id)];
  Entry& entry = shard.make(row_in_shard(id));
  StreamState state{entry.last_ms, entry.last_value, entry.last_step, entry.bytes > 0};
  // Room for a sample is left behind the mark.
  constexpr size_t kFlushBytes = 256;
  char bytes[kFlushBytes + kSampleBytesMax + 8];
  size_t n = 0;
  for (size_t i = 0; i < times_ms.size(); ++i) {
    n += put_sample(state, times_ms[i], values[i], bytes + n);
    if (n < kFlushBytes && i + 1 < times_ms.size()) continue;
    write_bytes(shard, entry, bytes, n);
    n = 0;
  }
  entry.last_ms = state.last_ms;
  entry.last_value = state.last_value;
  entry.last_step = state.last_step;
  points_.fetch_add(times_ms.size(), std::memory_order_relaxed);
}

void Head::append_distribution(SeriesId id, int64_t ms, const signal::Distribution& distribution) {
  Shard& shard = shards_[shard_of(id)];
  Entry& entry = shard.make(row_in_shard(id));
  StreamState state{entry.last_ms, entry.last_value, entry.last_step, entry.bytes > 0};
  char head[16];
  char* at = head + 1;
  uint8_t time_class = stream_detail::put_time(state, ms, at);
  head[0] = static_cast<char>((time_class << 5) | kDistributionClass);
  std::string coded;
  signal::encode_distribution(distribution, coded);
  std::string sample(head, static_cast<size_t>(at - head));
  append_varint(sample, coded.size());
  sample += coded;
  write_bytes(shard, entry, sample.data(), sample.size());
  entry.last_ms = state.last_ms;
  entry.last_step = state.last_step;
  points_.fetch_add(1, std::memory_order_relaxed);
}

// Its blocks go with the head: deletions are rare.
void Head::drop_stream(SeriesId id) {
  Shard& shard = shards_[shard_of(id)];
  if (!has_stream(id)) return;
  shard.make(row_in_shard(id)) = Entry();
  active_.fetch_sub(1, std::memory_order_relaxed);
}

// Takes the streams of some rows; rows without any are given back.
void Head::freeze_rows(std::unique_ptr<std::array<Entry, kRowsTogether>>& rows,
                       std::unique_ptr<std::array<FrozenHead::Stream, kRowsTogether>>& out) {
  const bool any = std::ranges::any_of(*rows, [](const Entry& entry) { return entry.bytes > 0; });
  if (!any) {
    rows.reset();
    return;
  }
  out = std::make_unique<std::array<FrozenHead::Stream, kRowsTogether>>();
  for (size_t row = 0; row < kRowsTogether; ++row) {
    Entry& entry = (*rows)[row];
    (*out)[row] = {entry.first, entry.bytes};
    entry = Entry();
  }
}

void Head::freeze(uint64_t first_sequence, uint64_t sequence,
                  const std::function<void(std::shared_ptr<const FrozenHead>)>& publish) {
  auto frozen = std::make_shared<FrozenHead>();
  std::vector<std::unique_lock<std::shared_mutex>> locks;
  for (size_t i = 0; i < kHeadShards; ++i) {
    Shard& shard = shards_[i];
    Rows<FrozenHead::Stream>& streams = frozen->streams_[i];
    streams.resize(shard.rows.size());
    locks.emplace_back(shard.shard_mutex);
    for (size_t run = 0; run < shard.rows.size(); ++run) {
      if (shard.rows[run] == nullptr) continue;
      freeze_rows(shard.rows[run], streams[run]);
    }
    frozen->pools_.push_back(std::move(shard.pool));
    shard.pool = BlockPool(*cache_);
  }
  frozen->series_end_ = series_end_;
  frozen->points_ = points_.exchange(0);
  frozen->first_sequence_ = first_sequence;
  frozen->sequence_ = sequence;
  bytes_.store(0);
  active_.store(0);
  publish(std::move(frozen));
}

void Head::append_stream(SeriesId id, std::string& out) const {
  const Shard& shard = shards_[shard_of(id)];
  const Entry* entry = shard.find(row_in_shard(id));
  if (entry != nullptr && entry->bytes > 0)
    copy_stream(shard.pool, entry->first, entry->bytes, out);
}

}  // namespace kansoku::store::metrics
