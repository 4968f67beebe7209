// Receiver `journald`: entries of systemd's journal become events, each sent once. See README.md.
//
// Work is done in turns on the pool, one at a time; timers and answers of the sink begin one. All
// state but the inbox belongs to the turn. Thread contract: start() and stop() once each; stats()
// by anybody.
#pragma once

#include "base/regex/regex.h"
#include "pipeline/component.h"
#include "pipeline/receivers/journald/cursor_file.h"
#include "pipeline/receivers/journald/journal_reader.h"
#include "signal/event_batch.h"

namespace kansoku::pipeline::journald {

struct JournaldStats {
  uint64_t entries_read = 0;
  uint64_t entries_gone = 0;  // of batches to be made again, and removed from the journal before
  uint64_t batches_sent = 0;
  uint64_t rows_sent = 0;
  uint64_t retries = 0;  // refused batches that were sent again
  uint64_t resent = 0;   // batches that were made again after a restart
  uint64_t save_failures = 0;
  bool saving_fails = false;  // nothing is sent until it works again
  bool state_was_damaged = false;
  std::string last_error;
};

class JournaldReceiver final : public Receiver,
                               public std::enable_shared_from_this<JournaldReceiver> {
 public:
  // The journals outlive nothing: they are the receiver's own.
  static Result<std::shared_ptr<JournaldReceiver>> make(ComponentContext context,
                                                        JournaldConfig config,
                                                        std::unique_ptr<Journals> journals,
                                                        EventSink& sink);
  // Loads the saved state, and notes where sources without one begin.
  Status start() override;
  void stop(std::move_only_function<void()> done) override;
  JournaldStats stats() const;

 private:
  enum class Stage : uint8_t { Closed, Reading, Prepared, Flying, Waiting };
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
    std::unique_ptr<JournalReader> reader;
    SourceState* state = nullptr;
    Stage stage = Stage::Closed;
    // The batch that is being filled, or is on its way.
    signal::EventBatchBuilder builder;
    std::shared_ptr<const signal::EventBatch> batch;
    uint32_t message_column = 0;
    uint32_t stream = 0;
    size_t bytes = 0;
    Intent intent;  // what it covers; `end` is empty while it covers nothing
    Passed passed;
    env::MonotonicTime read_at;
    env::MonotonicTime retry_at;
    int64_t backoff_ms = 0;
  };
  struct Answer {
    size_t source = 0;
    uint64_t sequence = 0;
    signal::Verdict verdict;
  };

  JournaldReceiver(ComponentContext context, JournaldConfig config,
                   std::unique_ptr<Journals> journals, EventSink& sink);
  Status begin_source(Source& source);
  void wake();
  void turn();
  void end_turn();
  // True when there is more to do at once.
  bool work();
  bool step(size_t number);
  Status open(Source& source);
  // Makes the batch again that was on its way when the process ended.
  Status remake(Source& source);
  Result<bool> read(Source& source);
  Status take_entry(Source& source);
  void add_event(Source& source, const JournalEntry& entry);
  const std::string* refused_by(const Source& source, const std::string& message) const;
  void begin_batch(Source& source);
  void prepare(Source& source, bool full);
  void push_prepared();
  void push(size_t number);
  void take_answers();
  void take_answer(Answer answer);
  void settle(Source& source);
  void fail_source(Source& source, const Error& error);
  bool save();
  int64_t next_delay_ns() const;
  void count(const Passed& passed);

  ComponentContext context_;
  const JournaldConfig config_;
  std::unique_ptr<Journals> journals_;
  EventSink& sink_;
  CursorFile file_;
  std::vector<std::unique_ptr<Source>> sources_;
  bool dirty_ = false;  // settled, and not saved yet
  env::MonotonicTime save_at_;
  env::MonotonicTime save_again_at_;
  JournaldStats work_stats_;

  mutable std::mutex inbox_mutex_;  // guards the rest
  std::vector<Answer> inbox_;
  bool running_ = false;
  bool wanted_ = false;
  bool stopping_ = false;
  uint64_t timer_ = 0;
  std::move_only_function<void()> stopped_;
  JournaldStats stats_;
};

}  // namespace kansoku::pipeline::journald
