// What the series of a tenant are made of, and which of them nobody reads.
//
// Pure functions over what select() gave. Thread contract: free functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/metric_store.h"

namespace kansoku::store {

struct CardinalityOptions {
  // Rows of each list; the rest only counts in the totals.
  size_t rows_max = 10;
  // A name counts as unread when none of its series was read at or after this time.
  int64_t read_since_ms = 0;
};

struct NameRow {
  std::string name;
  uint64_t series = 0;
  int64_t last_read_ms = 0;  // of its series' newest; 0: never
  int64_t last_ms = 0;       // newest point
};
struct LabelRow {
  std::string name;
  uint64_t series = 0;  // that have it
  uint64_t values = 0;
  uint64_t value_bytes = 0;  // of distinct values
};
struct PairRow {
  std::string name;
  std::string value;
  uint64_t series = 0;
};

struct Cardinality {
  uint64_t series = 0;
  uint64_t names = 0;
  uint64_t labels = 0;
  uint64_t pairs = 0;
  int64_t first_ms = 0;  // oldest and newest point; 0 without series
  int64_t last_ms = 0;
  std::vector<NameRow> by_name;           // most series first
  std::vector<LabelRow> by_label_values;  // most values first
  std::vector<LabelRow> by_label_bytes;   // most bytes first
  std::vector<PairRow> by_pair;           // most series first
  uint64_t unread_series = 0;             // of unread names
  uint64_t unread_names = 0;
  std::vector<NameRow> unread;  // most series first
};

// `last_read_ms`: one a series, or empty where it is not known (nothing is unread then).
Cardinality count_cardinality(const std::vector<SeriesInfo>& series,
                              std::span<const int64_t> last_read_ms,
                              const CardinalityOptions& options);

}  // namespace kansoku::store
