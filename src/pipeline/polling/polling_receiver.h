// The turns of a receiver that reads what waits for it (files, a journal): read, prepare batches,
// save what they cover, push them, wait where they are refused, save what was settled. See
// README.md.
//
// Turns run on the pool (lane Ingest), one at a time; timers, answers of the sink, stop() and
// wake() begin one. Thread contract: stop() once; wake() and answers from anywhere; every other
// member, and every hook, belongs to the turn (and to start(), before the first wake()).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline/component.h"
#include "signal/event_batch.h"

namespace kansoku::pipeline {

struct PollingStats {
  uint64_t batches_sent = 0;
  uint64_t rows_sent = 0;
  uint64_t retries = 0;  // refused batches that were sent again
  uint64_t resent = 0;   // batches that were made again after a restart
  uint64_t save_failures = 0;
  bool saving_fails = false;  // nothing is sent until it works again
  bool state_was_damaged = false;
  std::string last_error;
};

class PollingReceiver : public Receiver, public std::enable_shared_from_this<PollingReceiver> {
 public:
  // Runs last_work() in a turn of its own, then `done`. Answers that come later are still saved.
  void stop(std::move_only_function<void()> done) final;

 protected:
  struct Pace {
    int64_t save_interval_ms = 0;  // what was settled; what is pushed is always saved before
    int64_t retry_min_ms = 0;      // before a refused batch is pushed again; doubled up to the max
    int64_t retry_max_ms = 0;
  };
  enum class SlotState : uint8_t {
    Idle,
    Prepared,  // to be pushed when it is saved that it is
    Flying,
    Waiting,  // refused for the time being
  };
  struct Slot {
    SlotState state = SlotState::Idle;
    std::shared_ptr<const signal::EventBatch> batch;  // unless idle
    signal::Producer producer;                        // of the last batch
    env::MonotonicTime retry_at;
    int64_t backoff_ms = 0;
  };
  PollingReceiver(ComponentContext context, Pace pace, EventSink& sink);

  // Reads, and prepares batches for idle slots. True when there is more to do at once.
  virtual bool work() = 0;
  // The turn after stop(), and those of answers that come later.
  virtual void last_work() = 0;
  // Every row of the slot's batch has found its way, or never will; the slot is idle.
  virtual void settled(size_t slot, const signal::Verdict& verdict) = 0;
  // Makes everything durable that was prepared and settled.
  virtual Status save_state() = 0;
  // Something was settled since.
  virtual bool is_dirty() const = 0;
  // When work() has something to do again.
  virtual env::MonotonicTime next_work() const = 0;
  // Shows the statistics to others.
  virtual void publish() = 0;

  void wake();
  void prepare(size_t slot, std::shared_ptr<const signal::EventBatch> batch,
               signal::Producer producer);
  void take_answers();
  void push_prepared();
  bool save();
  // Whatever failed before, the next save is tried.
  void save_again_now() { save_again_at_ = {}; }
  env::MonotonicTime now() const { return context_.env.clock->monotonic_now(); }

  const ComponentContext context_;
  std::vector<Slot> slots_;
  PollingStats work_stats_;

 private:
  struct Answer {
    size_t slot = 0;
    uint64_t sequence = 0;
    signal::Verdict verdict;
  };
  void turn();
  void end_turn();
  void take_answer(const Answer& answer);
  void push_refused();
  void push(size_t slot);
  void save_if_due();
  int64_t next_delay_ns() const;

  const Pace pace_;
  EventSink& sink_;
  env::MonotonicTime save_at_;
  env::MonotonicTime save_again_at_;  // after a failure

  std::mutex inbox_mutex_;  // guards the rest
  std::vector<Answer> inbox_;
  bool running_ = false;  // a turn is, or is posted
  bool wanted_ = false;
  bool stopping_ = false;
  uint64_t timer_ = 0;
  std::move_only_function<void()> stopped_;
};

}  // namespace kansoku::pipeline
