// The series that had no point lately, over all cold segments: which ids they have, whether a
// series may be among them, and selection by matchers. A snapshot: changes make a new one.
//
// In memory stand two bits for each id ever given, 1.5 to 3 bytes a series for the filter, and some
// numbers a chunk; everything else is read when it is asked for. Thread contract: ColdIndex is
// immutable and free-threaded; ColdReader has one owner.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "store/metrics/cold_segment.h"

namespace kansoku::store::metrics {

// Says no for most of what was never added, and never no for what was.
class ColdFilter {
 public:
  explicit ColdFilter(uint64_t keys_max);
  void add(uint64_t hash);
  bool may_have(uint64_t hash) const;
  void prefetch(uint64_t hash) const { __builtin_prefetch(&words_[block_of(hash)]); }
  uint64_t keys_max() const { return keys_max_; }
  size_t memory_bytes() const { return words_.size() * sizeof(uint64_t); }

 private:
  size_t block_of(uint64_t hash) const { return (hash >> 32) * blocks_ >> 32 << 3; }
  uint64_t keys_max_;
  uint64_t blocks_;
  std::vector<uint64_t> words_;
};

class ColdIndex {
 public:
  struct Part {
    std::shared_ptr<const ColdSegment> segment;
    // Ids, ascending, of rows for which a newer segment has another.
    std::shared_ptr<const std::vector<SeriesId>> superseded;
    bool counts(SeriesId id) const;
  };

  // The segments in ascending order of their ids. Reads the ids and hashes of all.
  static Result<std::shared_ptr<const ColdIndex>> build(
      std::vector<std::shared_ptr<const ColdSegment>> segments);
  // This one and a newer segment.
  Result<std::shared_ptr<const ColdIndex>> with(std::shared_ptr<const ColdSegment> segment) const;

  const std::vector<Part>& parts() const { return parts_; }
  bool empty() const { return parts_.empty(); }
  // A row of this id is here, be it gone.
  bool contains(SeriesId id) const { return has_bit(*ids_, id); }
  // How the series merges; nothing when no row of this id is here.
  std::optional<signal::MergeKind> find_merge(SeriesId id) const {
    if (!contains(id)) return std::nullopt;
    return has_bit(*accumulating_, id) ? signal::MergeKind::Accumulate : signal::MergeKind::Replace;
  }
  // The scope of all of them; null when there are several.
  const signal::Scope* only_scope() const;
  // One past the highest id.
  SeriesId ids_end() const;
  bool may_have(uint64_t hash) const { return filter_ && filter_->may_have(hash); }
  void prefetch(uint64_t hash) const {
    if (filter_) filter_->prefetch(hash);
  }
  // Rows that count, those that are gone among them.
  uint64_t rows() const { return rows_; }
  size_t memory_bytes() const;
  // In no order. DataLoss when a page that may have an answer is damaged.
  Result<std::vector<SeriesInfo>> select(const SeriesSelector& selector, PageCache* cache) const;

 private:
  using Bits = std::vector<uint64_t>;
  static bool has_bit(const Bits& bits, SeriesId id) {
    return id / 64 < bits.size() && (bits[id / 64] >> (id % 64) & 1) != 0;
  }
  std::vector<Part> parts_;
  std::shared_ptr<const Bits> ids_ = std::make_shared<Bits>();
  std::shared_ptr<const Bits> accumulating_ = std::make_shared<Bits>();
  std::shared_ptr<const ColdFilter> filter_;
  uint64_t rows_ = 0;
};

// Reads single rows; keeps the chunks that it read last, as who asks for one series asks for its
// neighbours.
class ColdReader {
 public:
  explicit ColdReader(PageCache* cache) : cache_(cache) {}
  struct Found {
    ColdRow row;
    signal::Scope scope;
    std::string canonical;
  };
  // The row of that series, or of that id; nothing when there is none or it is gone.
  Result<std::optional<Found>> find(const ColdIndex& index, uint64_t hash,
                                    const signal::Scope& scope, signal::MergeKind merge,
                                    std::string_view canonical);
  Result<std::optional<Found>> find(const ColdIndex& index, SeriesId id);
  // Without its labels.
  Result<std::optional<std::pair<ColdRow, const signal::Scope*>>> find_row(const ColdIndex& index,
                                                                           SeriesId id);

 private:
  struct Decoded {
    std::shared_ptr<const ColdSegment> segment;
    size_t number = 0;
    std::shared_ptr<const std::string> page;
    ColdDictionary dictionary;
    std::vector<ColdRow> rows;
    std::vector<uint32_t> begins;  // of each row in pairs, and the end
    std::vector<uint32_t> pairs;
  };
  static constexpr size_t kChunksKept = 8;
  Result<const Decoded*> chunk(const std::shared_ptr<const ColdSegment>& segment, size_t number);
  static std::string canonical_of(const Decoded& chunk, size_t row);

  PageCache* cache_;
  std::unique_ptr<codec::Decompressor> decompressor_ = std::make_unique<codec::Decompressor>();
  std::list<Decoded> chunks_;  // asked for last first
};

// What has to be known of series to read their points, hot or cold; cheapest for ascending ids.
// Thread contract: one owner.
class SeriesKinds {
 public:
  // `current`: the index as it is now.
  using Current = std::function<std::shared_ptr<const ColdIndex>()>;
  SeriesKinds(const SeriesTable& table, Current current, PageCache* cache)
      : table_(&table), current_(std::move(current)), reader_(cache) {}
  SeriesKind find(SeriesId id);
  // Cheaper where the scope does not matter; nothing for a series that is nowhere.
  std::optional<signal::MergeKind> find_merge(SeriesId id);

 private:
  SeriesKind& in_table(SeriesId id);

  static constexpr SeriesId kNone = std::numeric_limits<SeriesId>::max();
  const SeriesTable* table_;
  Current current_;
  std::shared_ptr<const ColdIndex> cold_;
  const signal::Scope* only_scope_ = nullptr;
  ColdReader reader_;
  SeriesId begin_ = kNone;  // of the block at hand
  std::array<SeriesKind, SeriesTable::kBlockIds> block_{};
};

}  // namespace kansoku::store::metrics
