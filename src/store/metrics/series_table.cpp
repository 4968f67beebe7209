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
  pair_slots_.resize(kSlotsMin);
}

ScopeId SeriesTable::scope_id(const signal::Scope& scope) {
  for (size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i] == scope) return static_cast<ScopeId>(i);
  }
  std::unique_lock lock(table_mutex_);
  // A scope is an account in a region; 65,536 of them are more than one server can hold.
  KANSOKU_CHECK(scopes_.size() < std::numeric_limits<ScopeId>::max());
  const auto same = std::ranges::find(scopes_, scope.account, &signal::Scope::account);
  const bool known = same != scopes_.end();
  account_of_.push_back(known ? account_of_[static_cast<size_t>(same - scopes_.begin())]
                              : account_series_.size());
  if (!known) account_series_.push_back(0);
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
  __builtin_prefetch(&slots_[home_of(hash)]);
}

void SeriesTable::prefetch_entry(const Hash128& hash) const {
  const Slot& slot = slots_[home_of(hash)];
  if (slot.id_plus_1 != 0) __builtin_prefetch(&entry_of(slot.id_plus_1 - 1));
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

bool SeriesTable::same(SeriesId id, std::string_view canonical) const {
  const char* at = canonical.data();
  size_t left = canonical.size();
  for (PairId pair : pairs_of(id)) {
    std::string_view bytes = pairs_[pair].bytes;
    if (bytes.size() > left || !same_bytes(at, bytes.data(), bytes.size())) return false;
    at += bytes.size();
    left -= bytes.size();
  }
  return left == 0;
}

SeriesId SeriesTable::find(const Hash128& hash, std::string_view canonical, ScopeId scope,
                           signal::MergeKind merge) {
  auto tag = static_cast<uint32_t>(hash.low);
  for (uint32_t at = home_of(hash);; at = (at + 1) & slot_mask_) {
    const Slot& slot = slots_[at];
    if (slot.id_plus_1 == 0) return kNoSeries;
    if (slot.tag == tag && is(slot.id_plus_1 - 1, hash, canonical, scope, merge))
      return slot.id_plus_1 - 1;
  }
}

bool SeriesTable::is(SeriesId id, const Hash128& hash, std::string_view canonical, ScopeId scope,
                     signal::MergeKind merge) {
  Block* block = block_of(id);
  if (block == nullptr) return false;
  Entry& entry = block->entries[id % kBlockIds];
  if (entry.pair_count == Entry::kGap || entry.hash_low != hash.low || entry.scope != scope ||
      entry.merge() != merge || !same(id, canonical)) {
    return false;
  }
  // Its points may come before it has left; what is known of it then is in the log.
  if (keep(id)) set_undurable(id);
  return true;
}

Result<SeriesId> SeriesTable::add(const Hash128& hash, std::string_view canonical, ScopeId scope,
                                  signal::MergeKind merge, signal::Temporality temporality) {
  if (canonical.size() > kLabelBytesMax) {
    return invalid_argument("labels too long: {} bytes, limit {}", canonical.size(),
                            kLabelBytesMax);
  }
  std::vector<std::string_view>& labels = labels_;
  labels.clear();
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
  const SeriesId known = find(key, d.canonical, scope, d.merge);
  if (known == d.id) return {};
  if (exists(d.id)) return corruption("series {} is defined twice", d.id);
  // Everything of the older one was deleted, or it would have kept its id.
  if (known != kNoSeries && mark_leaving(known)) (void)remove_leaving({&known, 1});
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

// Blocks follow the ids; those before it are full for good.
SeriesTable::Block& SeriesTable::make_block(SeriesId id) {
  const size_t number = id / kBlockIds;
  if (number >= blocks_.size()) {
    if (!blocks_.empty() && blocks_.back() != nullptr) {
      std::vector<PairId>& done = blocks_.back()->pair_ids;
      pair_id_bytes_ -= done.capacity() * sizeof(PairId);
      done.shrink_to_fit();
      pair_id_bytes_ += done.capacity() * sizeof(PairId);
    }
    blocks_.resize(number + 1);
  }
  std::unique_ptr<Block>& block = blocks_[number];
  if (block == nullptr) {
    block = std::make_unique<Block>();
    ++blocks_used_;
    for (Times& times : block->times) {
      times.first_ms.store(std::numeric_limits<int64_t>::max(), std::memory_order_relaxed);
      times.last_ms.store(kNever, std::memory_order_relaxed);
    }
  }
  return *block;
}

void SeriesTable::put(SeriesId id, const Hash128& hash, const std::vector<std::string_view>& labels,
                      ScopeId scope, signal::MergeKind merge, signal::Temporality temporality) {
  Block& block = make_block(id);
  Entry& entry = block.entries[id % kBlockIds];
  entry.hash_low = hash.low;
  entry.scope = scope;
  entry.pair_count = static_cast<uint8_t>(labels.size());
  entry.flags.store(static_cast<uint8_t>(static_cast<uint8_t>(merge) |
                                         (static_cast<uint8_t>(temporality) << kTemporalityShift)),
                    std::memory_order_relaxed);
  entry.pairs = static_cast<uint32_t>(block.pair_ids.size());
  if (block.pair_ids.size() + labels.size() > block.pair_ids.capacity()) {
    pair_id_bytes_ -= block.pair_ids.capacity() * sizeof(PairId);
    block.pair_ids.reserve(block.pair_ids.size() + block.pair_ids.size() / 4 + labels.size() + 32);
    pair_id_bytes_ += block.pair_ids.capacity() * sizeof(PairId);
  }
  // Series of one target come one after another and share most of their labels.
  const bool alike = id > 0 && exists(id - 1);
  const size_t shared = alike ? pairs_of(id - 1).size() : 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    PairId pair = 0;
    if (i < shared && pairs_[pairs_of(id - 1)[i]].bytes == labels[i]) {
      pair = pairs_of(id - 1)[i];
    } else {
      pair = pair_id(labels[i]);
    }
    block.pair_ids.push_back(pair);
    ++pairs_[pair].series;
    pairs_[pair].postings.add(static_cast<uint32_t>(id));
  }
  ++block.series;
  ++account_series_[account_of_[scope]];
  if ((slots_used_ + 1) * 10 > slots_.size() * 7) grow_slots();
  insert_slot(static_cast<uint32_t>(hash.low), id);
  ++slots_used_;
  series_count_.fetch_add(1, std::memory_order_relaxed);
  if (id >= size()) size_.store(id + 1, std::memory_order_release);
}

void SeriesTable::skip_to(SeriesId end) {
  if (end > size()) size_.store(end, std::memory_order_release);
}

Status SeriesTable::restore(const SeriesDefinition& d) {
  std::vector<std::string_view>& labels = labels_;
  labels.clear();
  if (!split_labels(d.canonical, labels) || labels.size() > kLabelsMax || d.id >= size() ||
      exists(d.id)) {
    return corruption("series {} cannot come back", d.id);
  }
  const ScopeId scope = find_scope_locked(d.scope);
  KANSOKU_CHECK(scope != SeriesKind::kNoScope);
  const Hash128 key = hash(d.canonical, scope, d.merge);
  // As in define().
  const SeriesId known = find(key, d.canonical, scope, d.merge);
  if (known != kNoSeries && mark_leaving(known)) remove(known);
  put(d.id, key, labels, scope, d.merge, d.temporality);
  return {};
}

SeriesId SeriesTable::next(SeriesId id) const {
  for (size_t number = id / kBlockIds; number < blocks_.size(); ++number) {
    const Block* block = blocks_[number].get();
    if (block == nullptr || block->series == 0) continue;
    for (SeriesId at = std::max<SeriesId>(id, number * kBlockIds); at < (number + 1) * kBlockIds;
         ++at) {
      if (block->entries[at % kBlockIds].pair_count != Entry::kGap) return at;
    }
  }
  return kNoSeries;
}

void SeriesTable::insert_slot(uint32_t tag, SeriesId id) {
  uint32_t at = tag & slot_mask_;
  while (slots_[at].id_plus_1 != 0) at = (at + 1) & slot_mask_;
  slots_[at] = {tag, static_cast<uint32_t>(id + 1)};
}

void SeriesTable::grow_slots() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  slot_mask_ = static_cast<uint32_t>(slots_.size() - 1);
  for (const Slot& slot : old) {
    if (slot.id_plus_1 == 0) continue;
    insert_slot(slot.tag, slot.id_plus_1 - 1);
  }
}

