// Series that leave the table: marks, and their removal.
#include "base/check.h"
#include "store/metrics/series_table.h"

namespace kansoku::store::metrics {
namespace {

// Entries of a list of postings that may be of series that have left, beside as many as are here.
constexpr size_t kPostingsSlack = 64;
constexpr size_t kSlotsAhead = 16;

}  // namespace

void SeriesTable::set_undurable(SeriesId id) {
  Entry& entry = entry_of(id);
  const uint8_t flags = entry.flags.load(std::memory_order_relaxed);
  if ((flags & kUndurable) != 0) return;
  entry.flags.store(flags | kUndurable, std::memory_order_relaxed);
  ++undurable_;
}

void SeriesTable::set_durable(SeriesId id) {
  if (!undurable(id)) return;
  entry_of(id).flags.fetch_and(static_cast<uint8_t>(~kUndurable), std::memory_order_relaxed);
  --undurable_;
}

bool SeriesTable::mark_leaving(SeriesId id) {
  if (!exists(id) || undurable(id)) return false;
  entry_of(id).flags.fetch_or(kLeaving, std::memory_order_relaxed);
  return true;
}

bool SeriesTable::keep(SeriesId id) {
  if (!leaving(id)) return false;
  entry_of(id).flags.fetch_and(static_cast<uint8_t>(~kLeaving), std::memory_order_relaxed);
  kept_.push_back(id);
  return true;
}

size_t SeriesTable::remove_leaving(std::span<const SeriesId> ids) {
  std::unique_lock lock(table_mutex_);
  size_t removed = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    // Cache misses are the cost here.
    if (i + kSlotsAhead < ids.size() && exists(ids[i + kSlotsAhead])) {
      const uint64_t hash = entry_of(ids[i + kSlotsAhead]).hash_low;
      __builtin_prefetch(&slots_[static_cast<uint32_t>(hash) & slot_mask_], 1);
    }
    if (!leaving(ids[i])) continue;
    remove(ids[i]);
    ++removed;
  }
  return removed;
}

void SeriesTable::remove_unseen() {
  for (SeriesId id = next(0); id != kNoSeries; id = next(id + 1)) {
    int64_t first_ms = 0;
    int64_t last_ms = 0;
    if (!times_of(id, first_ms, last_ms) && mark_leaving(id)) (void)remove_leaving({&id, 1});
  }
}

void SeriesTable::remove(SeriesId id) {
  Block& block = *block_of(id);
  Entry& entry = block.entries[id % kBlockIds];
  remove_slot(id);
  --slots_used_;
  --account_series_[account_of_[entry.scope]];
  series_count_.fetch_sub(1, std::memory_order_relaxed);
  const std::span<const PairId> pairs = pairs_of(id);
  entry.pair_count = Entry::kGap;
  entry.flags.store(0, std::memory_order_relaxed);
  forget_times(id);
  for (PairId pair : pairs) leave_pair(pair);
  if (--block.series > 0) return;
  pair_id_bytes_ -= block.pair_ids.capacity() * sizeof(PairId);
  --blocks_used_;
  blocks_[id / kBlockIds].reset();
}

// Closes the gap that the slot leaves: what was put behind it because it was taken moves up.
void SeriesTable::remove_slot(SeriesId id) {
  uint32_t gap = static_cast<uint32_t>(entry_of(id).hash_low) & slot_mask_;
  while (slots_[gap].id_plus_1 != id + 1) {
    KANSOKU_CHECK(slots_[gap].id_plus_1 != 0);
    gap = (gap + 1) & slot_mask_;
  }
  for (uint32_t at = (gap + 1) & slot_mask_; slots_[at].id_plus_1 != 0;
       at = (at + 1) & slot_mask_) {
    // It may stand in the gap if its home is not between the gap and where it is.
    const uint32_t home = slots_[at].tag & slot_mask_;
    if (((at - home) & slot_mask_) < ((at - gap) & slot_mask_)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
}

void SeriesTable::leave_pair(PairId id) {
  Pair& pair = pairs_[id];
  if (--pair.series > 0) {
    if (pair.postings.count() > 2 * size_t{pair.series} + kPostingsSlack) {
      pair.postings.rebuild([this](uint32_t series) { return exists(series); });
    }
    return;
  }
  pair_index_.erase(pair.bytes);
  std::vector<PairId>& of_name = names_[pair.name].pairs;
  of_name[pair.place] = of_name.back();
  pairs_[of_name[pair.place]].place = pair.place;
  of_name.pop_back();
  ArenaPiece& piece = arena_[pair.arena];
  piece.live -= pair.bytes.size();
  if (piece.live == 0 && pair.arena + 1 < arena_.size()) {
    arena_bytes_ -= piece.size;
    piece = {};
  }
  pair = Pair();
  free_pairs_.push_back(id);
}

}  // namespace kansoku::store::metrics
