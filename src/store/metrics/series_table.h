// The series that had points lately ("hot"; the others are in cold_index.h), and the index over
// their labels.
//
// A series is 24 bytes, its labels as ids of (name, value) pairs (4 bytes each; pairs are kept
// once, as the bytes they have in canonical form), its times, a slot in an open-addressing table,
// and a delta in the postings of each of its pairs. Looking up a known series hashes its canonical
// bytes and compares them pair by pair: nothing is parsed or allocated. Ids are given in order and
// live as long as the data directory, whether the series is here or not; series stand in blocks of
// 128 ids, and a block whose series have all left takes no memory. Thread contract: one writer (the
// engine's drain), which looks up without a lock; what adds or removes takes the table's lock
// alone; readers (select, definitions) share it. Times and flags are atomics.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/metric_store.h"
#include "store/metrics/chunked.h"
#include "store/metrics/postings.h"
#include "store/metrics/series_hash.h"

namespace kansoku::store::metrics {

using ScopeId = uint16_t;
using PairId = uint32_t;
inline constexpr SeriesId kNoSeries = std::numeric_limits<SeriesId>::max();
// Labels of one series; CloudWatch allows 30 dimensions, Prometheus servers commonly 30-64.
inline constexpr size_t kLabelsMax = 200;
inline constexpr size_t kLabelBytesMax = 32 * 1024;

// A series as it is written to the log and to the series file.
struct SeriesDefinition {
  SeriesId id = 0;
  signal::Scope scope;
  signal::MergeKind merge = signal::MergeKind::Replace;
  signal::Temporality temporality = signal::Temporality::Gauge;
  std::string_view canonical;
};

// Series of which no point is known: none was stored yet, or all are in what is damaged.
enum class Unseen : uint8_t { LeaveOut, Include };

// What has to be known of a series to read its points.
struct SeriesKind {
  static constexpr ScopeId kNoScope = std::numeric_limits<ScopeId>::max();
  ScopeId scope = kNoScope;  // kNoScope: no such series here
  signal::MergeKind merge = signal::MergeKind::Replace;
};

class SeriesTable {
 public:
  explicit SeriesTable(std::string_view secret);

  // Writer side. The scope's id, made at first sight.
  ScopeId scope_id(const signal::Scope& scope);
  Hash128 hash(std::string_view canonical, ScopeId scope, signal::MergeKind merge) const;
  void prefetch_slot(const Hash128& hash) const;
  // First probe: brings the candidate's entry into the cache.
  void prefetch_entry(const Hash128& hash) const;
  SeriesId find(const Hash128& hash, std::string_view canonical, ScopeId scope,
                signal::MergeKind merge);
  // Whether `id` is this series: cheaper than to look it up, for those who guess well.
  bool is(SeriesId id, const Hash128& hash, std::string_view canonical, ScopeId scope,
          signal::MergeKind merge);
  // Keeps readers away while series are added: for some hundred of them, not for each, which would
  // wake a waiting reader each time.
  std::unique_lock<std::shared_mutex> lock_for_adding() { return std::unique_lock(table_mutex_); }
  // Makes the series, under that lock; the caller has seen that it is not there. InvalidArgument
  // for labels that are not canonical or too many.
  Result<SeriesId> add(const Hash128& hash, std::string_view canonical, ScopeId scope,
                       signal::MergeKind merge, signal::Temporality temporality);
  // From the log or the series file: does nothing when this id has this series already; DataLoss
  // when it has another one; takes the place of an older id that had it. Ids may come with gaps (a
  // series whose definition never became durable).
  Status define(const SeriesDefinition& definition);
  // Many at once, which is cheaper.
  Status define(std::span<const SeriesDefinition> definitions);
  // Room for about as many series.
  void reserve(size_t series);
  // Makes a series that has left anew, with the id it had, under the lock for adding. The caller
  // has seen that it is not there.
  Status restore(const SeriesDefinition& definition);
  // Ids from here on were never given.
  void skip_to(SeriesId end);

