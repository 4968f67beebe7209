// The batches and blocks that a scan may find rows in, narrowed by scope, groups, streams, times.
// Thread contract: confined to one thread.
#pragma once

#include "store/events/merged_rows.h"
#include "store/events/scan.h"

namespace kansoku::store::events {

struct ScanSource {
  int64_t min_ns = 0;
  int64_t max_ns = 0;
  uint64_t row_count = 0;
  uint64_t message_bytes = 0;
  std::shared_ptr<const MemoryBatch> batch;  // null: a block
  const Part* part = nullptr;
  uint32_t block = 0;

  bool done = false;
  bool opened = false;
  bool counted = false;  // in the report
  std::unique_ptr<PartBlock> bytes;
  std::unique_ptr<BlockReader> reader;
  uint64_t read_before = 0;  // bytes, by scans that had the reader before
  bool judged = false;       // whether it may have rows that match
  bool damaged = false;
  // By stream of the batch or block.
  std::vector<uint8_t> wanted;
  std::vector<int64_t> begins_ns;
  std::vector<uint64_t> deleted;  // empty: nothing is
  // What was selected last.
  std::unique_ptr<EventRows> rows;
};

class ScanSources final : public RowSources {
 public:
  ScanSources(const ScanView& view, const EventScan& scan, const EventFilter& filter);
  // Finds them.
  void collect();
  std::vector<ScanSource>& all() { return sources_; }
  const std::vector<ScanSource>& all() const { return sources_; }
  // Closes it, and counts what was read.
  void close(ScanSource& source);
  // False: no row of the block can match, seen from its bounds, filters and names; it is done. Else
  // it is open, and its rows that may match are found where `mark` says so.
  bool judge(size_t source, bool mark);
  // Selects the rows of [begin, end) that may satisfy the filter; `rows` is null where none does.
  // A block that is damaged is done, and named in the report.
  void select(size_t source, int64_t begin_ns, int64_t end_ns);
  // As select(), and leaves only rows that satisfy the filter.
  void select_filtered(size_t source, int64_t begin_ns, int64_t end_ns);
  Status open_block(ScanSource& source);
  // False when none of the block's rows is wanted, seen from its streams alone.
  bool judge_streams(ScanSource& source);
  EventRows& rows(uint32_t source) override { return *sources_[source].rows; }
  void note_damage(uint32_t source, const Error& error) override;
  EventScanReport& report() { return report_; }
  // Bytes read so far, and ranges that are missing, put together.
  EventScanReport take_report();
  int64_t begin_ns() const { return begin_ns_; }
  int64_t end_ns() const { return end_ns_; }

  // Whether events of the stream are asked for and live.
  bool wants(std::string_view group, uint64_t generation, std::string_view stream);
  Lifetimes& lifetimes() { return lifetimes_; }

 private:
  bool wants_group(std::string_view group, uint64_t generation);
  bool wants_stream(std::string_view stream) const;
  void collect_batch(const std::shared_ptr<const MemoryBatch>& batch);
  void collect_part(const Part& part);
  Status mark_streams(const Part& part, const GroupPlace& group, std::vector<uint8_t>& blocks);
  Status mark_uses(const Part& part, const GroupPlace& group, std::vector<uint8_t>& blocks);
  void select_memory(ScanSource& source, int64_t begin_ns, int64_t end_ns);
  Status select_block(ScanSource& source, int64_t begin_ns, int64_t end_ns);
  Result<bool> judge_block(ScanSource& source, bool mark);
  void drop_deleted(ScanSource& source);
  void note_missing(int64_t min_ns, int64_t max_ns);
  void give_up(ScanSource& source, const Error& error);

  const ScanView* view_;
  const EventScan* scan_;
  const EventFilter* filter_;
  Lifetimes lifetimes_;
  int64_t begin_ns_;
  int64_t end_ns_;
  std::set<std::string, std::less<>> groups_;
  std::vector<std::string> streams_;  // ascending
  std::set<std::string, std::less<>> groups_seen_;
  std::vector<ScanSource> sources_;
  PartFiles files_;
  EventScanReport report_;
};

}  // namespace kansoku::store::events
