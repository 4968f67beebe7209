// Background work of the engine: writes the memtable as parts, merges parts, applies retention.
//
// One strand on Lane::Merge does it all, a few milliseconds a step (work_steps.h); a seal goes
// before everything else. The drain asks for seals (after_batch) and freezes the memtable itself,
// so that a freeze falls between two records. Thread contract: after_batch() on the drain; the rest
// free-threaded.
#pragma once

#include "store/events/engine_core.h"
#include "store/events/manifest.h"
#include "store/events/merge_job.h"
#include "store/events/seal_job.h"
#include "store/events/work_steps.h"

namespace kansoku::store::events {

class Maintenance {
 public:
  explicit Maintenance(EventEngine::Core& core);
  // Loads manifest and parts; returns the floor of the log.
  Result<uint64_t> load();
  void start();
  // On the drain, after each batch or marker: begins flushes and seals that are due.
  void after_batch();
  void enforce_retention(Done done);
  void snapshot(std::string directory, Done done);
  void close();

 private:
  // The memtable that was handed over.
  struct Frozen {
    std::shared_ptr<const Memtable> memtable;
    uint64_t first_sequence = 0;
    uint64_t last_sequence = 0;
  };
  struct SealTask {
    Frozen frozen;
    std::shared_ptr<const Tombstones> tombstones;
    std::unique_ptr<SealJob> job;
    std::unique_ptr<WorkSteps> steps;  // of `job`; goes first
    bool written = false;              // the files exist, the manifest does not name them yet
  };
  struct MergeTask {
    std::shared_ptr<const Tombstones> tombstones;
    std::unique_ptr<MergeJob> job;
    std::unique_ptr<WorkSteps> steps;
    bool written = false;
  };

  void freeze(std::vector<FlushRequest> waiting);
  std::vector<FlushRequest> take_due_flushes();
  void judge_room();
  bool seal_due() const;
  std::unique_ptr<WorkSteps> make_steps();
  void run();   // schedules the strand
  bool step();  // false: nothing left to do
  bool may_stop();
  bool step_seal();
  Status advance_seal();
  Status publish_seal();
  void seal_failed(const Error& error);
  void finish_flushes(const Status& status);
  bool step_merge();
  Status advance_merge();
  Status publish_merge();
  void drop_merge();
  bool pick_merge();
  std::vector<std::shared_ptr<const Part>> find_inputs(bool settle);
  std::vector<std::shared_ptr<const Part>> take_rewrite();
  Status begin_merge(std::vector<std::shared_ptr<const Part>> inputs);
  Status drop_expired();
  bool all_over(const Part& part, Lifetimes& lifetimes) const;
  void look_for_rewrites(Lifetimes& lifetimes);
  std::vector<TombstoneKey> settle_tombstones();
  Status publish(ManifestEdit edit, uint64_t floor);
  void drop_parts(const std::vector<std::shared_ptr<const Part>>& gone);
  Status write_snapshot(const std::string& directory);
  void note_error(const Error& error);
  void arm_timer();

  EventEngine::Core& core_;
  Manifest manifest_;

  mutable std::mutex tasks_mutex_;
  bool running_ = false;
  bool closed_ = false;
  std::optional<Frozen> frozen_;            // handed over by the drain, not yet parts
  int64_t retry_after_ns_ = 0;              // after a failed seal
  std::vector<FlushRequest> seal_waiting_;  // flushes that wait for the seal in progress
  std::vector<Done> merge_waiting_;         // flush(merge_all)
  std::vector<Done> retention_waiting_;
  std::vector<std::pair<std::string, Done>> snapshot_waiting_;
  std::optional<Error> seal_error_;  // for flushes that wait on the drain
  bool merge_failed_ = false;        // no more background merges until the next seal
  uint64_t timer_ = 0;

  FiberStacks stacks_;
  // The strand's own.
  std::optional<SealTask> seal_;
  std::optional<MergeTask> merge_;
  std::vector<Done> merge_running_;   // merge_all requests that the present merges serve
  std::set<uint64_t> not_mergeable_;  // parts (ids) with damage
  std::set<uint64_t> rewrites_;       // parts that hold much that is over, or deleted
};

}  // namespace kansoku::store::events
