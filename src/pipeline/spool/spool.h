// The disk spool: what stands between a source that cannot wait and an exporter whose endpoint may
// be away. See README.md.
//
// A delivery is answered (as forwarded) when it is durable here; from then on the spool has custody
// and answers for it in a ledger line of its own. Records are sent oldest first, kLanes at a time,
// numbered, so that another kansoku takes each once, also when either side is killed. What is over
// the bound of bytes or of age is dropped, oldest first, and counted by reason; never what the
// endpoint may have.
//
// Work is done in turns on the pool, one at a time. Thread contract: push from any worker; start()
// and stop() once each; stats() by anybody.
#pragma once

#include <memory>
#include <mutex>

#include "base/env/record_file.h"
#include "pipeline/component.h"
#include "pipeline/spool/spool_files.h"
#include "pipeline/spool/spool_record.h"

namespace kansoku::pipeline::spool {

struct SpoolConfig {
  std::string directory;
  std::string name;  // of the exporter behind it, for the ledger
  uint64_t bytes_max = 1ULL << 30;
  // CloudWatch takes nothing older than two weeks.
  int64_t age_max_ms = 14 * int64_t{86'400'000};
  uint64_t segment_bytes = 8U << 20;
  // Batches that wait to be written; over it a delivery is refused for the time being.
  size_t queue_bytes_max = 16U << 20;
  int64_t retry_ms = 1'000;  // after a refusal of the exporter
  int64_t save_interval_ms = 1'000;
};

struct SpoolStats {
  uint64_t bytes = 0;            // on disk
  uint64_t records_waiting = 0;  // in files, not settled
  uint64_t rows_taken = 0;
  uint64_t rows_settled = 0;
  uint64_t rows_dropped = 0;  // over a bound
  uint64_t write_failures = 0;
  uint64_t damages = 0;
  int64_t oldest_ms = 0;   // when the oldest record that waits was taken; 0: none
  std::string last_error;  // of the disk; empty since it works
};

class Spool final : public std::enable_shared_from_this<Spool> {
 public:
  // Reads what an earlier process left. Either sink may be null when nothing of that shape comes.
  static Result<std::shared_ptr<Spool>> open(ComponentContext context, SpoolConfig config,
                                             EventSink* events, MetricSink* metrics);
  EventSink& events() { return event_door_; }
  MetricSink& metrics() { return metric_door_; }
  void start();
  // Writes what is queued; what is under way stays in the files and is sent again.
  void stop(std::move_only_function<void()> done);
  SpoolStats stats() const;

  static constexpr uint32_t kLanes = 4;
  // At most so many records are given to the exporter behind the saved cursor: so a process knows
  // after a kill which of them the endpoint may have, and counts none of those as dropped.
  static constexpr size_t kUnsavedMax = 2 * size_t{kLanes};

 private:
  template <class Batch>
  class Door final : public Sink<Batch> {
   public:
    explicit Door(Spool& spool) : spool_(spool) {}
    void push(signal::BasicDelivery<Batch> delivery) override;

   private:
    Spool& spool_;
  };
  struct Waiting {
    std::string record;
    signal::LedgerKey key;
    uint64_t rows = 0;
    signal::AckToken token;
  };
  // One record that the exporter has, or that waits to be given to it again.
  struct Lane {
    uint64_t number = 0;  // 0: free
    SpoolRecord record;
    bool flying = false;
    env::MonotonicTime retry_at;
  };
  struct Answer {
    uint64_t number = 0;
    signal::Verdict verdict;
  };

  Spool(ComponentContext context, SpoolConfig config, EventSink* events, MetricSink* metrics);
  Status load();
  void take(Waiting waiting);
  void wake();
  void turn();
  void work();
  void write_queued();
  void take_answers();
  void settle(Lane& lane, signal::Verdict verdict);
  void keep_bounds();
  bool may_be_sent(const SpoolFiles::Range& segment) const;
  void drop_unread(const SpoolFiles::Range& segment);
  void fill_lanes();
  bool may_send_another();
  void send(Lane& lane);
  void save(bool now);
  std::string state_of(uint64_t cursor) const;
  uint64_t cursor() const;
  signal::LedgerKey key_of(const signal::Scope& scope) const;
  int64_t next_delay_ns() const;
  void publish();

  ComponentContext context_;
  const SpoolConfig config_;
  EventSink* const next_events_;
  MetricSink* const next_metrics_;
  Door<signal::EventBatch> event_door_{*this};
  Door<signal::MetricBatch> metric_door_{*this};

  // Of the turn.
  std::unique_ptr<SpoolFiles> files_;
  std::unique_ptr<env::RecordFile> state_;
  std::string producer_;  // of this spool, for as long as its directory lives
  uint64_t saved_cursor_ = 0;
  uint64_t next_read_ = 1;  // the first record that no lane has had
  // Records below it may have been sent by an earlier process: they are sent again under their
  // numbers, whatever the bounds say, and counted by the answer.
  uint64_t unsure_end_ = 0;
  std::deque<uint64_t> unsaved_;  // records behind the saved cursor that lanes have had
  bool saving_fails_ = false;
  std::array<Lane, kLanes> lanes_;
  env::MonotonicTime save_at_;
  SpoolStats work_stats_;

  mutable std::mutex inbox_mutex_;
  std::deque<Waiting> queue_;
  size_t queue_bytes_ = 0;
  std::vector<Answer> answers_;
  bool running_ = false;
  bool wanted_ = false;
  bool started_ = false;
  bool stopping_ = false;
  uint64_t timer_ = 0;
  std::move_only_function<void()> stopped_;
  SpoolStats stats_;
};

}  // namespace kansoku::pipeline::spool
