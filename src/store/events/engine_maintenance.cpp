#include "store/events/engine_maintenance.h"

namespace kansoku::store::events {
namespace {

// The strand gives its worker back after this, and after so many steps (a simulated clock stands
// still).
// What has begun within it goes on for as long again, so a step takes less than 5 ms.
constexpr int64_t kStepNs = 2 * env::kNsPerMs;
constexpr int kStepsPerTask = 64;
// How often age is looked at, and how long a failed seal waits (a full disk: "resumes within 10
// s").
constexpr int64_t kTickNs = 5 * env::kNsPerS;
constexpr int64_t kRetryNs = 5 * env::kNsPerS;
// No engine pins more of the log than this (docs/architecture.md).
constexpr uint64_t kPinnedBytesMax = 256U << 20;

}  // namespace

Maintenance::Maintenance(EventEngine::Core& core)
    : core_(core), manifest_(*core.env.files, core.options.directory) {}

Result<uint64_t> Maintenance::load() {
  KANSOKU_RETURN_IF_ERROR(manifest_.load(core_.log.first_sequence()));
  const ManifestState& state = manifest_.state();
  core_.clock = std::make_unique<TrustedClock>(*core_.env.clock, state.trusted_ms);
  View loaded;
  loaded.tombstones = std::make_shared<Tombstones>(state.tombstones);
  for (const auto& [id, meta] : state.parts) {
    auto part = Part::open(*core_.env.files, core_.options.directory, meta);
    if (part->fenced()) {
      not_mergeable_.insert(id);
      core_.counters.last_error = part->path() + ": damaged";
    }
    loaded.parts.push_back(std::move(part));
  }
  if (manifest_.rebuilt())
    core_.counters.last_error = "the manifest was damaged: made of the parts";
  core_.update_view([&](View& view) { view = std::move(loaded); });
  return state.floor;
}

void Maintenance::start() { arm_timer(); }

void Maintenance::arm_timer() {
  if (core_.timers == nullptr) return;
  std::lock_guard lock(tasks_mutex_);
  if (closed_) return;
  std::weak_ptr<EventEngine::Core> weak = core_.weak_from_this();
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
  if (core_.first_sequence == 0) return false;
  const EventEngineOptions& options = core_.options;
  const int64_t age_ns = core_.env.clock->monotonic_now().ns - core_.memory_since_ns;
  const uint64_t bytes = core_.current_view()->active->memory_bytes();
  return bytes >= options.seal_memory_bytes || core_.memory_log_bytes >= options.seal_log_bytes ||
         age_ns >= options.seal_age_max_ns ||
         (age_ns >= options.seal_age_ns && bytes >= options.seal_age_bytes_min);
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
  const auto view = core_.current_view();
  const uint64_t bytes =
      view->active->memory_bytes() + (view->frozen ? view->frozen->memory_bytes() : 0);
  const bool full = bytes > core_.options.memory_bytes_max ||
                    core_.memory_log_bytes > kPinnedBytesMax - core_.options.seal_log_bytes;
  core_.full.store(full, std::memory_order_relaxed);
}

void Maintenance::after_batch() {
  judge_room();
  bool busy = false;
  bool retry = false;
  std::optional<Error> failed;
  {
    std::lock_guard lock(tasks_mutex_);
    busy = frozen_.has_value();
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

// On the drain. The next batch meets an empty memtable.
void Maintenance::freeze(std::vector<FlushRequest> waiting) {
  const bool empty = core_.first_sequence == 0;
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
  core_.update_view(
      [&](View& view) { view.frozen = std::exchange(view.active, std::make_shared<Memtable>()); });
  {
    std::lock_guard lock(tasks_mutex_);
    frozen_ = {core_.current_view()->frozen, core_.first_sequence, core_.last_sequence};
  }
  core_.first_sequence = 0;
  core_.memory_log_bytes = 0;
  run();
}

void Maintenance::enforce_retention(Done done) {
  {
    std::lock_guard lock(tasks_mutex_);
    if (!closed_) retention_waiting_.push_back(std::move(done));
  }
  if (done) {
    done(unavailable("the event store is closed"));
    return;
  }
  run();
}

void Maintenance::snapshot(std::string directory, Done done) {
  {
    std::lock_guard lock(tasks_mutex_);
    if (!closed_) snapshot_waiting_.emplace_back(std::move(directory), std::move(done));
  }
  if (done) {
    done(unavailable("the event store is closed"));
    return;
  }
  run();
}

void Maintenance::close() {
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
    const int64_t begin = self->env.clock->monotonic_now().ns;
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
    const bool may_seal = frozen_ && (!seal_waiting_.empty() ||
                                      core_.env.clock->monotonic_now().ns >= retry_after_ns_);
    if (!seal_ && may_seal) seal_.emplace(SealTask{.frozen = *frozen_});
    if (seal_ && !may_seal) {
      running_ = false;
      return false;
    }
    if (!seal_ && !merge_) retention.swap(retention_waiting_);
    snapshots.swap(snapshot_waiting_);
  }
  for (auto& [directory, done] : snapshots) done(write_snapshot(directory));
  if (!retention.empty()) {
    const Status status = drop_expired();
    for (Done& done : retention) done(status);
    return true;
  }
  if (seal_) return step_seal();
  if (merge_) return step_merge();
  if (pick_merge()) return true;
  return !may_stop();
}

std::unique_ptr<WorkSteps> Maintenance::make_steps() {
  return std::make_unique<WorkSteps>(*core_.env.clock, stacks_, kStepNs);
}

bool Maintenance::may_stop() {
  std::lock_guard lock(tasks_mutex_);
  const bool more = !retention_waiting_.empty() || !snapshot_waiting_.empty() ||
                    (!merge_waiting_.empty() && !closed_) ||
                    (frozen_ && (!seal_waiting_.empty() ||
                                 core_.env.clock->monotonic_now().ns >= retry_after_ns_));
  if (!more) running_ = false;
  return !more;
}

Status Maintenance::publish(ManifestEdit edit, uint64_t floor) {
  // The log may forget deletions up to the floor: they stand here before.
  for (const auto& [key, sequence] : *core_.current_view()->tombstones) {
    const auto known = manifest_.state().tombstones.find(key);
    if (known == manifest_.state().tombstones.end() || known->second < sequence) {
      edit.deleted[key] = sequence;
    }
  }
  for (const TombstoneKey& key : edit.forgotten) edit.deleted.erase(key);
  return manifest_.publish(edit, floor, core_.clock->now_ms());
}

bool Maintenance::step_seal() {
  const Status status = advance_seal();
  if (!status) seal_failed(status.error());
  return true;
}

Status Maintenance::advance_seal() {
  SealTask& seal = *seal_;
  if (seal.written) return publish_seal();
  if (!seal.job) {
    seal.tombstones = core_.current_view()->tombstones;
    seal.job = std::make_unique<SealJob>(
        *core_.env.files, core_.options.directory, seal.frozen.memtable->view(),
        core_.lifetimes(*seal.tombstones), seal.frozen.first_sequence, seal.frozen.last_sequence,
        core_.options.time_cut_streams_max,
        [this](uint64_t n) { return manifest_.take_part_ids(n); });
    return {};
  }
  if (!seal.steps) seal.steps = make_steps();
  KANSOKU_TRY(seal.written, seal.steps->step([job = seal.job.get()](WorkPause& pause) {
    return job->step(pause);
  }));
  return {};
}

// One manifest record: the parts, and the range of the log that they absorbed.
Status Maintenance::publish_seal() {
  SealTask& seal = *seal_;
  const std::vector<PartMeta>& written = seal.job->written();
  const uint64_t floor = std::max(manifest_.state().floor, seal.frozen.last_sequence);
  KANSOKU_RETURN_IF_ERROR(publish({.added = written}, floor));
  std::vector<std::shared_ptr<const Part>> parts;
  for (const PartMeta& meta : written) {
    parts.push_back(Part::open(*core_.env.files, core_.options.directory, meta));
  }
  core_.update_view([&](View& view) {
    view.frozen.reset();
    view.parts.insert(view.parts.end(), parts.begin(), parts.end());
  });
  core_.log.set_floor(wal::Engine::Events, 0, floor);
  seal_.reset();
  {
    std::lock_guard lock(tasks_mutex_);
    frozen_.reset();
    retry_after_ns_ = 0;
    merge_failed_ = false;
  }
  {
    std::lock_guard lock(core_.queue_mutex);
    ++core_.counters.seals;
  }
  finish_flushes({});
  core_.schedule_drain();  // flushes may wait for the rest of the memtable
  return {};
}

void Maintenance::seal_failed(const Error& error) {
  note_error(error);
  // Files that are written are published by the next try.
  if (!seal_->written) {
    if (seal_->job) {
      for (const PartMeta& meta : seal_->job->written()) {
        (void)core_.env.files->remove(env::join_path(core_.options.directory, part_name(meta.id)));
      }
    }
    seal_.reset();
  }
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

// On the strand, between two changes of the manifest. Parts are immutable, so a second name is a
// copy.
Status Maintenance::write_snapshot(const std::string& directory) {
  env::FileSystem& files = *core_.env.files;
  for (const auto& [id, meta] : manifest_.state().parts) {
    const std::string name = part_name(id);
    const Status linked =
        files.link(env::join_path(core_.options.directory, name), env::join_path(directory, name));
    // A part whose file is gone is known to be lost; so it is in the copy.
    if (!linked && linked.error().code != ErrorCode::NotFound) return linked;
  }
  KANSOKU_RETURN_IF_ERROR(Manifest::write(files, directory, manifest_.state()));
  return files.sync_directory(directory);
}

}  // namespace kansoku::store::events
