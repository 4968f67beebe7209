// What stands in a block, read as far as it is asked for (docs/formats/event-part.md, "Block").
// Thread contract: one owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/events/block.h"
#include "store/events/block_pages.h"
#include "store/events/message_column.h"
#include "store/events/text_column.h"

namespace kansoku::store::events {

// The last four bytes of a block: "kbl" and the version. Blocks of version 1 are read, too; they
// have no minutes.
inline constexpr uint32_t kBlockMagic = 0x026c626bU;
inline constexpr uint32_t kBlockMagic1 = 0x016c626bU;
inline constexpr int64_t kMinuteNs = 60'000'000'000;
inline constexpr size_t kBlockTrailerBytes = 16;
// Of all texts of a block. Bounds what a damaged one makes of a few bytes.
inline constexpr uint64_t kBlockTextBytesMax = 1U << 30;

// A column that came with the events.
struct BlockColumn {
  std::string path;
  signal::ColumnType type = signal::ColumnType::Text;
  size_t values = 0;
  Chunk rows_chunk;  // where not all rows have a value
  Chunk numbers_chunk;
  int64_t min = 0;  // Int64
  int64_t max = 0;
  double min_float = 0;  // Float64, without NaN
  double max_float = 0;
  std::unique_ptr<TextColumn> texts;
  MessageColumn* message = nullptr;  // where `texts` are messages
  // Once loaded. Rows are empty where all have a value.
  std::vector<uint32_t> rows;
  std::vector<int64_t> integers;
  std::vector<double> floats;
  bool loaded = false;
};

class BlockImage {
 public:
  static Result<std::unique_ptr<BlockImage>> open(BlockBytes& bytes, uint64_t block_bytes);
  void set_pause(WorkPause* pause) { pages_.set_pause(pause); }

  size_t rows() const { return rows_; }
  int64_t min_ns() const { return min_ns_; }
  int64_t max_ns() const { return max_ns_; }
  uint64_t text_bytes() const { return text_bytes_; }
  // Made when they are asked for: a block may have very many, and a scan that rules it out asks
  // for none.
  const std::vector<StreamKey>& streams() const;
  // By stream: behind its last row.
  const std::vector<uint32_t>& stream_ends() const { return stream_ends_; }
  enum class System : uint8_t { Timestamp, Sequence, BatchRow, Ingested };
  static constexpr size_t kSystems = 4;
  Result<std::span<const int64_t>> system(System which);
  // Of these rows (ascending), by row.
  Result<std::vector<int64_t>> system(System which, std::span<const uint32_t> rows);
  // How many rows are of which minute since 1970, ascending, where there are many rows a minute.
  struct Minute {
    int64_t minute = 0;
    uint32_t rows = 0;
  };
  const std::vector<Minute>& minutes() const { return minutes_; }
  std::vector<BlockColumn>& columns() { return columns_; }
  // Its rows and numbers.
  Status load(BlockColumn& column);
  // The column of messages, or null.
  BlockColumn* message();
  uint64_t bytes_read() const { return bytes_read_ + pages_.bytes_read(); }
  // Reads the same bytes from there from now on.
  void rebind(BlockBytes& bytes) { pages_.rebind(bytes); }
  // What was decoded of rows goes; what rules the block out stays.
  void shed();
  uint64_t memory_bytes() const;
  // As of its pages.
  uint64_t changes() const { return pages_.changes(); }

 private:
  explicit BlockImage(BlockBytes& bytes) : pages_(bytes) {}
  bool parse(std::string_view directory, uint64_t pages_bytes, bool with_minutes);
  bool parse_minutes(const char*& at, const char* end);
  bool check_streams(const char*& at, const char* end);
  bool parse_column(const char*& at, const char* end);
  bool parse_texts(const char*& at, const char* end, BlockColumn& column);
  Result<std::vector<int64_t>> times_of(size_t column);

  PageReader pages_;
  uint64_t bytes_read_ = 0;
  size_t rows_ = 0;
  int64_t min_ns_ = 0;
  int64_t max_ns_ = 0;
  uint64_t text_bytes_ = 0;
  std::string streams_bytes_;  // as they stand in the directory, known to be good
  mutable std::vector<StreamKey> streams_;
  std::vector<uint32_t> stream_ends_;
  std::array<IntValues, kSystems> system_;
  std::vector<Minute> minutes_;
  std::vector<BlockColumn> columns_;
};

}  // namespace kansoku::store::events