  // Series that leave, on the writer: marked first, so that whoever finds one meanwhile keeps it
  // (find() and is() take the mark away), then removed if the mark is still there.
  bool mark_leaving(SeriesId id);  // false: it is not here, or not durable
  bool leaving(SeriesId id) const { return has_flag(id, kLeaving); }
  // Takes the mark away; true when there was one.
  bool keep(SeriesId id);
  // Ids from which a mark was taken away by find(), is() or keep(), since the last call.
  std::vector<SeriesId> take_kept() { return std::exchange(kept_, {}); }
  // Removes those of `ids` that are still marked; returns how many.
  size_t remove_leaving(std::span<const SeriesId> ids);
  // Removes durable series without points.
  void remove_unseen();

  // A series whose definition is in no durable record of the log yet. On the writer.
  bool undurable(SeriesId id) const { return has_flag(id, kUndurable); }
  bool any_undurable() const { return undurable_ > 0; }
  void set_undurable(SeriesId id);
  void set_durable(SeriesId id);
  uint64_t series_of_account(ScopeId scope) const;
  void note_time(SeriesId id, int64_t ms) { note_times(id, ms, ms); }
  void note_times(SeriesId id, int64_t first_ms, int64_t last_ms);
  // After points were deleted; a series of which nothing is left is not selected until the next.
  void set_times(SeriesId id, int64_t first_ms, int64_t last_ms);
  void forget_times(SeriesId id);
  // False for a series without points.
  bool times_of(SeriesId id, int64_t& first_ms, int64_t& last_ms) const;

  SeriesId size() const { return size_.load(std::memory_order_acquire); }
  // On the writer; others use find_merge().
  bool exists(SeriesId id) const {
    const Block* block = block_of(id);
    return block != nullptr && block->entries[id % kBlockIds].pair_count != Entry::kGap;
  }
  // On the writer. The first series at or after `id`, or kNoSeries.
  SeriesId next(SeriesId id) const;

