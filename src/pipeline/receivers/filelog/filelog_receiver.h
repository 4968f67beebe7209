// Receiver `filelog`: follows files and pushes their lines as events, each once. See README.md.
//
// Work is done in turns on the pool, one at a time; timers and answers of the sink begin one. All
// state but the inbox belongs to the turn. Thread contract: start() and stop() once each; lines(),
// where() and stats() by anybody.
#pragma once

#include <atomic>

#include "pipeline/component.h"
#include "pipeline/receivers/filelog/batch_filler.h"
#include "pipeline/receivers/filelog/file_table.h"

namespace kansoku::pipeline::filelog {

struct FilelogStats {
  uint64_t batches_sent = 0;
  uint64_t rows_sent = 0;
  uint64_t retries = 0;  // refused batches that were sent again
  uint64_t resent = 0;   // batches that were made again after a restart
  uint64_t save_failures = 0;
  bool saving_fails = false;  // nothing is sent until it works again
  bool state_was_damaged = false;
  std::string last_error;
  FileTableStats files;
};

class FilelogReceiver final : public Receiver,
                              public std::enable_shared_from_this<FilelogReceiver> {
 public:
  static Result<std::shared_ptr<FilelogReceiver>> make(ComponentContext context,
                                                       FilelogConfig config, EventSink& sink);
  // Loads the saved state; files are found by the first turn.
  Status start() override;
  void stop(std::move_only_function<void()> done) override;

  std::vector<FileLine> lines() const { return ledger_.lines(); }
  FileLine total() const { return ledger_.total(); }
  WhereAnswer where(const std::string& path, uint64_t offset) const {
    return ledger_.where(path, offset);
  }
  FilelogStats stats() const;

 private:
  // Filling: it waits for more lines (FilelogConfig::batch_wait_ms); one slot at a time.
  enum class SlotState : uint8_t { Idle, Filling, Prepared, Flying, Waiting };
  // One numbering of batches, of which one is on its way at a time; a file's lines keep their order
  // because it has ranges in one slot only.
  struct Slot {
    SlotState state = SlotState::Idle;
    uint64_t epoch = 0;
    uint64_t sequence = 0;
    FilledBatch batch;
    env::MonotonicTime busy_since;  // when its batch was full, or had waited
    env::MonotonicTime retry_at;
    int64_t backoff_ms = 0;
  };
  struct Answer {
    uint32_t slot = 0;
    uint64_t sequence = 0;
    signal::Verdict verdict;
  };

  FilelogReceiver(ComponentContext context, FilelogConfig config, EventSink& sink);
  void wake();
  void turn();
  void end_turn();
  // True when there is more to do at once.
  bool work();
  void take_answers();
  void take_answer(Answer answer);
  void settle(uint32_t number, const signal::Verdict* verdict);
  void recover();
  bool fill_slots();
  bool fill(uint32_t number);
  // What was filled is to be sent.
  void close(uint32_t number);
  void release_blocked();
  bool read_into_batch(Tail& tail, uint32_t number);
  void push_prepared();
  void push(uint32_t number);
  void save_if_due(env::MonotonicTime now);
  bool sync();
  int64_t next_delay_ns() const;
  void publish();

  ComponentContext context_;
  const FilelogConfig config_;
  EventSink& sink_;
  std::vector<std::unique_ptr<const Source>> sources_;

  ByteLedger ledger_;
  Journal journal_;
  std::unique_ptr<FileTable> table_;
  BatchFiller filler_;
  std::string buffer_;
  std::vector<Slot> slots_;
  env::MonotonicTime discover_at_;
  env::MonotonicTime save_at_;
  env::MonotonicTime sync_again_at_;
  bool recovered_ = false;
  std::optional<uint32_t> filling_;  // the slot whose batch waits for more
  env::MonotonicTime fill_until_;
  FilelogStats work_stats_;

  mutable std::mutex inbox_mutex_;
  std::vector<Answer> inbox_;
  bool running_ = false;
  bool wanted_ = false;
  bool stopping_ = false;
  uint64_t timer_ = 0;
  std::move_only_function<void()> stopped_;
  FilelogStats stats_;
};

}  // namespace kansoku::pipeline::filelog
