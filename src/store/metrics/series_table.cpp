#include "store/metrics/series_table.h"

#include "base/bytes.h"
#include "base/check.h"
#include "signal/labels.h"

namespace kansoku::store::metrics {
namespace {

constexpr size_t kArenaBytes = 64 * 1024;
constexpr size_t kSlotsMin = 1024;
constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

// The labels of canonical bytes as the byte ranges of each; false when they are not canonical:
// names must ascend and values must not be empty.
bool split_labels(std::string_view canonical, std::vector<std::string_view>& out) {
  std::string_view previous;
  const char* begin = canonical.data();
  bool good = true;
  bool whole = signal::visit_labels(canonical, [&](signal::LabelView label) {
    const char* end = label.value.data() + label.value.size();
    if (label.value.empty() || (!out.empty() && label.name <= previous)) good = false;
    out.push_back({begin, static_cast<size_t>(end - begin)});
    begin = end;
    previous = label.name;
  });
  return whole && good;
}

std::string_view name_of(std::string_view label_bytes) {
  const char* at = label_bytes.data();
  uint64_t n = 0;
  KANSOKU_CHECK(read_varint(at, at + label_bytes.size(), n));
  return {at, n};
}

}  // namespace

std::string_view SeriesTable::Pair::value() const {
  std::string_view label = name_of(bytes);
  const char* at = label.data() + label.size();
  const char* end = bytes.data() + bytes.size();
  uint64_t n = 0;
  KANSOKU_CHECK(read_varint(at, end, n));
  return {at, n};
}

SeriesTable::SeriesTable(std::string_view secret) {
  hasher_.init(secret);
  slots_.resize(kSlotsMin);
  slot_mask_ = kSlotsMin - 1;
}

ScopeId SeriesTable::scope_id(const signal::Scope& scope) {
  for (size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i] == scope) return static_cast<ScopeId>(i);
  }
  std::unique_lock lock(table_mutex_);
  // A scope is an account in a region; 65,536 of them are more than one server can hold.
  KANSOKU_CHECK(scopes_.size() < std::numeric_limits<ScopeId>::max());
  scopes_.push_back(scope);
  scope_masks_.push_back({hasher_.scope_mask(scope, signal::MergeKind::Replace),
                          hasher_.scope_mask(scope, signal::MergeKind::Accumulate)});
  return static_cast<ScopeId>(scopes_.size() - 1);
}

Hash128 SeriesTable::hash(std::string_view canonical, ScopeId scope,
                          signal::MergeKind merge) const {
  Hash128 hash = hasher_.labels(canonical);
  const Hash128& mask = scope_masks_[scope][static_cast<size_t>(merge)];
  return {hash.low ^ mask.low, hash.high ^ mask.high};
}

void SeriesTable::prefetch_slot(const Hash128& hash) const {
  __builtin_prefetch(&slots_[hash.low & slot_mask_]);
}

void SeriesTable::prefetch_entry(const Hash128& hash) const {
  const Slot& slot = slots_[hash.low & slot_mask_];
  if (slot.id_plus_1 != 0) __builtin_prefetch(&entries_[slot.id_plus_1 - 1]);
}

