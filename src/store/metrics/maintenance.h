// Background work of the engine: seals the head into parts, merges parts, applies retention.
//
// One strand on Lane::Merge does it all, in steps of a few milliseconds; a seal goes before
// everything else. The drain asks for seals (after_batch) and freezes the head itself, so that a
// freeze falls between two records. Thread contract: after_batch() on the drain; the rest
// free-threaded.
#pragma once

#include "store/metrics/cold_jobs.h"
#include "store/metrics/engine_core.h"
#include "store/metrics/manifest.h"
#include "store/metrics/part_jobs.h"
#include "store/metrics/series_file.h"
#include "store/metrics/tier_jobs.h"

namespace kansoku::store::metrics {

// What the strand works on; only the strand touches these.
struct SealTask {
  std::shared_ptr<const FrozenHead> frozen;
  SeriesId series_end = 0;
  std::vector<SeriesId> returned;  // series that came back from the cold before it was frozen
  std::unique_ptr<SealJob> job;
  std::optional<PartMeta> written;  // the file exists, the manifest does not name it yet
};
struct MergeTask {
  std::unique_ptr<MergeJob> job;
  std::optional<PartMeta> written;
};

// A request to make deletions true on disk.
struct CleanTask {
  std::shared_ptr<const Tombstones> goal;
  std::set<uint64_t> clean_parts;  // ids of parts that were written with the goal applied
  std::vector<std::move_only_function<void(Status)>> waiting;
};

// Series on their way out of the table (maintenance_cold.cpp). The drain's, but in Write the
// strand's.
enum class LeaveStage : uint8_t { None, Mark, Settle, Write, Remove };
struct Leave {
  int64_t before_ms = 0;      // those without a point since then
  std::vector<SeriesId> ids;  // ascending
  SeriesId next = 0;          // to look at: an id in Mark, a place in ids later
  uint64_t records = 0;       // that were handed to the log when the last mark was set
  bool published = false;
};

class Maintenance {
 public:
  explicit Maintenance(MetricEngine::Core& core);
  // Loads series and parts; returns the floor of the log.
  Result<uint64_t> load();
  void start();
  // On the drain, after each batch or marker: begins flushes and seals that are due.
  void after_batch();
  void enforce_retention(std::move_only_function<void(Status)> done);
  // Rewrites every part that still holds what is deleted now.
  void clean_tombstones(std::move_only_function<void(Status)> done);
  // Puts a copy of the engine's files, as of one moment, into an existing empty directory.
  void snapshot(std::string directory, std::move_only_function<void(Status)> done);
  void close();

 private:
  using Done = std::move_only_function<void(Status)>;
  void freeze(std::vector<FlushRequest> waiting);
  std::vector<FlushRequest> take_due_flushes();
  void judge_room();
  bool seal_due() const;
  void run();   // schedules the strand
  bool step();  // false: nothing left to do
  bool step_seal();
  bool step_merge();
  Status advance_seal();
  Status advance_merge();
  Status publish_seal();
  Status publish_merge();
  void seal_failed(const Error& error);
  void finish_flushes(const Status& status);
  bool pick_merge();
  std::vector<std::shared_ptr<const Part>> find_inputs(bool settle);
  Status begin_merge(std::vector<std::shared_ptr<const Part>> inputs);
  Status drop_expired();
  // Deletions (maintenance_deletions.cpp).
  bool step_clean();
  void finish_clean(const Status& status);
  Status prune_tombstones(const std::set<uint64_t>& clean_parts);
  Status save_tombstones();
  Status write_snapshot(const std::string& directory);
  // Series that leave (maintenance_cold.cpp).
  bool leave_due() const;
  void leave_step();
  void mark_leaving();
  bool settle_leaving();
  bool remove_leaving();
  void end_leaving();
  bool step_cold();
  Status advance_cold_write();
  void finish_cold_write(bool published);
  Status advance_cold_merge();
  // Tiers of replacing series (maintenance_tiers.cpp).
  void resolve_tiers();
  void load_tiers(View& loaded);
  void find_unseen_in_tiers(const View& loaded);
  void note_times_of_tiers();
  bool step_tiers();
  Status advance_tier_fold();
  Status begin_tier_fold();
  bool clean_tier_part();
  Status advance_tier_rewrite();
  Status drop_expired_tiers();
  void change_tiers(const std::function<void(TierState&)>& change);
  int64_t settled_ms() const;
  Horizons horizons_now();
  ColdMeta merged_cold_meta(const ColdIndex& cold, std::span<const size_t> inputs);
  Status load_cold();
  Status load_series();
  void remove_part_files(const std::vector<std::shared_ptr<const Part>>& parts);
  void note_error(const Error& error);
  ManifestState scalars();
  void arm_timer();

  MetricEngine::Core& core_;
  Manifest manifest_;
  SeriesFile series_file_;

  mutable std::mutex tasks_mutex_;
  bool running_ = false;
  bool closed_ = false;
  std::shared_ptr<const FrozenHead> frozen_;  // handed over by the drain, not yet a part
  SeriesId frozen_series_end_ = 0;
  std::vector<SeriesId> frozen_returned_;
  int64_t retry_after_ns_ = 0;              // after a failed seal
  std::vector<FlushRequest> seal_waiting_;  // flushes that wait for the seal in progress
  std::vector<Done> merge_waiting_;         // flush(merge_all)
  std::vector<Done> retention_waiting_;
  std::vector<Done> clean_waiting_;
  std::vector<std::pair<std::string, Done>> snapshot_waiting_;
  std::optional<Error> seal_error_;  // for flushes that wait on the drain
  bool merge_failed_ = false;        // no more background merges until the next seal
  uint64_t timer_ = 0;

  // The drain's own, but for Write.
  std::atomic<LeaveStage> leave_stage_{LeaveStage::None};
  Leave leave_;
  int64_t left_at_ns_ = 0;

  // The strand's own.
  std::unique_ptr<ColdWriteJob> cold_write_;
  std::unique_ptr<ColdMergeJob> cold_merge_;
  ColdMeta cold_meta_;  // of the one that is being written
  bool cold_merge_failed_ = false;
  std::unique_ptr<TierFoldJob> tier_fold_;
  std::optional<std::vector<TierMeta>> tier_written_;  // of the fold, not yet in the manifest
  bool tiers_due_ = false;
  int64_t tier_fold_until_ms_ = std::numeric_limits<int64_t>::min();
  std::unique_ptr<TierRewriteJob> tier_rewrite_;
  std::optional<SealTask> seal_;
  std::optional<MergeTask> merge_;
  std::vector<Done> merge_running_;   // merge_all requests that the present merges serve
  std::set<uint64_t> not_mergeable_;  // parts (ids) with damage
  std::shared_ptr<const Tombstones> saved_tombstones_;
  std::optional<CleanTask> clean_;
};

}  // namespace kansoku::store::metrics