  // Either side.
  static constexpr size_t kBlockIds = 128;
  // The kinds of ids [begin, begin + kBlockIds); begin is a multiple of kBlockIds.
  void kinds(SeriesId begin, std::span<SeriesKind, kBlockIds> out) const;
  // kNoScope: no series had this scope yet.
  ScopeId find_scope(const signal::Scope& scope) const;
  std::vector<signal::Scope> scopes() const;
  // Only for ids that exist.
  SeriesDefinition definition(SeriesId id, std::string& canonical) const;
  // Calls visit(SeriesDefinition) for the series in [begin, end), with the lock held.
  template <class Visit>
  void visit_definitions(SeriesId begin, SeriesId end, Visit visit) const;
  // For each of `ids`, which exist.
  template <class Visit>
  void visit_each(std::span<const SeriesId> ids, Visit visit) const;
  // A series as cold_index.h keeps it. Pairs stand in the order of names.
  struct Row {
    SeriesId id = 0;
    const signal::Scope* scope = nullptr;
    signal::MergeKind merge = signal::MergeKind::Replace;
    signal::Temporality temporality = signal::Temporality::Gauge;
    int64_t first_ms = 0;
    int64_t last_ms = 0;
    std::span<const PairId> pairs;
  };
  // Calls visit(Row) for those of `ids` that are here, then end(), with the lock held: views and
  // pair_bytes() hold until then.
  template <class Visit, class End>
  void visit_rows(std::span<const SeriesId> ids, Visit visit, End end) const;
  // Within visit_rows().
  std::string_view pair_bytes(PairId pair) const { return pairs_[pair].bytes; }
  // `others`: rows of series that have left and pass the selector; those that are here again are
  // not taken from there.
  Result<std::vector<SeriesInfo>> select(const SeriesSelector& selector, Unseen unseen,
                                         std::vector<SeriesInfo> others = {}) const;
  uint64_t series_count() const { return series_count_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const;

 private:
  static constexpr uint8_t kMergeBit = 1;
  static constexpr uint8_t kTemporalityShift = 1;
  static constexpr uint8_t kTemporalityMask = 3;
  static constexpr uint8_t kLeaving = 8;
  static constexpr uint8_t kUndurable = 16;
  struct Entry {
    static constexpr uint8_t kGap = 0xff;
    uint64_t hash_low = 0;
    uint32_t pairs = 0;  // index in Block::pair_ids
    ScopeId scope = 0;
    uint8_t pair_count = kGap;
    std::atomic<uint8_t> flags{0};  // bit 0: merge kind; bits 1-2: temporality; then the above
    signal::MergeKind merge() const {
      return static_cast<signal::MergeKind>(flags.load(std::memory_order_relaxed) & kMergeBit);
    }
    signal::Temporality temporality() const {
      return static_cast<signal::Temporality>(
          (flags.load(std::memory_order_relaxed) >> kTemporalityShift) & kTemporalityMask);
    }
  };
  struct Times {
    std::atomic<int64_t> first_ms;
    std::atomic<int64_t> last_ms;
  };
  struct Block {
    std::array<Entry, kBlockIds> entries;
    std::array<Times, kBlockIds> times;
    std::vector<PairId> pair_ids;
    uint32_t series = 0;
  };
  struct Pair {
    std::string_view bytes;  // canonical form of this one label, in the arena; empty: not in use
    uint32_t name = 0;       // row of names_
    uint32_t arena = 0;      // row of arena_
    uint32_t place = 0;      // in Name::pairs
    uint32_t tag = 0;        // of its slot
    uint32_t series = 0;     // that have it; its postings may list some that have left, too
    Postings postings;
    std::string_view value() const;
  };
  struct Name {
    std::string name;
    std::vector<PairId> pairs;
  };
  // A slot is looked for from the low bits of its tag on, so that it can be moved without the
  // series being looked at.
  struct Slot {
    uint32_t tag = 0;  // the low half of the series' hash_low
    uint32_t id_plus_1 = 0;
  };
  // A piece of the arena goes when nothing in it is used any more.
  struct ArenaPiece {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
    size_t live = 0;
  };
  const Block* block_of(SeriesId id) const {
    const size_t number = id / kBlockIds;
    return number < blocks_.size() ? blocks_[number].get() : nullptr;
  }
  Block* block_of(SeriesId id) {
    const size_t number = id / kBlockIds;
    return number < blocks_.size() ? blocks_[number].get() : nullptr;
  }
  // Only for ids that exist.
  const Entry& entry_of(SeriesId id) const {
    return blocks_[id / kBlockIds]->entries[id % kBlockIds];
  }
  Entry& entry_of(SeriesId id) { return blocks_[id / kBlockIds]->entries[id % kBlockIds]; }
  Times& times_at(SeriesId id) { return blocks_[id / kBlockIds]->times[id % kBlockIds]; }
  const Times& times_at(SeriesId id) const {
    return blocks_[id / kBlockIds]->times[id % kBlockIds];
  }
  std::span<const PairId> pairs_of(SeriesId id) const {
    const Block& block = *blocks_[id / kBlockIds];
    const Entry& entry = block.entries[id % kBlockIds];
    return std::span(block.pair_ids).subspan(entry.pairs, entry.pair_count);
  }
  template <class Visit>
  void visit_one(SeriesId id, std::string& canonical, Visit& visit) const;
  bool has_flag(SeriesId id, uint8_t flag) const {
    return exists(id) && (entry_of(id).flags.load(std::memory_order_relaxed) & flag) != 0;
  }
  ScopeId find_scope_locked(const signal::Scope& scope) const;
  Status define(const SeriesDefinition& definition, const Hash128& key);
  bool same(SeriesId id, std::string_view canonical) const;
  void put(SeriesId id, const Hash128& hash, const std::vector<std::string_view>& labels,
           ScopeId scope, signal::MergeKind merge, signal::Temporality temporality);
  Block& make_block(SeriesId id);
  void remove(SeriesId id);
  void remove_slot(SeriesId id);
  void leave_pair(PairId pair);
  PairId pair_id(std::string_view label_bytes);
  PairId make_pair(std::string_view label_bytes, uint32_t tag);
  void insert_pair_slot(uint32_t tag, PairId id);
  void remove_pair_slot(PairId id);
  size_t pair_slot_mask() const { return pair_slots_.size() - 1; }
  uint32_t name_id(std::string_view name);
  void keep_bytes(Pair& pair, std::string_view bytes);
  void insert_slot(uint32_t tag, SeriesId id);
  uint32_t home_of(const Hash128& hash) const {
    return static_cast<uint32_t>(hash.low) & slot_mask_;
  }
  void grow_slots();
  void append_canonical(SeriesId id, std::string& out) const;
  // Selection (series_select.cpp).
  struct Filter;
  Result<std::vector<Filter>> filters_of(const SeriesSelector& selector) const;
  std::vector<SeriesId> candidates(std::vector<Filter>& filters) const;
  void append_wanted(SeriesId id, const std::vector<uint32_t>& names, std::string& out) const;
  bool passes(SeriesId id, const std::vector<Filter>& filters,
              const SeriesSelector& selector) const;
  bool has_exact_names(SeriesId id, const std::vector<std::string>& names) const;
  PairId pair_of(SeriesId id, uint32_t name) const;

  SeriesHash hasher_;
  mutable std::shared_mutex table_mutex_;
  std::atomic<SeriesId> size_{0};
  std::atomic<uint64_t> series_count_{0};
  std::vector<std::unique_ptr<Block>> blocks_;
  size_t blocks_used_ = 0;
  size_t pair_id_bytes_ = 0;  // of all blocks
  std::vector<Slot> slots_;
  uint32_t slot_mask_ = 0;
  uint64_t slots_used_ = 0;
  Chunked<Pair, 1024> pairs_;
  std::vector<PairId> free_pairs_;
  // Pairs by the hash of their bytes, open addressing; a place's id is one more.
  struct PairSlot {
    uint32_t tag = 0;  // low half of the hash
    uint32_t id_plus_1 = 0;
  };
  std::vector<PairSlot> pair_slots_;
  size_t pair_slots_used_ = 0;
  std::deque<Name> names_;
  std::unordered_map<std::string_view, uint32_t> name_index_;
  std::vector<ArenaPiece> arena_;
  size_t arena_used_ = 0;   // of the last piece
  size_t arena_bytes_ = 0;  // of all
  std::vector<signal::Scope> scopes_;
  std::vector<std::array<Hash128, 2>> scope_masks_;
  std::vector<size_t> account_of_;        // by scope: row of account_series_
  std::vector<uint64_t> account_series_;  // by account
  std::vector<std::string_view> labels_;  // of the series being defined; its room is used again
  std::vector<SeriesId> kept_;
  uint64_t undurable_ = 0;
};

template <class Visit>
void SeriesTable::visit_one(SeriesId id, std::string& canonical, Visit& visit) const {
  canonical.clear();
  append_canonical(id, canonical);
  const Entry& entry = entry_of(id);
  visit(SeriesDefinition{id, scopes_[entry.scope], entry.merge(), entry.temporality(), canonical});
}

template <class Visit>
void SeriesTable::visit_definitions(SeriesId begin, SeriesId end, Visit visit) const {
  std::shared_lock lock(table_mutex_);
  std::string canonical;
  for (SeriesId id = next(begin); id < end; id = next(id + 1)) visit_one(id, canonical, visit);
}

template <class Visit>
void SeriesTable::visit_each(std::span<const SeriesId> ids, Visit visit) const {
  std::shared_lock lock(table_mutex_);
  std::string canonical;
  for (SeriesId id : ids) visit_one(id, canonical, visit);
}

template <class Visit, class End>
void SeriesTable::visit_rows(std::span<const SeriesId> ids, Visit visit, End end) const {
  std::shared_lock lock(table_mutex_);
  for (SeriesId id : ids) {
    if (!exists(id)) continue;
    const Entry& entry = entry_of(id);
    visit(Row{id, &scopes_[entry.scope], entry.merge(), entry.temporality(),
              times_at(id).first_ms.load(std::memory_order_relaxed),
              times_at(id).last_ms.load(std::memory_order_relaxed), pairs_of(id)});
  }
  end();
}

}  // namespace kansoku::store::metrics
