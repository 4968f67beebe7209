// Puts rows of several batches or blocks together in a new order, as a block's rows.
// Thread contract: confined to one thread.
#pragma once

#include <span>

#include "store/events/block.h"

namespace kansoku::store::events {

struct Pick {
  uint32_t source = 0;
  uint32_t row = 0;
};

// Columns of the picked rows; `sources`: by number, the columns of each.
std::vector<signal::EventColumn> gather_columns(
    std::span<const Pick> picks, std::span<const std::span<const signal::EventColumn>> sources,
    WorkPause* pause);

// What beside its columns is known of a row.
struct RowTimes {
  int64_t timestamp_ns = 0;
  uint64_t sequence = 0;
  uint32_t row = 0;  // of its batch
  int64_t ingested_ns = 0;
};

// Collects rows, which come in the order of blocks, into a block.
class BlockBuilder {
 public:
  // At the end of a stream, a block from this size on is full; ...
  static constexpr uint64_t kStreamEndBytes = kBlockMessageBytesMax / 2;
  // ... at the end of a group from this.
  static constexpr uint64_t kGroupEndBytes = 256U << 10;

  bool empty() const { return picks_.empty(); }
  // A block ends at a stream's or group's end, as above, or only when it is full.
  enum class Ends : uint8_t { WithStreams, WhenFull };
  // False: take() before.
  bool takes(const StreamKey& stream, uint64_t message_bytes, Ends ends) const;
  void add(const StreamKey& stream, Pick pick, const RowTimes& times, uint64_t message_bytes);
  BlockRows take(std::span<const std::span<const signal::EventColumn>> sources, WorkPause* pause);

 private:
  BlockRows rows_;
  std::vector<Pick> picks_;
  uint64_t message_bytes_ = 0;
};

}  // namespace kansoku::store::events
