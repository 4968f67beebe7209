// Receiver `filelog`: follows files and pushes their lines as events, each once. See README.md.
//
// Work is done in turns (pipeline/polling). Thread contract: start() and stop() once each; lines(),
// where() and stats() by anybody.
#pragma once

#include "pipeline/polling/polling_receiver.h"
#include "pipeline/receivers/filelog/batch_filler.h"
#include "pipeline/receivers/filelog/file_table.h"

namespace kansoku::pipeline::filelog {

struct FilelogStats : PollingStats {
  FileTableStats files;
};

class FilelogReceiver final : public PollingReceiver {
 public:
  static Result<std::shared_ptr<FilelogReceiver>> make(ComponentContext context,
                                                       FilelogConfig config, EventSink& sink);
  // Loads the saved state; files are found by the first turn.
  Status start() override;

  std::vector<FileLine> lines() const { return ledger_.lines(); }
  FileLine total() const { return ledger_.total(); }
  WhereAnswer where(const std::string& path, uint64_t offset) const {
    return ledger_.where(path, offset);
  }
  FilelogStats stats() const;

 private:
  // What a slot has: a file's lines keep their order because it has ranges in one slot only.
  struct Filled {
    FilledBatch batch;
    env::MonotonicTime busy_since;  // when its batch was full, or had waited
  };

  FilelogReceiver(ComponentContext context, FilelogConfig config, EventSink& sink);
  bool work() override;
  void last_work() override;
  void settled(size_t slot, const signal::Verdict& verdict) override;
  Status save_state() override;
  bool is_dirty() const override { return journal_.dirty(); }
  env::MonotonicTime next_work() const override;
  void publish() override;
  void settle(uint32_t number, const signal::Verdict* verdict);
  void recover();
  bool fill_slots();
  bool fill(uint32_t number);
  // What was filled is to be sent.
  void close(uint32_t number);
  void release_blocked();
  bool read_into_batch(Tail& tail, uint32_t number);
  // It has a batch that is on its way.
  bool is_busy(size_t slot) const { return slots_[slot].state != SlotState::Idle; }
  signal::Producer producer_of(uint32_t number, uint64_t epoch, uint64_t sequence) const;

  const FilelogConfig config_;
  std::vector<std::unique_ptr<const Source>> sources_;

  ByteLedger ledger_;
  Journal journal_;
  std::unique_ptr<FileTable> table_;
  BatchFiller filler_;
  std::string buffer_;
  std::vector<Filled> filled_;  // by slot
  env::MonotonicTime discover_at_;
  bool recovered_ = false;
  // The idle slot whose batch waits for more lines (FilelogConfig::batch_wait_ms).
  std::optional<uint32_t> filling_;
  env::MonotonicTime fill_until_;
  bool urgent_ = false;  // it has bytes that are in no file any more

  mutable std::mutex stats_mutex_;
  FilelogStats stats_;
};

}  // namespace kansoku::pipeline::filelog
