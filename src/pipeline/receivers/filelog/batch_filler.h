// Makes batches of events out of blocks of files, with the ranges that they cover.
// Thread contract: one owner.
#pragma once

#include "pipeline/receivers/filelog/byte_ledger.h"
#include "pipeline/receivers/filelog/tail.h"
#include "signal/event_batch.h"

namespace kansoku::pipeline::filelog {

// The rows a store takes in one batch (store/event_store.h has the same number).
inline constexpr size_t kBatchRowsMax = 65'536;

struct BatchRange {
  RangeRecord range;
  uint64_t sent = 0;  // bytes in rows; with the next three it is the whole range
  uint64_t filtered = 0;
  uint64_t dropped = 0;
  uint64_t truncated_unread = 0;  // could not be made again after a crash
  std::vector<RuleStretch> rules;
  bool known = true;  // false: the file is not remembered any more
};

struct FilledBatch {
  std::shared_ptr<const signal::EventBatch> events;
  std::vector<BatchRange> ranges;
};

class BatchFiller {
 public:
  explicit BatchFiller(size_t batch_bytes) : batch_bytes_(batch_bytes) {}

  void begin(env::WallTime now);
  // Later, of the same batch: lines without a time of their own are read now.
  void go_on(env::WallTime now) { now_ = now; }
  bool empty() const { return ranges_.empty(); }
  bool full() const { return bytes_ >= batch_bytes_ || builder_.row_count() >= kBatchRowsMax / 2; }
  // Cuts what stands from the tail's position on; moves the tail behind it. False: there were more
  // rows than a batch takes, so the tail is to come again. final: what is open ends.
  bool add(Tail& tail, const Block& block, bool final);
  // What was seen of a file whose bytes are gone.
  void add_pending(Tail& tail);
  // Makes a range of a batch again. `holder` has its bytes; null: nobody has.
  void add_again(const RangeRecord& range, const Tail* original, Tail* holder);
  FilledBatch finish();

 private:
  size_t skip_start(const Tail& tail, std::string_view bytes, bool final, CutState& state,
                    BatchRange& range);
  void add_spans(Tail& tail, std::string_view bytes, uint64_t at, BatchRange& range);
  void add_event(Tail& tail, std::string_view text, const EventSpan& span, uint64_t at,
                 BatchRange& range);
  std::string_view text_of(const Source& source, std::string_view text, const EventSpan& span);
  int64_t time_of(Tail& tail, std::string_view& text);
  uint32_t stream_of(const Tail& tail);
  BatchRange& range_of(const Tail& tail);

  size_t batch_bytes_;
  env::WallTime now_;
  signal::EventBatchBuilder builder_;
  uint32_t message_ = 0;
  size_t bytes_ = 0;
  std::vector<BatchRange> ranges_;
  std::map<uint64_t, uint32_t> streams_;  // by file
  uint64_t stream_file_ = 0;              // of the last row, and its stream
  uint32_t stream_row_ = 0;
  std::vector<EventSpan> spans_;
  std::string scratch_;
  std::string trimmed_;
};

}  // namespace kansoku::pipeline::filelog
