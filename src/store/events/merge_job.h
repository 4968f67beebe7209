// From parts of one PartGroup to one part.
//
// Large blocks are copied as they are where they are of few streams, or of a part that has more
// than half of all rows (order would gain little); of the others, rows are put into new blocks in
// order. Rows of dead generations and deleted streams are left out, and those that are over where
// they are decoded. Works in steps (one block read or written) and publishes nothing: ends with a
// file under its name. Thread contract: one owner, one step at a time.
#pragma once

#include <deque>
#include <queue>

#include "store/events/gather.h"
#include "store/events/lifetimes.h"
#include "store/events/part_writer.h"

namespace kansoku::store::events {

struct MergeLimits {
  // A block of this many bytes of messages (or a share of the rows that is as large) and at most so
  // many streams is good enough to stay.
  uint64_t copy_bytes_min = 2U << 20;
  uint32_t copy_streams_max = 128;
};

class MergeJob {
 public:
  static Result<std::unique_ptr<MergeJob>> begin(env::FileSystem& files,
                                                 const std::string& directory,
                                                 std::vector<std::shared_ptr<const Part>> inputs,
                                                 PartMeta output, Lifetimes lifetimes,
                                                 MergeLimits limits);
  // True when the part is written. DataLoss when an input is damaged: then it stays as it is.
  Result<bool> step(WorkPause& pause);
  const std::vector<std::shared_ptr<const Part>>& inputs() const { return inputs_; }
  // Nothing where no row was left.
  const std::optional<PartMeta>& written() const { return written_; }
  uint64_t blocks_copied() const { return blocks_copied_; }

 private:
  struct Input {
    std::unique_ptr<env::File> file;
    std::unique_ptr<StreamCursor> cursor;
    bool most = false;  // of all rows
  };
  // A block of an input.
  struct Item {
    uint32_t input = 0;
    uint32_t block = 0;
    StreamKey first;
    int64_t first_ns = 0;
    uint32_t streams = 0;
    bool alive = false;  // has a row that is kept
    bool cut = false;    // has rows of a stream that goes
  };
  // A block whose rows are being put in order.
  struct Source {
    uint32_t number = 0;
    BlockRows rows;
    std::vector<uint32_t> message_bytes;
    std::vector<uint8_t> gone;  // by row; empty: none
    size_t at = 0;
    const StreamKey& stream() const { return rows.streams[rows.stream_rows[at]]; }
  };
  // The place of a row in the order.
  struct Place {
    const StreamKey* stream = nullptr;
    int64_t ns = 0;
    uint64_t sequence = 0;
    uint32_t row = 0;
    friend bool operator<(const Place& a, const Place& b) {
      if (a.stream != b.stream) {
        const auto order = *a.stream <=> *b.stream;
        if (order != 0) return order < 0;
      }
      return std::tie(a.ns, a.sequence, a.row) < std::tie(b.ns, b.sequence, b.row);
    }
  };
  static Place place_of(const Source& source) {
    return {&source.stream(), source.rows.timestamps_ns[source.at],
            source.rows.sequences[source.at], source.rows.batch_rows[source.at]};
  }
  struct Later {
    bool operator()(const Source* a, const Source* b) const { return place_of(*b) < place_of(*a); }
  };

  MergeJob(env::FileSystem& files, std::string directory, Lifetimes lifetimes, MergeLimits limits)
      : files_(&files),
        directory_(std::move(directory)),
        lifetimes_(std::move(lifetimes)),
        limits_(limits) {}
  Result<bool> read_table();
  void note_stream(size_t input, const StreamCursor& cursor);
  // Whether it stays as it is, but for rows that go.
  bool copyable(const Item& item) const;
  Result<Source> decode(const Item& item, WorkPause& pause);
  Status rewrite_block(const Item& item, WorkPause& pause);
  Result<std::string> read_block(const Item& item);
  Result<std::vector<CopiedUse>> uses_of_block(const Item& item);
  Status copy_block(const Item& item);
  Status open_block(const Item& item, WorkPause& pause);
  void find_gone(Source& source);
  Status put_rows(WorkPause& pause);
  Status write_pending(WorkPause& pause);
  Status finish(WorkPause& pause);

  env::FileSystem* files_;
  std::string directory_;
  Lifetimes lifetimes_;
  MergeLimits limits_;
  std::vector<std::shared_ptr<const Part>> inputs_;
  std::vector<Input> files_of_;
  std::vector<std::vector<uint32_t>> item_of_;  // by input and block
  std::vector<Item> items_;
  size_t table_ = 0;  // input whose table is being read
  bool sorted_ = false;
  size_t next_item_ = 0;

  std::deque<Source> sources_;
  uint32_t first_source_ = 0;  // number of sources_.front()
  std::priority_queue<Source*, std::vector<Source*>, Later> order_;
  BlockBuilder builder_;
  std::unique_ptr<PartWriter> writer_;
  std::optional<PartMeta> written_;
  bool done_ = false;
  uint64_t blocks_copied_ = 0;
};

}  // namespace kansoku::store::events
