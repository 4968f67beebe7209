// Rows of exemplars as bytes, in log records and in blocks of the file (docs/formats/exemplars.md):
// one account, its regions and series, and the rows that refer to them.
// Thread contract: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace kansoku::store::exemplars {

// The views need not outlive the call that takes them.
struct SeriesName {
  std::string_view region;
  std::string_view labels;  // canonical
};
struct Row {
  int64_t timestamp_ms = 0;
  double value = 0;
  std::string_view labels;  // canonical: trace_id, span_id ...
};

class RowsEncoder {
 public:
  // `series_key` tells series apart: the same key, the same series.
  void add(uint64_t series_key, const SeriesName& series, const Row& row);
  size_t rows() const { return rows_; }
  // About what append_to() will append.
  size_t bytes() const { return series_bytes_.size() + row_bytes_.size(); }
  // And empties it.
  void append_to(std::string_view account, std::string& out);

 private:
  uint32_t region_of(std::string_view region);

  std::vector<std::string> regions_;
  std::unordered_map<uint64_t, uint32_t> series_;
  std::string series_bytes_;
  std::string row_bytes_;
  size_t rows_ = 0;
  int64_t previous_ms_ = 0;
};

// Views into the bytes that were decoded.
struct DecodedRows {
  std::string_view account;
  std::vector<std::string_view> regions;
  std::vector<SeriesName> series;
  struct Item {
    uint32_t series = 0;
    Row row;
  };
  std::vector<Item> rows;
};
// DataLoss when the bytes are not rows.
Status decode_rows(std::string_view bytes, DecodedRows& out);

inline constexpr uint8_t kRecordVersion = 1;
// A payload of the log: the version, then rows.
Status decode_record(std::string_view payload, DecodedRows& out);

}  // namespace kansoku::store::exemplars
