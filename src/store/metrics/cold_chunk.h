// Some thousand series that had no point lately, as two pages of a cold segment
// (docs/formats/cold-segment.md): a dictionary of their labels, by name and value, with the rows
// that have each; and the rows. A selector that finds nothing in the dictionary leaves the rows
// unread. Thread contract: the writer has one owner; ColdDictionary is a view of its page's bytes.
#pragma once

#include <array>
#include <bitset>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/metrics/series_table.h"

namespace kansoku::store::metrics {

inline constexpr size_t kChunkRows = 4096;
using RowSet = std::bitset<kChunkRows>;

// A series in a chunk.
struct ColdRow {
  SeriesId id = 0;
  uint32_t scope = 0;  // row of the segment's scopes
  signal::MergeKind merge = signal::MergeKind::Replace;
  signal::Temporality temporality = signal::Temporality::Gauge;
  // Everything of it was deleted: it is only here so that an older row of it does not count.
  bool gone = false;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
};

// Collects rows with ascending ids.
class ColdChunkBuilder {
 public:
  // `keys` name the pairs of the row; what they stand for is asked of take(). A gone row has none.
  void add(const ColdRow& row, std::span<const uint32_t> keys);
  bool full() const { return rows_.size() == kChunkRows; }
  size_t rows() const { return rows_.size(); }
  // What stands in the segment's footer.
  struct Summary {
    SeriesId first_id = 0;
    SeriesId last_id = 0;
    uint32_t rows = 0;
    int64_t min_ms = 0;  // over rows that are not gone
    int64_t max_ms = 0;
  };
  // Writes the pages and starts anew. `bytes_of(key)`: the canonical bytes of that one label.
  Summary take(const std::function<std::string_view(uint32_t)>& bytes_of, std::string& dictionary,
               std::string& rows);

 private:
  struct Added {
    ColdRow row;
    uint32_t begin = 0;  // in pairs_
    uint32_t count = 0;
  };
  void write_dictionary(std::span<const signal::LabelView> sorted,
                        std::span<const uint32_t> rank_of, std::string& out) const;
  void write_rows(const Summary& summary, std::span<const uint32_t> rank_of,
                  std::string& out) const;

  std::vector<Added> rows_;
  std::vector<uint32_t> pairs_;  // as numbers of this chunk, in the order of first use
  std::vector<uint32_t> keys_;   // by number
  std::unordered_map<uint32_t, uint32_t> number_of_;
};

// The dictionary page, read.
class ColdDictionary {
 public:
  // False when the bytes are no dictionary of `rows` rows.
  bool parse(std::string_view page, size_t rows);
  struct Value {
    std::string_view value;
    uint32_t name = 0;  // row of names()
    uint32_t count = 0;
    std::string_view postings;
  };
  const std::vector<std::string_view>& names() const { return names_; }
  // By name and value; a pair is known by its place here.
  const std::vector<Value>& values() const { return values_; }
  // The places of a name's values.
  std::pair<size_t, size_t> range_of(std::string_view name) const;
  // Adds the rows that have the pair; false when the postings are damaged.
  bool rows_of(const Value& value, RowSet& out) const;
  void append_label(uint32_t pair, std::string& out) const;

 private:
  size_t rows_ = 0;
  std::vector<std::string_view> names_;
  std::vector<size_t> begins_;  // of each name in values_, and the end
  std::vector<Value> values_;
};

// Calls visit(const ColdRow&, span of places of pairs) for each row; false when the bytes are no
// rows of that chunk. A visitor that says false ends it early.
using ColdRowVisitor = std::function<bool(size_t, const ColdRow&, std::span<const uint32_t>)>;
bool visit_cold_rows(std::string_view page, const ColdChunkBuilder::Summary& summary,
                     size_t pairs_max, const ColdRowVisitor& visit);

}  // namespace kansoku::store::metrics