void SeriesTable::keep_bytes(Pair& pair, std::string_view bytes) {
  if (arena_.empty() || arena_used_ + bytes.size() > arena_.back().size) {
    const size_t size = std::max(kArenaBytes, bytes.size());
    arena_.push_back({std::make_unique<char[]>(size), size, 0});
    arena_bytes_ += size;
    arena_used_ = 0;
  }
  ArenaPiece& piece = arena_.back();
  char* at = piece.bytes.get() + arena_used_;
  std::copy(bytes.begin(), bytes.end(), at);
  arena_used_ += bytes.size();
  piece.live += bytes.size();
  pair.bytes = {at, bytes.size()};
  pair.arena = static_cast<uint32_t>(arena_.size() - 1);
}

PairId SeriesTable::pair_id(std::string_view label_bytes) {
  const auto tag = static_cast<uint32_t>(hasher_.bytes64(label_bytes));
  for (size_t at = tag & pair_slot_mask();; at = (at + 1) & pair_slot_mask()) {
    const PairSlot& slot = pair_slots_[at];
    if (slot.id_plus_1 == 0) return make_pair(label_bytes, tag);
    if (slot.tag == tag && pairs_[slot.id_plus_1 - 1].bytes == label_bytes)
      return slot.id_plus_1 - 1;
  }
}

