#include "store/metrics/maintenance.h"

#include "base/check.h"

namespace kansoku::store::metrics {
namespace {

// The strand gives its worker back after this.
constexpr int64_t kStepNs = 3 * env::kNsPerMs;
// Steps between two looks at the clock never exceed this (a simulated clock stands still).
constexpr int kStepsPerTask = 64;
// How often age is looked at, and how long a failed seal waits (a full disk: "resumes within 10
// s").
constexpr int64_t kTickNs = 5 * env::kNsPerS;
constexpr int64_t kRetryNs = 5 * env::kNsPerS;
// No engine pins more of the log than this (docs/architecture.md).
constexpr uint64_t kPinnedBytesMax = 256U << 20;
// Parts of a merge: more cursors than this cost more memory than they save work.
constexpr size_t kMergeInputsMax = 64;

}  // namespace

Maintenance::Maintenance(MetricEngine::Core& core)
    : core_(core),
      manifest_(*core.env.files, core.options.directory),
      series_file_(*core.env.files, core.options.directory) {}

Result<uint64_t> Maintenance::load() {
  KANSOKU_RETURN_IF_ERROR(manifest_.load(core_.log.first_sequence()));
  const ManifestState& state = manifest_.state();
  core_.clock = std::make_unique<TrustedClock>(*core_.env.clock, state.trusted_ms);
  KANSOKU_RETURN_IF_ERROR(load_cold());
  KANSOKU_RETURN_IF_ERROR(load_series());
  View loaded;
  loaded.cold = core_.current_view()->cold;
  KANSOKU_TRY(auto tombstones, load_tombstones(*core_.env.files, core_.options.directory));
  saved_tombstones_ = std::make_shared<Tombstones>(std::move(tombstones));
  loaded.tombstones = saved_tombstones_;
  if (auto read = core_.usage.load(*core_.env.files, core_.options.directory); !read) {
    core_.counters.last_error = read.error().to_string();
  }
  codec::Decompressor decompressor;
  for (const auto& [first, meta] : state.parts) {
    auto part = Part::open(*core_.env.files, core_.options.directory, meta);
    PartCursor times(part, PageKind::Times, decompressor);
    for (SeriesId id = times.current(); id != PartCursor::kNone; id = times.current()) {
      int64_t first_ms = 0;
      int64_t last_ms = 0;
      times.read_times(id, first_ms, last_ms);
      bool left = loaded.tombstones->cut_times(id, meta.last_sequence, first_ms, last_ms);
      if (left && core_.table.exists(id)) core_.table.note_times(id, first_ms, last_ms);
    }
    if (part->damaged()) {
      not_mergeable_.insert(meta.id);
      core_.counters.last_error = part->path() + ": damaged";
    }
    loaded.parts.push_back(std::move(part));
  }
  load_tiers(loaded);
  core_.update_view([&](View& view) { view = std::move(loaded); });
  return state.floor;
}

void Maintenance::start() {
  resolve_tiers();
  note_times_of_tiers();
  // Whoever sends to a server that was away has had no chance yet: the first look is one whole idle
  // time from now.
  left_at_ns_ =
      core_.env.clock->monotonic_now().ns + core_.options.series_idle_ms * env::kNsPerMs * 3 / 4;
  arm_timer();
}

void Maintenance::arm_timer() {
  if (core_.timers == nullptr) return;
  std::lock_guard lock(tasks_mutex_);
  if (closed_) return;
  std::weak_ptr<MetricEngine::Core> weak = core_.weak_from_this();
  timer_ = core_.timers->after(kTickNs, [weak] {
    auto core = weak.lock();
    if (!core) return;
    core->schedule_drain();
    core->maintenance->arm_timer();
  });
}

void Maintenance::note_error(const Error& error) {
  std::lock_guard lock(core_.queue_mutex);
  core_.counters.last_error = error.to_string();
}

bool Maintenance::seal_due() const {
  if (core_.head_first_sequence == 0) return false;
  int64_t age_ns = core_.env.clock->monotonic_now().ns - core_.head_since_ns;
  return core_.head_log_bytes >= core_.options.seal_log_bytes ||
         core_.head.memory_bytes() >= core_.options.seal_head_bytes ||
         age_ns >= core_.options.seal_age_ns;
}

// Flushes whose batches the log has answered.
std::vector<FlushRequest> Maintenance::take_due_flushes() {
  std::vector<FlushRequest> due;
  std::erase_if(core_.flushes, [&](FlushRequest& request) {
    if (request.records > core_.answered_records) return false;
    due.push_back(std::move(request));
    return true;
  });
  return due;
}

// Refuses batches while seals do not keep up (a full disk): memory and the pinned log are bounded.
void Maintenance::judge_room() {
  bool full = core_.head.memory_bytes() > 4 * core_.options.seal_head_bytes ||
              core_.head_log_bytes > kPinnedBytesMax - core_.options.seal_log_bytes;
  core_.full.store(full, std::memory_order_relaxed);
}

void Maintenance::after_batch() {
  judge_room();
  leave_step();
  bool busy = false;
  bool retry = false;
  std::optional<Error> failed;
  {
    std::lock_guard lock(tasks_mutex_);
    busy = frozen_ != nullptr;
    failed = std::exchange(seal_error_, std::nullopt);
    retry = busy && !running_ && !closed_ && core_.env.clock->monotonic_now().ns >= retry_after_ns_;
  }
  if (failed) {
    for (FlushRequest& request : take_due_flushes()) request.done(std::unexpected(*failed));
  }
  if (busy && !core_.flushes.empty()) {
    // Somebody waits: a seal that failed before is tried again now.
    std::lock_guard lock(tasks_mutex_);
    retry_after_ns_ = 0;
    retry = retry || !running_;
  }
  if (retry) run();
  if (busy) return;
  std::vector<FlushRequest> due = take_due_flushes();
  if (!due.empty() || seal_due()) freeze(std::move(due));
}

// On the drain. The points go on as the frozen head, the next batch meets an empty one.
void Maintenance::freeze(std::vector<FlushRequest> waiting) {
  bool empty = core_.head_first_sequence == 0;
  {
    std::lock_guard lock(tasks_mutex_);
    if (empty) {
      // Nothing to seal: the flush goes straight on to merging.
      for (FlushRequest& request : waiting) {
        if (request.merge_all) merge_waiting_.push_back(std::move(request.done));
      }
      std::erase_if(waiting, [](const FlushRequest& request) { return request.merge_all; });
    } else {
      seal_waiting_ = std::move(waiting);
    }
  }
  if (empty) {
    for (FlushRequest& request : waiting) request.done({});
    run();
    return;
  }
  std::vector<SeriesId> kept = core_.table.take_kept();
  core_.returned.insert(core_.returned.end(), kept.begin(), kept.end());
  core_.head.freeze(core_.head_first_sequence, core_.head_sequence,
                    [&](std::shared_ptr<const FrozenHead> frozen) {
                      {
                        std::lock_guard lock(tasks_mutex_);
                        frozen_ = frozen;
                        frozen_series_end_ = core_.table.size();
                        frozen_returned_ = std::exchange(core_.returned, {});
                      }
                      core_.update_view([&](View& view) { view.frozen = std::move(frozen); });
                    });
  core_.head_first_sequence = 0;
  core_.head_log_bytes = 0;
  run();
}

void Maintenance::enforce_retention(Done done) {
  {
    std::lock_guard lock(tasks_mutex_);
    if (!closed_) retention_waiting_.push_back(std::move(done));
  }
  if (done) {
    done(unavailable("the metric store is closed"));
    return;
  }
  run();
}

void Maintenance::close() {
  std::vector<Done> unanswered;
  uint64_t timer = 0;
  {
    std::lock_guard lock(tasks_mutex_);
    closed_ = true;
    timer = std::exchange(timer_, 0);
  }
  if (timer != 0) core_.timers->cancel(timer);
}

void Maintenance::run() {
  {
    std::lock_guard lock(tasks_mutex_);
    if (running_) return;
    running_ = true;
  }
  run_steps(core_.executor, Lane::Merge, [self = core_.shared_from_this()] {
    Maintenance& maintenance = *self->maintenance;
    int64_t begin = self->env.clock->monotonic_now().ns;
    bool more = true;
    for (int i = 0; i < kStepsPerTask && more; ++i) {
      more = maintenance.step();
      if (self->env.clock->monotonic_now().ns - begin >= kStepNs) break;
    }
    std::lock_guard lock(self->queue_mutex);
    self->engine_counters.merge_busy_ns +=
        static_cast<uint64_t>(self->env.clock->monotonic_now().ns - begin);
    return more;
  });
}

// One piece of work; false when there is none, and then the strand has ended.
bool Maintenance::step() {
  std::vector<Done> retention;
  std::vector<std::pair<std::string, Done>> snapshots;
  {
    std::lock_guard lock(tasks_mutex_);
    bool may_seal = frozen_ && (!seal_waiting_.empty() ||
                                core_.env.clock->monotonic_now().ns >= retry_after_ns_);
    if (!seal_ && may_seal) {
      seal_.emplace();
      seal_->frozen = frozen_;
      seal_->series_end = frozen_series_end_;
      seal_->returned = frozen_returned_;
    }
    if (seal_ && !may_seal) {
      running_ = false;
      return false;
    }
    if (!seal_ && !merge_) retention.swap(retention_waiting_);
    if (!seal_ && !merge_ && !clean_waiting_.empty()) {
      if (!clean_) clean_.emplace();
      // What was deleted since the last one began is in the goal of all.
      clean_->goal = core_.current_view()->tombstones;
      clean_->clean_parts.clear();
      for (Done& done : clean_waiting_) clean_->waiting.push_back(std::move(done));
      clean_waiting_.clear();
    }
    snapshots.swap(snapshot_waiting_);
  }
  for (auto& [directory, done] : snapshots) done(write_snapshot(directory));
  if (!retention.empty()) {
    resolve_tiers();
    Status status = drop_expired();
    for (Done& done : retention) done(status);
    return true;
  }
  if (seal_) return step_seal();
  if (merge_) return step_merge();
  if (clean_) return step_clean();
  if (step_cold()) return true;
  if (step_tiers()) return true;
  if (pick_merge()) return true;
  std::lock_guard lock(tasks_mutex_);
  bool more = leave_stage_.load(std::memory_order_acquire) == LeaveStage::Write ||
              !retention_waiting_.empty() || !clean_waiting_.empty() ||
              !snapshot_waiting_.empty() || (!merge_waiting_.empty() && !closed_) ||
              (frozen_ &&
               (!seal_waiting_.empty() || core_.env.clock->monotonic_now().ns >= retry_after_ns_));
  if (!more) running_ = false;
  return more;
}

ManifestState Maintenance::scalars() {
  ManifestState next = manifest_.state();
  next.parts.clear();
  next.cold.clear();
  next.tiers.clear();
  next.series_end = core_.table.size();
  // After a save that failed, what the last record says is what is on the disk.
  if (!series_file_.broken()) {
    next.series_file = series_file_.number();
    next.series_bytes = series_file_.bytes();
  }
  next.trusted_ms = core_.clock->now_ms();
  return next;
}

bool Maintenance::step_seal() {
  Status status = advance_seal();
  if (!status) seal_failed(status.error());
  return true;
}

Status Maintenance::advance_seal() {
  SealTask& seal = *seal_;
  if (seal.written) return publish_seal();
  if (!seal.job) {
    Horizons horizons = horizons_now();
    KANSOKU_TRY(seal.job, SealJob::begin(*core_.env.files, core_.options.directory, seal.frozen,
                                         core_.series_kinds(), manifest_.take_part_id(), horizons));
    return {};
  }
  KANSOKU_TRY(bool done, seal.job->step());
  if (!done) return {};
  KANSOKU_RETURN_IF_ERROR(series_file_.save(core_.table, seal.series_end, seal.returned));
  KANSOKU_TRY(seal.written, seal.job->finish());
  seal.job.reset();
  return {};
}

// One manifest record: the part, and the range of the log that it absorbed.
Status Maintenance::publish_seal() {
  SealTask& seal = *seal_;
  ManifestState next = scalars();
  next.floor = std::max(next.floor, seal.frozen->sequence());
  // The log may forget deletions up to the floor: they stand in their file before.
  KANSOKU_RETURN_IF_ERROR(save_tombstones());
  KANSOKU_RETURN_IF_ERROR(manifest_.publish({.added = {*seal.written}}, next));
  auto part = Part::open(*core_.env.files, core_.options.directory, *seal.written);
  core_.update_view([&](View& view) {
    view.frozen.reset();
    view.parts.push_back(std::move(part));
  });
  core_.log.set_floor(wal::Engine::Metrics, 0, seal.frozen->sequence());
  series_file_.remove_others();
  // Not data: a failure is tried again at the next one.
  if (auto saved = core_.usage.save(*core_.env.files, core_.options.directory); !saved) {
    note_error(saved.error());
  }
  seal_.reset();
  {
    std::lock_guard lock(tasks_mutex_);
    frozen_.reset();
    retry_after_ns_ = 0;
    merge_failed_ = false;
  }
  {
    std::lock_guard lock(core_.queue_mutex);
    ++core_.engine_counters.seals;
  }
  finish_flushes({});
  core_.schedule_drain();  // flushes may wait for the rest of the head
  return {};
}

void Maintenance::seal_failed(const Error& error) {
  note_error(error);
  // A file that is written is published by the next try.
  if (!seal_->written) seal_.reset();
  {
    std::lock_guard lock(core_.queue_mutex);
    ++core_.engine_counters.seal_failures;
  }
  {
    std::lock_guard lock(tasks_mutex_);
    retry_after_ns_ = core_.env.clock->monotonic_now().ns + kRetryNs;
    seal_error_ = error;
  }
  finish_flushes(std::unexpected(error));
  core_.schedule_drain();
}

void Maintenance::finish_flushes(const Status& status) {
  std::vector<FlushRequest> waiting;
  {
    std::lock_guard lock(tasks_mutex_);
    waiting.swap(seal_waiting_);
    if (status) {
      for (FlushRequest& request : waiting) {
        if (request.merge_all) merge_waiting_.push_back(std::move(request.done));
      }
      std::erase_if(waiting, [](const FlushRequest& request) { return request.merge_all; });
    }
  }
  for (FlushRequest& request : waiting) request.done(status);
}

bool Maintenance::step_merge() {
  Status status = advance_merge();
  if (status) return true;
  note_error(status.error());
  if (status.error().code == ErrorCode::DataLoss) {
    for (const auto& part : merge_->job->inputs()) {
      if (part->damaged()) not_mergeable_.insert(part->meta().id);
    }
  }
  bool publishing = merge_->written.has_value();
  if (!publishing) merge_.reset();
  {
    std::lock_guard lock(core_.queue_mutex);
    ++core_.engine_counters.merge_failures;
  }
  std::vector<Done> unanswered;
  if (status.error().code != ErrorCode::DataLoss) {
    std::lock_guard lock(tasks_mutex_);
    merge_failed_ = true;
    unanswered.swap(merge_running_);
    if (clean_) {
      for (Done& done : clean_->waiting) unanswered.push_back(std::move(done));
      clean_.reset();
    }
    for (Done& done : merge_waiting_) unanswered.push_back(std::move(done));
    merge_waiting_.clear();
    running_ = false;
  }
  for (Done& done : unanswered) done(status);
  return status.error().code == ErrorCode::DataLoss;
}

Status Maintenance::advance_merge() {
  MergeTask& merge = *merge_;
  if (merge.written) return publish_merge();
  KANSOKU_TRY(bool done, merge.job->step());
  if (!done) return {};
  KANSOKU_TRY(merge.written, merge.job->finish());
  return {};
}

Status Maintenance::publish_merge() {
  MergeTask& merge = *merge_;
  ManifestEdit edit;
  std::set<const Part*> inputs;
  for (const auto& part : merge.job->inputs()) {
    edit.removed.push_back(part->meta().first_sequence);
    inputs.insert(part.get());
  }
  edit.added.push_back(*merge.written);
  KANSOKU_RETURN_IF_ERROR(manifest_.publish(edit, scalars()));
  auto merged = Part::open(*core_.env.files, core_.options.directory, *merge.written);
  core_.update_view([&](View& view) {
    auto at = std::find_if(view.parts.begin(), view.parts.end(),
                           [&](const auto& part) { return inputs.contains(part.get()); });
    *at = std::move(merged);
    std::erase_if(view.parts, [&](const auto& part) { return inputs.contains(part.get()); });
  });
  remove_part_files(merge.job->inputs());
  if (clean_) clean_->clean_parts.insert(merge.written->id);
  merge_.reset();
  std::lock_guard lock(core_.queue_mutex);
  ++core_.counters.merges;
  return {};
}

// Readers that still hold a part keep its file open; the name may go.
void Maintenance::remove_part_files(const std::vector<std::shared_ptr<const Part>>& parts) {
  for (const auto& part : parts) (void)core_.env.files->remove(part->path());
}

// Chooses the next merge; answers merge_all requests when nothing is left to merge for them.
bool Maintenance::pick_merge() {
  bool settle = false;
  {
    std::lock_guard lock(tasks_mutex_);
    for (Done& done : merge_waiting_) merge_running_.push_back(std::move(done));
    merge_waiting_.clear();
    settle = !merge_running_.empty();
    if (!settle && (closed_ || merge_failed_ || !core_.options.merge_in_background)) return false;
  }
  auto inputs = find_inputs(settle);
  if (!inputs.empty()) {
    Status begun = begin_merge(std::move(inputs));
    if (begun) return true;
    note_error(begun.error());
    {
      std::lock_guard lock(tasks_mutex_);
      merge_failed_ = true;
    }
    for (Done& done : std::exchange(merge_running_, {})) done(begun);
    return false;
  }
  std::vector<Done> answered = std::exchange(merge_running_, {});
  for (Done& done : answered) done({});
  return !answered.empty();
}

// Neighbours in log order: to settle, as many as fit the size; else a full row of one level.
std::vector<std::shared_ptr<const Part>> Maintenance::find_inputs(bool settle) {
  auto view = core_.current_view();
  std::vector<std::shared_ptr<const Part>> row;
  uint64_t bytes = 0;
  auto enough = [&] { return row.size() >= (settle ? 2 : core_.options.merge_fan_in); };
  for (const auto& part : view->parts) {
    bool mergeable = !part->damaged() && !not_mergeable_.contains(part->meta().id) &&
                     part->file_bytes() < core_.options.merge_bytes_max;
    bool fits = row.empty() || (bytes + part->file_bytes() <= core_.options.merge_bytes_max &&
                                row.size() < kMergeInputsMax &&
                                (settle || row.front()->meta().level == part->meta().level));
    if (!mergeable || !fits) {
      if (enough()) return row;
      row.clear();
      bytes = 0;
      if (!mergeable) continue;
    }
    row.push_back(part);
    bytes += part->file_bytes();
    if (!settle && enough()) return row;
  }
  if (!enough()) row.clear();
  return row;
}

Status Maintenance::begin_merge(std::vector<std::shared_ptr<const Part>> inputs) {
  PartMeta output;
  output.id = manifest_.take_part_id();
  output.first_sequence = inputs.front()->meta().first_sequence;
  output.last_sequence = inputs.back()->meta().last_sequence;
  for (const auto& part : inputs) output.level = std::max(output.level, part->meta().level);
  if (inputs.size() > 1) ++output.level;
  Horizons horizons = horizons_now();
  MergeTask task;
  KANSOKU_TRY(task.job, MergeJob::begin(*core_.env.files, core_.options.directory,
                                        std::move(inputs), core_.series_kinds(), output, horizons,
                                        core_.current_view()->tombstones));
  merge_ = std::move(task);
  return {};
}

Horizons Maintenance::horizons_now() {
  return horizons_at(core_.clock->now_ms(), core_.options.replace_retention_ms,
                     core_.current_view()->tiers);
}

// Removes parts of which nothing can be asked for any more; rewrites those that are mostly expired.
Status Maintenance::drop_expired() {
  Horizons horizons = horizons_now();
  const int64_t raw_replace_ms = horizons.raw_replace_min_ms();
  auto view = core_.current_view();
  ManifestEdit edit;
  std::vector<std::shared_ptr<const Part>> gone;
  std::shared_ptr<const Part> rewrite;
  SeriesKinds kinds = core_.series_kinds();
  auto accumulates = [&](SeriesId id) {
    return kinds.find_merge(id) == signal::MergeKind::Accumulate;
  };
  for (const auto& part : view->parts) {
    uint64_t live = 0;
    uint64_t expired = 0;
    for (size_t kind = 0; kind < kPageKinds - 1; ++kind) {
      int64_t horizon = kind == 0 ? std::min(horizons.raw_accumulate_ms, raw_replace_ms)
                                  : horizons.tier_ms[kind - 1];
      // Raw pages of accumulating series expire long before those of replacing ones.
      for (const PageInfo& page : part->pages(static_cast<PageKind>(kind))) {
        bool over = page.max_ms < horizon;
        if (kind == 0 && !over && page.max_ms < horizons.raw_accumulate_ms) {
          over = accumulates(page.first_id) && accumulates(page.last_id);
        }
        (over ? expired : live) += page.stored_bytes;
      }
    }
    // What a fenced part held is known by its meta alone.
    bool keep = part->fenced() ? part->meta().max_ms >= horizons.tier_ms.back() : live > 0;
    if (keep && !part->damaged() && expired > live) rewrite = part;
    if (!keep) {
      edit.removed.push_back(part->meta().first_sequence);
      gone.push_back(part);
    }
  }
  if (!gone.empty()) {
    KANSOKU_RETURN_IF_ERROR(manifest_.publish(edit, scalars()));
    core_.update_view([&](View& next) {
      std::erase_if(next.parts, [&](const auto& part) {
        return std::find(gone.begin(), gone.end(), part) != gone.end();
      });
    });
    remove_part_files(gone);
  }
  KANSOKU_RETURN_IF_ERROR(drop_expired_tiers());
  KANSOKU_RETURN_IF_ERROR(prune_tombstones({}));
  KANSOKU_RETURN_IF_ERROR(core_.usage.save(*core_.env.files, core_.options.directory));
  if (rewrite) return begin_merge({rewrite});
  return {};
}

}  // namespace kansoku::store::metrics
