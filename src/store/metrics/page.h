// A page: runs of consecutive series of one resolution, compressed together (docs/formats/
// metric-part.md). Timestamps that several series share stand once. Thread contract: one owner.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/metric_store.h"
#include "store/metrics/column_codec.h"

namespace kansoku::store::metrics {

// What the pages of a part hold. Numbers are on disk.
enum class PageKind : uint8_t { Raw = 0, Tier60 = 1, Tier300 = 2, Tier3600 = 3, Times = 4 };
inline constexpr size_t kPageKinds = 5;

// A page is closed at this size: small enough that a damaged one or a read for a few series costs
// little, large enough for zstd.
inline constexpr size_t kPageRawBytes = 16 * 1024;
// Points of a run; longer series take several.
inline constexpr size_t kRunPoints = 4096;
// Values and buckets of a run, points included: cells with many of them take several runs, as one
// run is decoded at once.
inline constexpr size_t kRunValues = 32 * 1024;
inline constexpr size_t kPageRawBytesMax = 64U << 20;

struct PageInfo {
  PageKind kind = PageKind::Raw;
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;
  uint32_t raw_bytes = 0;
  uint32_t crc = 0;
  SeriesId first_id = 0;
  SeriesId last_id = 0;
  int64_t min_ms = 0;
  int64_t max_ms = 0;
  uint64_t points = 0;  // of a page of times: series
};

class PageBuilder {
 public:
  explicit PageBuilder(PageKind kind) { info_.kind = kind; }
  bool empty() const { return runs_ == 0; }
  size_t raw_bytes() const { return vectors_.size() + entries_.size(); }
  // Ids must not descend. Points [begin, end) of a settled series.
  void add(SeriesId id, const DecodedSeries& series, size_t begin, size_t end);
  // First and last time of a series (PageKind::Times).
  void add_times(SeriesId id, int64_t first_ms, int64_t last_ms);
  // The raw bytes; the builder is empty again afterwards.
  std::string take(PageInfo& info);

 private:
  uint32_t vector_row(std::span<const int64_t> timestamps_ms);
  void put_id(SeriesId id);
  void cover(int64_t first_ms, int64_t last_ms);

  PageInfo info_;
  uint64_t runs_ = 0;
  uint32_t vector_count_ = 0;
  std::string vectors_;
  std::string entries_;
  std::string coded_;
  std::string body_;
  std::vector<int64_t> last_times_;
  uint32_t last_row_ = 0;
  std::unordered_map<std::string, uint32_t> vector_rows_;
};

// Walks the runs of a page.
class PageReader {
 public:
  // False when the bytes are not a page.
  bool open(std::shared_ptr<const std::string> raw);
  // Moves to the next run; false at the end or (ok() false) on damage.
  bool next();
  bool ok() const { return ok_; }
  SeriesId id() const { return id_; }
  // Appends the points of the current run.
  bool read(DecodedSeries& out);
  // Of a page of times.
  bool read_times(int64_t& first_ms, int64_t& last_ms);
  // Times of the current run; empty when the page has none, which is damage outside a page of
  // times.
  std::span<const int64_t> timestamps_ms() const {
    if (row_ >= vectors_.size()) return {};
    return vectors_[row_];
  }

 private:
  std::shared_ptr<const std::string> raw_;
  std::vector<std::vector<int64_t>> vectors_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  uint64_t left_ = 0;
  SeriesId id_ = 0;
  size_t row_ = 0;
  std::string_view body_;
  bool first_ = true;
  bool ok_ = true;
};

}  // namespace kansoku::store::metrics