namespace {

// Labels are short: words beat a call. The last word overlaps the one before.
bool same_bytes(const char* a, const char* b, size_t n) {
  if (n < 8) {
    for (size_t i = 0; i < n; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  for (size_t i = 0; i + 8 < n; i += 8) {
    if (load_le<uint64_t>(a + i) != load_le<uint64_t>(b + i)) return false;
  }
  return load_le<uint64_t>(a + n - 8) == load_le<uint64_t>(b + n - 8);
}

}  // namespace

bool SeriesTable::same(const Entry& entry, std::string_view canonical) const {
  const char* at = canonical.data();
  size_t left = canonical.size();
  const uint32_t* ids = &pair_ids_[entry.pairs];
  for (uint8_t i = 0; i < entry.pair_count; ++i) {
    std::string_view bytes = pairs_[ids[i]].bytes;
    if (bytes.size() > left || !same_bytes(at, bytes.data(), bytes.size())) return false;
    at += bytes.size();
    left -= bytes.size();
  }
  return left == 0;
}

SeriesId SeriesTable::find(const Hash128& hash, std::string_view canonical, ScopeId scope,
                           signal::MergeKind merge) const {
  auto tag = static_cast<uint32_t>(hash.high);
  for (uint32_t at = static_cast<uint32_t>(hash.low) & slot_mask_;; at = (at + 1) & slot_mask_) {
    const Slot& slot = slots_[at];
    if (slot.id_plus_1 == 0) return kNoSeries;
    if (slot.tag == tag && is(slot.id_plus_1 - 1, hash, canonical, scope, merge))
      return slot.id_plus_1 - 1;
  }
}

bool SeriesTable::is(SeriesId id, const Hash128& hash, std::string_view canonical, ScopeId scope,
                     signal::MergeKind merge) const {
  if (id >= size()) return false;
  const Entry& entry = entries_[id];
  return entry.pair_count != Entry::kGap && entry.hash_low == hash.low && entry.scope == scope &&
         (entry.flags & 1) == static_cast<uint8_t>(merge) && same(entry, canonical);
}

Result<SeriesId> SeriesTable::add(const Hash128& hash, std::string_view canonical, ScopeId scope,
                                  signal::MergeKind merge, signal::Temporality temporality) {
  if (canonical.size() > kLabelBytesMax) {
    return invalid_argument("labels too long: {} bytes, limit {}", canonical.size(),
                            kLabelBytesMax);
  }
  std::vector<std::string_view> labels;
  if (!split_labels(canonical, labels)) return invalid_argument("labels are not canonical");
  if (labels.size() > kLabelsMax) {
    return invalid_argument("too many labels: {}, limit {}", labels.size(), kLabelsMax);
  }
  SeriesId id = size();
  if (id >= std::numeric_limits<uint32_t>::max() - 1) {
    return resource_exhausted("too many series: {}", id);
  }
  put(id, hash, labels, scope, merge, temporality);
  return id;
}

void SeriesTable::reserve(size_t series) {
  while (slots_.size() * 7 < series * 10) grow_slots();
}

Status SeriesTable::define(std::span<const SeriesDefinition> definitions) {
  std::vector<Hash128> keys;
  keys.reserve(definitions.size());
  for (const SeriesDefinition& d : definitions) {
    keys.push_back(hash(d.canonical, scope_id(d.scope), d.merge));
    prefetch_slot(keys.back());
  }
  for (size_t i = 0; i < definitions.size(); ++i)
    KANSOKU_RETURN_IF_ERROR(define(definitions[i], keys[i]));
  return {};
}

Status SeriesTable::define(const SeriesDefinition& d) {
  return define(d, hash(d.canonical, scope_id(d.scope), d.merge));
}

Status SeriesTable::define(const SeriesDefinition& d, const Hash128& key) {
  ScopeId scope = scope_id(d.scope);
  SeriesId known = find(key, d.canonical, scope, d.merge);
  if (known == d.id) return {};
  if (known != kNoSeries || exists(d.id)) {
    return corruption("series {} is defined twice", d.id);
  }
  std::vector<std::string_view>& labels = labels_;
  labels.clear();
  if (!split_labels(d.canonical, labels) || labels.size() > kLabelsMax ||
      d.id >= std::numeric_limits<uint32_t>::max() - 1 || d.id > size() + (1U << 24)) {
    return corruption("definition of series {} is not one", d.id);
  }
  std::unique_lock lock(table_mutex_);
  put(d.id, key, labels, scope, d.merge, d.temporality);
  return {};
}

void SeriesTable::put(SeriesId id, const Hash128& hash, const std::vector<std::string_view>& labels,
                      ScopeId scope, signal::MergeKind merge, signal::Temporality temporality) {
  size_t old = entries_.size();
  entries_.grow_to(id + 1);
  times_.grow_to(id + 1);
  for (size_t i = old; i <= id; ++i) {
    times_[i].first_ms.store(std::numeric_limits<int64_t>::max(), std::memory_order_relaxed);
    times_[i].last_ms.store(kNever, std::memory_order_relaxed);
  }
  Entry& entry = entries_[id];
  entry.hash_low = hash.low;
  entry.scope = scope;
  entry.pair_count = static_cast<uint8_t>(labels.size());
  entry.flags =
      static_cast<uint8_t>(static_cast<uint8_t>(merge) | (static_cast<uint8_t>(temporality) << 1));
  entry.pairs = static_cast<uint32_t>(pair_ids_.grow_together(std::max<size_t>(labels.size(), 1)));
  // Series of one target come one after another and share most of their labels.
  const Entry* before =
      id > 0 && entries_[id - 1].pair_count != Entry::kGap ? &entries_[id - 1] : nullptr;
  for (size_t i = 0; i < labels.size(); ++i) {
    PairId pair = 0;
    if (before != nullptr && i < before->pair_count &&
        pairs_[pair_ids_[before->pairs + i]].bytes == labels[i]) {
      pair = pair_ids_[before->pairs + i];
    } else {
      pair = pair_id(labels[i]);
    }
    pair_ids_[entry.pairs + i] = pair;
    pairs_[pair].postings.add(static_cast<uint32_t>(id));
  }
  ++account_series_[scopes_[scope].account];
  if ((slots_used_ + 1) * 10 > slots_.size() * 7) grow_slots();
  insert_slot(hash.low, static_cast<uint32_t>(hash.high), id);
  ++slots_used_;
  series_count_.fetch_add(1, std::memory_order_relaxed);
  if (id >= size()) size_.store(id + 1, std::memory_order_release);
}

void SeriesTable::insert_slot(uint64_t hash_low, uint32_t tag, SeriesId id) {
  uint32_t at = static_cast<uint32_t>(hash_low) & slot_mask_;
  while (slots_[at].id_plus_1 != 0) at = (at + 1) & slot_mask_;
  slots_[at] = {tag, static_cast<uint32_t>(id + 1)};
}

void SeriesTable::grow_slots() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  slot_mask_ = static_cast<uint32_t>(slots_.size() - 1);
  for (const Slot& slot : old) {
    if (slot.id_plus_1 == 0) continue;
    insert_slot(entries_[slot.id_plus_1 - 1].hash_low, slot.tag, slot.id_plus_1 - 1);
  }
}

std::string_view SeriesTable::keep(std::string_view bytes) {
  if (arena_.empty() || arena_used_ + bytes.size() > arena_bytes_) {
    arena_bytes_ = std::max(kArenaBytes, bytes.size());
    arena_.push_back(std::make_unique<char[]>(arena_bytes_));
    arena_used_ = 0;
  }
  char* at = arena_.back().get() + arena_used_;
  std::copy(bytes.begin(), bytes.end(), at);
  arena_used_ += bytes.size();
  return {at, bytes.size()};
}

PairId SeriesTable::pair_id(std::string_view label_bytes) {
  auto found = pair_index_.find(label_bytes);
  if (found != pair_index_.end()) return found->second;
  auto id = static_cast<PairId>(pairs_.size());
  pairs_.grow_to(id + 1);
  Pair& pair = pairs_[id];
  pair.bytes = keep(label_bytes);
  pair.name = name_id(name_of(pair.bytes));
  names_[pair.name].pairs.push_back(id);
  pair_index_.emplace(pair.bytes, id);
  return id;
}

// `name` must live in the arena.
uint32_t SeriesTable::name_id(std::string_view name) {
  auto [it, made] = name_index_.try_emplace(name, static_cast<uint32_t>(names_.size()));
  if (made) names_.push_back({name, {}});
  return it->second;
}

uint64_t SeriesTable::series_of_account(ScopeId scope) const {
  auto found = account_series_.find(scopes_[scope].account);
  return found == account_series_.end() ? 0 : found->second;
}

void SeriesTable::note_times(SeriesId id, int64_t first_ms, int64_t last_ms) {
  Times& times = times_[id];
  if (first_ms < times.first_ms.load(std::memory_order_relaxed)) {
    times.first_ms.store(first_ms, std::memory_order_relaxed);
  }
  if (last_ms > times.last_ms.load(std::memory_order_relaxed)) {
    times.last_ms.store(last_ms, std::memory_order_relaxed);
  }
}

void SeriesTable::set_times(SeriesId id, int64_t first_ms, int64_t last_ms) {
  times_[id].first_ms.store(first_ms, std::memory_order_relaxed);
  times_[id].last_ms.store(last_ms, std::memory_order_relaxed);
}

void SeriesTable::forget_times(SeriesId id) {
  set_times(id, std::numeric_limits<int64_t>::max(), kNever);
}

bool SeriesTable::times_of(SeriesId id, int64_t& first_ms, int64_t& last_ms) const {
  first_ms = times_[id].first_ms.load(std::memory_order_relaxed);
  last_ms = times_[id].last_ms.load(std::memory_order_relaxed);
  return last_ms != kNever;
}

void SeriesTable::append_canonical(const Entry& entry, std::string& out) const {
  for (uint8_t i = 0; i < entry.pair_count; ++i) out += pairs_[pair_ids_[entry.pairs + i]].bytes;
}

SeriesDefinition SeriesTable::definition(SeriesId id, std::string& canonical) const {
  std::shared_lock lock(table_mutex_);
  const Entry& entry = entries_[id];
  canonical.clear();
  append_canonical(entry, canonical);
  return {id, scopes_[entry.scope], static_cast<signal::MergeKind>(entry.flags & 1),
          static_cast<signal::Temporality>(entry.flags >> 1), canonical};
}

std::optional<signal::MergeKind> SeriesTable::merge_in_scope(SeriesId id,
                                                             const signal::Scope& scope) const {
  std::shared_lock lock(table_mutex_);
  if (!exists(id) || scopes_[entries_[id].scope] != scope) return std::nullopt;
  return static_cast<signal::MergeKind>(entries_[id].flags & 1);
}

size_t SeriesTable::memory_bytes() const {
  std::shared_lock lock(table_mutex_);
  size_t bytes = entries_.memory_bytes() + times_.memory_bytes() + pair_ids_.memory_bytes() +
                 slots_.size() * sizeof(Slot) + pairs_.memory_bytes() + arena_.size() * kArenaBytes;
  for (size_t i = 0; i < pairs_.size(); ++i) bytes += pairs_[i].postings.memory_bytes();
  return bytes + pair_index_.size() * 56;
}

}  // namespace kansoku::store::metrics
