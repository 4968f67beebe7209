// A block: up to 65,536 events of a few streams as columns, the unit that is written, read, checked
// and pruned. This page is what the engine knows of a block; its bytes are
// docs/formats/event-part.md.
//
// Rows stand by (group, generation, stream, timestamp, log sequence, row). The message is kept
// once: a JSON object as skeleton and leaves, other text as template and variables, byte for byte
// the same when it is read. Thread contract: encode_block() and decode_block() are free functions;
// a BlockReader is confined to one thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/event_filter.h"
#include "store/event_store.h"

namespace kansoku::store::events {

class WorkPause;

inline constexpr size_t kBlockRowsMax = 65'536;
// Of messages; a single larger event makes a block of its own.
// 8 MiB: bench/event_block, decision 113.
inline constexpr size_t kBlockMessageBytesMax = 8U << 20;
// Columns of their own in a block, beside the message; rarer ones share one.
inline constexpr size_t kBlockColumnsMax = 1'024;

struct StreamKey {
  std::string group;
  uint64_t generation = 0;
  std::string stream;
  friend auto operator<=>(const StreamKey&, const StreamKey&) = default;
};

// Events on their way into a block or out of it, in the order of a block.
struct BlockRows {
  std::vector<StreamKey> streams;  // ascending, each with a row at least
  std::vector<uint32_t> stream_rows;
  std::vector<int64_t> timestamps_ns;
  std::vector<uint64_t> sequences;
  std::vector<uint32_t> batch_rows;
  std::vector<int64_t> ingested_ns;
  // As in a batch: sparse, the message (kMessagePath, Text) among them; no leaves of messages.
  std::vector<signal::EventColumn> columns;
  size_t size() const { return timestamps_ns.size(); }
};

// Appends the bytes of a block. `pause`: of background work (work_steps.h), or null.
void encode_block(const BlockRows& rows, std::string& out, WorkPause* pause);
inline void encode_block(const BlockRows& rows, std::string& out) {
  encode_block(rows, out, nullptr);
}
// DataLoss when the bytes are not those of a block.
Result<BlockRows> decode_block(std::string_view bytes, WorkPause* pause);
inline Result<BlockRows> decode_block(std::string_view bytes) {
  return decode_block(bytes, nullptr);
}

// Reads a stretch of a block's bytes, unchecked: every page has its own checksum.
class BlockBytes {
 public:
  virtual ~BlockBytes() = default;
  virtual Result<std::shared_ptr<const std::string>> read(uint64_t offset, size_t bytes) = 0;
};

// Which rows of a block a scan wants, beside its filter.
struct BlockRange {
  int64_t begin_ns = 0;  // inclusive
  int64_t end_ns = 0;    // exclusive
  // By stream of the block: whether its rows are wanted, and their own first time (retention).
  std::span<const uint8_t> streams;
  std::span<const int64_t> streams_begin_ns;
  // What is read with the rows.
  EventAsks asks;
};

struct BinCounts {
  std::vector<int64_t> times_ns;  // one of each bin
  std::vector<uint64_t> rows;
};

class BlockReader {
 public:
  // `bytes` and `filter` outlive the reader.
  static Result<std::unique_ptr<BlockReader>> open(BlockBytes& bytes, uint64_t block_bytes);
  virtual ~BlockReader() = default;
  virtual const std::vector<StreamKey>& streams() const = 0;
  // False: no row can satisfy the filter, seen from bounds, filters, dictionaries and templates.
  virtual Result<bool> may_match(const EventFilter& filter) = 0;
  // Finds all rows that may satisfy the filter, whatever their times; says how many there are.
  // Until rebind(), select() with this filter takes them from here.
  virtual Result<size_t> mark(const EventFilter& filter) = 0;
  // How many rows satisfy the filter, by bins of `bin_ns` since 1970 (0: all in one), where all of
  // the range is asked for and that can be told without their columns.
  virtual Result<std::optional<BinCounts>> count(const BlockRange& range, const EventFilter& filter,
                                                 int64_t bin_ns) = 0;
  // Rows in the range that may satisfy the filter, in the order of the block; columns are decoded
  // when they are asked for. checked() of the clauses that all of them satisfy for certain is true.
  virtual Result<std::unique_ptr<EventRows>> select(const BlockRange& range,
                                                    const EventFilter& filter) = 0;
  // Fields and how many rows have each.
  virtual Result<std::vector<EventFieldInfo>> fields() = 0;
  // Of bytes() that were asked for.
  virtual uint64_t bytes_read() const = 0;
  // Reads the same bytes from there from now on; what was marked is forgotten.
  virtual void rebind(BlockBytes& bytes) = 0;
  // Lets go what was decoded of rows, and keeps what rules blocks out.
  virtual void shed() = 0;
  virtual uint64_t memory_bytes() = 0;
};

}  // namespace kansoku::store::events
