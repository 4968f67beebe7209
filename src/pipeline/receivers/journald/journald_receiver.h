// Receiver `journald`: entries of systemd's journal become events, each sent once. See README.md.
//
// Work is done in turns (pipeline/polling); slot N is source N's. Thread contract: start() and
// stop() once each; stats() by anybody.
#pragma once

#include "base/regex/regex.h"
#include "pipeline/polling/polling_receiver.h"
#include "pipeline/receivers/journald/cursor_file.h"
#include "pipeline/receivers/journald/journal_reader.h"
#include "signal/event_batch.h"

namespace kansoku::pipeline::journald {

struct JournaldStats : PollingStats {
  uint64_t entries_read = 0;
  uint64_t entries_gone = 0;  // of batches to be made again, and removed from the journal before
};

class JournaldReceiver final : public PollingReceiver {
 public:
  // The journals outlive nothing: they are the receiver's own.
  static Result<std::shared_ptr<JournaldReceiver>> make(ComponentContext context,
                                                        JournaldConfig config,
                                                        std::unique_ptr<Journals> journals,
                                                        EventSink& sink);
  // Loads the saved state, and notes where sources without one begin.
  Status start() override;
  JournaldStats stats() const;

 private:
  struct Filter {
    std::string name;
    bool include = false;
    Regex regex;
  };
  // Rows that were read and are in no batch, by reason.
  using Passed = std::map<std::pair<signal::Outcome, std::string>, uint64_t>;
  struct Source {
    SourceConfig config;
    JournalFilter match;
    std::vector<Filter> filters;
    size_t slot = 0;
    std::unique_ptr<JournalReader> reader;  // null: to be opened
    SourceState* state = nullptr;
    // The batch that is being filled, or is on its way.
    signal::EventBatchBuilder builder;
    uint32_t message_column = 0;
    uint32_t stream = 0;
    size_t bytes = 0;
    Intent intent;  // what it covers; `end` is empty while it covers nothing
    Passed passed;
    env::MonotonicTime read_at;
    int64_t backoff_ms = 0;  // of reading
  };

  JournaldReceiver(ComponentContext context, JournaldConfig config,
                   std::unique_ptr<Journals> journals, EventSink& sink);
  Status begin_source(Source& source);
  bool work() override;
  void last_work() override;
  void settled(size_t slot, const signal::Verdict& verdict) override;
  Status save_state() override;
  bool is_dirty() const override { return dirty_; }
  env::MonotonicTime next_work() const override;
  void publish() override;
  // True when there is more to do at once.
  bool step(Source& source);
  Status open(Source& source);
  // Makes the batch again that was on its way when the process ended.
  Status remake(Source& source);
  Result<bool> read(Source& source);
  Status take_entry(Source& source);
  void add_event(Source& source, const JournalEntry& entry);
  const std::string* refused_by(const Source& source, const std::string& message) const;
  void begin_batch(Source& source);
  void finish_batch(Source& source, bool full);
  void send(Source& source, std::shared_ptr<const signal::EventBatch> batch);
  void settle(Source& source);
  void fail_source(Source& source, const Error& error);
  void count(const Passed& passed);

  const JournaldConfig config_;
  std::unique_ptr<Journals> journals_;
  CursorFile file_;
  std::vector<std::unique_ptr<Source>> sources_;
  bool dirty_ = false;  // settled, and not saved yet
  uint64_t entries_read_ = 0;
  uint64_t entries_gone_ = 0;

  mutable std::mutex stats_mutex_;
  JournaldStats stats_;
};

}  // namespace kansoku::pipeline::journald