PairId SeriesTable::make_pair(std::string_view label_bytes, uint32_t tag) {
  PairId id = 0;
  if (free_pairs_.empty()) {
    id = static_cast<PairId>(pairs_.size());
    pairs_.grow_to(id + 1);
  } else {
    id = free_pairs_.back();
    free_pairs_.pop_back();
  }
  Pair& pair = pairs_[id];
  keep_bytes(pair, label_bytes);
  pair.name = name_id(name_of(pair.bytes));
  pair.tag = tag;
  std::vector<PairId>& of_name = names_[pair.name].pairs;
  pair.place = static_cast<uint32_t>(of_name.size());
  of_name.push_back(id);
  insert_pair_slot(tag, id);
  return id;
}

void SeriesTable::insert_pair_slot(uint32_t tag, PairId id) {
  if ((pair_slots_used_ + 1) * 10 > pair_slots_.size() * 7) {
    std::vector<PairSlot> old(pair_slots_.size() * 2);
    old.swap(pair_slots_);
    pair_slots_used_ = 0;
    for (const PairSlot& slot : old) {
      if (slot.id_plus_1 != 0) insert_pair_slot(slot.tag, slot.id_plus_1 - 1);
    }
  }
  size_t at = tag & pair_slot_mask();
  while (pair_slots_[at].id_plus_1 != 0) at = (at + 1) & pair_slot_mask();
  pair_slots_[at] = {tag, id + 1};
  ++pair_slots_used_;
}

// Names are few and stay.
uint32_t SeriesTable::name_id(std::string_view name) {
  auto found = name_index_.find(name);
  if (found != name_index_.end()) return found->second;
  const auto id = static_cast<uint32_t>(names_.size());
  names_.push_back({std::string(name), {}});
  name_index_.emplace(names_.back().name, id);
  return id;
}

uint64_t SeriesTable::series_of_account(ScopeId scope) const {
  return account_series_[account_of_[scope]];
}

void SeriesTable::note_times(SeriesId id, int64_t first_ms, int64_t last_ms) {
  Times& times = times_at(id);
  if (first_ms < times.first_ms.load(std::memory_order_relaxed)) {
    times.first_ms.store(first_ms, std::memory_order_relaxed);
  }
  if (last_ms > times.last_ms.load(std::memory_order_relaxed)) {
    times.last_ms.store(last_ms, std::memory_order_relaxed);
  }
}

void SeriesTable::set_times(SeriesId id, int64_t first_ms, int64_t last_ms) {
  times_at(id).first_ms.store(first_ms, std::memory_order_relaxed);
  times_at(id).last_ms.store(last_ms, std::memory_order_relaxed);
}

void SeriesTable::forget_times(SeriesId id) {
  set_times(id, std::numeric_limits<int64_t>::max(), kNever);
}

bool SeriesTable::times_of(SeriesId id, int64_t& first_ms, int64_t& last_ms) const {
  if (!exists(id)) return false;
  first_ms = times_at(id).first_ms.load(std::memory_order_relaxed);
  last_ms = times_at(id).last_ms.load(std::memory_order_relaxed);
  return last_ms != kNever;
}

void SeriesTable::append_canonical(SeriesId id, std::string& out) const {
  for (PairId pair : pairs_of(id)) out += pairs_[pair].bytes;
}

SeriesDefinition SeriesTable::definition(SeriesId id, std::string& canonical) const {
  std::shared_lock lock(table_mutex_);
  const Entry& entry = entry_of(id);
  canonical.clear();
  append_canonical(id, canonical);
  return {id, scopes_[entry.scope], entry.merge(), entry.temporality(), canonical};
}

void SeriesTable::kinds(SeriesId begin, std::span<SeriesKind, kBlockIds> out) const {
  std::shared_lock lock(table_mutex_);
  const Block* block = block_of(begin);
  for (size_t i = 0; i < kBlockIds; ++i) {
    out[i] = {};
    if (block == nullptr || block->entries[i].pair_count == Entry::kGap) continue;
    out[i] = {block->entries[i].scope, block->entries[i].merge()};
  }
}

std::vector<signal::Scope> SeriesTable::scopes() const {
  std::shared_lock lock(table_mutex_);
  return scopes_;
}

ScopeId SeriesTable::find_scope(const signal::Scope& scope) const {
  std::shared_lock lock(table_mutex_);
  return find_scope_locked(scope);
}

ScopeId SeriesTable::find_scope_locked(const signal::Scope& scope) const {
  auto found = std::ranges::find(scopes_, scope);
  return found == scopes_.end() ? SeriesKind::kNoScope
                                : static_cast<ScopeId>(found - scopes_.begin());
}

size_t SeriesTable::memory_bytes() const {
  std::shared_lock lock(table_mutex_);
  size_t bytes = blocks_.capacity() * sizeof(blocks_[0]) + blocks_used_ * sizeof(Block) +
                 pair_id_bytes_ + slots_.size() * sizeof(Slot) + pairs_.memory_bytes() +
                 arena_bytes_;
  for (size_t i = 0; i < pairs_.size(); ++i) bytes += pairs_[i].postings.memory_bytes();
  return bytes + pair_slots_.size() * sizeof(PairSlot);
}

}  // namespace kansoku::store::metrics
