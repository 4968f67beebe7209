// The series of a data directory and the index over their labels.
//
// A series is 24 bytes, its labels as ids of (name, value) pairs (4 bytes each; pairs are kept
// once, as the bytes they have in canonical form), its times, a slot in an open-addressing table,
// and a delta in the postings of each of its pairs. Looking up a known series hashes its canonical
// bytes and compares them pair by pair: nothing is parsed or allocated. Ids are dense and live as
// long as the data directory. Thread contract: one writer (the engine's drain), which looks up
// without a lock; add() and load() take the table's lock alone; readers (select, labels) share it.
// Times are atomics.
#pragma once

#include <array>
#include <atomic>
#include <map>
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
                signal::MergeKind merge) const;
  // Whether `id` is this series: cheaper than to look it up, for those who guess well.
  bool is(SeriesId id, const Hash128& hash, std::string_view canonical, ScopeId scope,
          signal::MergeKind merge) const;
  // Keeps readers away while series are added: for some hundred of them, not for each, which would
  // wake a waiting reader each time.
  std::unique_lock<std::shared_mutex> lock_for_adding() { return std::unique_lock(table_mutex_); }
  // Makes the series, under that lock; the caller has seen that it is not there. InvalidArgument
  // for labels that are not canonical or too many.
  Result<SeriesId> add(const Hash128& hash, std::string_view canonical, ScopeId scope,
                       signal::MergeKind merge, signal::Temporality temporality);
  // From the log or the series file: does nothing when this id has this series already; DataLoss
  // when it has another one. Ids may come with gaps (a series whose definition never became
  // durable).
  Status define(const SeriesDefinition& definition);
  // Many at once, which is cheaper.
  Status define(std::span<const SeriesDefinition> definitions);
  // Room for about as many series.
  void reserve(size_t series);
  uint64_t series_of_account(ScopeId scope) const;
  const std::string& account_of(ScopeId scope) const { return scopes_[scope].account; }
  void note_time(SeriesId id, int64_t ms) { note_times(id, ms, ms); }
  void note_times(SeriesId id, int64_t first_ms, int64_t last_ms);
  // After points were deleted; a series of which nothing is left is not selected until the next.
  void set_times(SeriesId id, int64_t first_ms, int64_t last_ms);
  void forget_times(SeriesId id);
  // False for a series without points.
  bool times_of(SeriesId id, int64_t& first_ms, int64_t& last_ms) const;

  SeriesId size() const { return size_.load(std::memory_order_acquire); }
  // On the writer; others use find_merge().
  bool exists(SeriesId id) const { return id < size() && entries_[id].pair_count != Entry::kGap; }

  // Either side.
  // How `id` merges; nothing for a gap.
  std::optional<signal::MergeKind> find_merge(SeriesId id) const {
    std::shared_lock lock(table_mutex_);
    if (!exists(id)) return std::nullopt;
    return static_cast<signal::MergeKind>(entries_[id].flags & 1);
  }
  // Only for ids that exist.
  SeriesDefinition definition(SeriesId id, std::string& canonical) const;
  Result<std::vector<SeriesInfo>> select(const SeriesSelector& selector, Unseen unseen) const;
  // How `id` merges; nothing when it is not a series of this scope (scans never cross tenants).
  std::optional<signal::MergeKind> merge_in_scope(SeriesId id, const signal::Scope& scope) const;
  uint64_t series_count() const { return series_count_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const;

 private:
  struct Entry {
    static constexpr uint8_t kGap = 0xff;
    uint64_t hash_low = 0;
    uint32_t pairs = 0;  // index in pair_ids_
    ScopeId scope = 0;
    uint8_t pair_count = kGap;
    uint8_t flags = 0;  // bit 0: merge kind; bits 1-2: temporality
  };
  struct Times {
    std::atomic<int64_t> first_ms;
    std::atomic<int64_t> last_ms;
  };
  struct Pair {
    std::string_view bytes;  // canonical form of this one label, in the arena
    uint32_t name = 0;       // row of names_
    Postings postings;
    std::string_view value() const;
  };
  struct Name {
    std::string_view name;
    std::vector<PairId> pairs;
  };
  struct Slot {
    uint32_t tag = 0;
    uint32_t id_plus_1 = 0;
  };
  Status define(const SeriesDefinition& definition, const Hash128& key);

  bool same(const Entry& entry, std::string_view canonical) const;
  void put(SeriesId id, const Hash128& hash, const std::vector<std::string_view>& labels,
           ScopeId scope, signal::MergeKind merge, signal::Temporality temporality);
  PairId pair_id(std::string_view label_bytes);
  uint32_t name_id(std::string_view name);
  std::string_view keep(std::string_view bytes);
  void insert_slot(uint64_t hash_low, uint32_t tag, SeriesId id);
  void grow_slots();
  void append_canonical(const Entry& entry, std::string& out) const;
  // Selection (series_select.cpp).
  struct Filter;
  Result<std::vector<Filter>> filters_of(const SeriesSelector& selector) const;
  std::vector<SeriesId> candidates(std::vector<Filter>& filters) const;
  void append_wanted(const Entry& entry, const std::vector<uint32_t>& names,
                     std::string& out) const;
  bool passes(const Entry& entry, const std::vector<Filter>& filters,
              const SeriesSelector& selector) const;
  bool has_exact_names(const Entry& entry, const std::vector<std::string>& names) const;
  PairId pair_of(const Entry& entry, uint32_t name) const;

  SeriesHash hasher_;
  mutable std::shared_mutex table_mutex_;
  std::atomic<SeriesId> size_{0};
  std::atomic<uint64_t> series_count_{0};
  Chunked<Entry, 4096> entries_;
  Chunked<Times, 4096> times_;
  Chunked<uint32_t, 16384> pair_ids_;
  std::vector<Slot> slots_;
  uint32_t slot_mask_ = 0;
  uint64_t slots_used_ = 0;
  Chunked<Pair, 1024> pairs_;
  std::unordered_map<std::string_view, PairId> pair_index_;
  std::vector<Name> names_;
  std::unordered_map<std::string_view, uint32_t> name_index_;
  std::vector<std::unique_ptr<char[]>> arena_;
  size_t arena_used_ = 0;
  size_t arena_bytes_ = 0;
  std::vector<signal::Scope> scopes_;
  std::vector<std::array<Hash128, 2>> scope_masks_;
  std::map<std::string, uint64_t> account_series_;
  std::vector<std::string_view> labels_;  // of the series being defined; its room is used again
};

}  // namespace kansoku::store::metrics
