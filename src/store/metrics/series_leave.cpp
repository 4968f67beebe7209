// Series that leave the table: marks, and their removal.
#include "base/check.h"
#include "store/metrics/series_table.h"

namespace kansoku::store::metrics {
namespace {

// Entries of a list of postings that may be of series that have left, beside as many as are here.
constexpr size_t kPostingsSlack = 64;
constexpr size_t kSlotsAhead = 16;

// Empties the slot of `id_plus_1` in a table of open addressing, and closes the gap that it leaves:
// what was put behind it because it was taken moves up.
template <class Slot>
void close_gap(std::vector<Slot>& slots, uint32_t tag, uint32_t id_plus_1) {
  const size_t mask = slots.size() - 1;
  size_t gap = tag & mask;
  while (slots[gap].id_plus_1 != id_plus_1) {
    KANSOKU_CHECK(slots[gap].id_plus_1 != 0);
    gap = (gap + 1) & mask;
  }
  for (size_t at = (gap + 1) & mask; slots[at].id_plus_1 != 0; at = (at + 1) & mask) {
    // It may stand in the gap if its home is not between the gap and where it is.
    const size_t home = slots[at].tag & mask;
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    slots[gap] = slots[at];
    gap = at;
  }
  slots[gap] = {};
}

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

void SeriesTable::remove_slot(SeriesId id) {
  close_gap(slots_, static_cast<uint32_t>(entry_of(id).hash_low), static_cast<uint32_t>(id + 1));
}

void SeriesTable::remove_pair_slot(PairId id) {
  close_gap(pair_slots_, pairs_[id].tag, id + 1);
  --pair_slots_used_;
}

void SeriesTable::leave_pair(PairId id) {
  Pair& pair = pairs_[id];
  if (--pair.series > 0) {
    if (pair.postings.count() > 2 * size_t{pair.series} + kPostingsSlack) {
      pair.postings.rebuild([this](uint32_t series) { return exists(series); });
    }
    return;
  }
  remove_pair_slot(id);
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
