// From a frozen memtable to parts, one for each PartGroup that it has events of.
//
// Blocks of a group of few streams are cut by time, and hold all of them: what belongs together
// stands together, and the newest events in the last blocks. Those of a group of many streams are
// cut by stream. Works in steps of one block and publishes nothing: ends with files under their
// names. Thread contract: one owner, one step at a time.
#pragma once

#include "store/events/gather.h"
#include "store/events/lifetimes.h"
#include "store/events/memtable.h"
#include "store/events/part_writer.h"
#include "store/events/work_steps.h"

namespace kansoku::store::events {

class SealJob {
 public:
  // `take_ids(n)` gives the first of n neighbouring ids. What is over or deleted is left out.
  SealJob(env::FileSystem& files, std::string directory, Memtable::View batches,
          Lifetimes lifetimes, uint64_t first_sequence, uint64_t last_sequence,
          uint32_t time_cut_streams_max, std::function<uint64_t(uint64_t)> take_ids);
  // True when every part is written.
  Result<bool> step(WorkPause& pause);
  // Of the parts that were written; their names are durable.
  const std::vector<PartMeta>& written() const { return written_; }

 private:
  struct RowRef {
    uint32_t batch = 0;
    uint32_t row = 0;
  };
  // Rows of one stream for one part.
  struct Run {
    PartGroup group;
    uint32_t log_group = 0;  // rank of its first stream
    uint32_t stretch = 0;    // of time; 0: not cut by it
    uint32_t stream = 0;     // rank
    uint32_t begin = 0;      // in rows_
    uint32_t end = 0;
  };
  struct StreamRef {
    uint32_t batch = 0;
    uint32_t stream = 0;
  };
  const signal::EventStream& stream_of(StreamRef ref) const {
    return batches_[ref.batch]->batch->streams()[ref.stream];
  }
  void rank_streams();
  void sort_rows(WorkPause& pause);
  void cut_runs(uint32_t stream, uint32_t log_group, uint32_t begin, uint32_t end);
  void cut_by_time(WorkPause& pause);
  std::vector<int64_t> stretch_ends(std::span<const Run> runs, WorkPause& pause);
  int64_t time_of(const RowRef& ref) const {
    return batches_[ref.batch]->batch->timestamps_ns()[ref.row];
  }
  Status write_block(WorkPause& pause);
  Status next_part();
  uint64_t message_bytes(RowRef ref);

  env::FileSystem* files_;
  std::string directory_;
  Memtable::View batches_;
  Lifetimes lifetimes_;
  uint64_t first_sequence_;
  uint64_t last_sequence_;
  uint32_t time_cut_streams_max_;
  std::function<uint64_t(uint64_t)> take_ids_;

  bool planned_ = false;
  bool done_ = false;
  std::vector<std::vector<uint32_t>> ranks_;  // by batch and its stream
  std::vector<StreamRef> streams_;            // by rank
  std::vector<RowRef> rows_;
  std::vector<Run> runs_;
  uint64_t seal_first_id_ = 0;
  uint64_t seal_parts_ = 0;
  // By batch.
  std::vector<std::span<const signal::EventColumn>> columns_;
  std::vector<const signal::EventColumn*> messages_;

  size_t run_ = 0;
  uint32_t at_ = 0;  // in rows_, of the run
  BlockBuilder builder_;
  std::unique_ptr<PartWriter> writer_;
  PartGroup group_;
  std::vector<PartMeta> written_;
};

}  // namespace kansoku::store::events
