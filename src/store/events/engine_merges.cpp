// Merges and retention, as part of Maintenance.
#include <algorithm>

#include "store/events/engine_maintenance.h"

namespace kansoku::store::events {
namespace {

// Parts of one merge: each has a decoded block or two in memory.
constexpr size_t kMergeInputsMax = 16;
// Deleted streams that one look for what is left of them asks about.
constexpr size_t kTombstonesPerLook = 256;

// Whether the part has events of the stream from before its deletion; unknown counts as yes.
bool holds(const Part& part, const TombstoneKey& key, uint64_t deleted) {
  const auto& [account, region, group, stream] = key;
  const signal::Scope& scope = part.meta().group.scope;
  if (scope.account != account || scope.region != region) return false;
  if (part.meta().first_sequence >= deleted) return false;
  if (part.fenced()) return true;
  for (const GroupPlace& place : part.groups()) {
    if (place.group != group) continue;
    StreamCursor cursor(part, place.first_stream, place.first_stream + place.streams);
    if (!cursor.skip_to(stream)) return true;
    const auto more = cursor.next();
    if (!more) return true;
    if (!*more || cursor.name() != stream) continue;
    const auto older = [&](const BlockUse& use) { return use.min_sequence < deleted; };
    if (std::ranges::any_of(cursor.uses(), older)) return true;
  }
  return false;
}

}  // namespace

bool Maintenance::step_merge() {
  const Status status = advance_merge();
  if (status) return true;
  note_error(status.error());
  // Damaged inputs stay as they are; the others find each other again.
  bool lost = false;
  if (status.error().code == ErrorCode::DataLoss) {
    for (const auto& part : merge_->job->inputs()) {
      if (!part->damaged()) continue;
      not_mergeable_.insert(part->meta().id);
      lost = true;
    }
  }
  if (!merge_->written) merge_.reset();
  {
    std::lock_guard lock(core_.queue_mutex);
    ++core_.engine_counters.merge_failures;
  }
  if (lost) return true;
  std::vector<Done> unanswered;
  {
    std::lock_guard lock(tasks_mutex_);
    merge_failed_ = true;
    unanswered.swap(merge_running_);
    for (Done& done : merge_waiting_) unanswered.push_back(std::move(done));
    merge_waiting_.clear();
    running_ = false;
  }
  for (Done& done : unanswered) done(status);
  return false;
}

Status Maintenance::advance_merge() {
  MergeTask& merge = *merge_;
  if (merge.written) return publish_merge();
  if (!merge.steps) merge.steps = make_steps();
  KANSOKU_TRY(merge.written, merge.steps->step([job = merge.job.get()](WorkPause& pause) {
    return job->step(pause);
  }));
  return {};
}

Status Maintenance::publish_merge() {
  MergeTask& merge = *merge_;
  ManifestEdit edit;
  for (const auto& part : merge.job->inputs()) edit.removed.push_back(part->meta().id);
  const std::optional<PartMeta>& written = merge.job->written();
  if (written) edit.added.push_back(*written);
  KANSOKU_RETURN_IF_ERROR(publish(std::move(edit), manifest_.state().floor));
  std::shared_ptr<const Part> merged;
  if (written) merged = Part::open(*core_.env.files, core_.options.directory, *written);
  const auto inputs = merge.job->inputs();
  core_.update_view([&](View& view) {
    std::erase_if(view.parts, [&](const auto& part) {
      return std::ranges::find(inputs, part) != inputs.end();
    });
    if (merged) view.parts.push_back(std::move(merged));
  });
  drop_parts(inputs);
  {
    std::lock_guard lock(core_.queue_mutex);
    ++core_.counters.merges;
    core_.engine_counters.blocks_copied += merge.job->blocks_copied();
  }
  merge_.reset();
  return {};
}

// Readers that still hold a part have its file.
void Maintenance::drop_parts(const std::vector<std::shared_ptr<const Part>>& gone) {
  for (const auto& part : gone) {
    part->remove_when_unused();
    rewrites_.erase(part->meta().id);
  }
}

// Chooses the next merge; answers merge_all requests when nothing is left to merge for them.
bool Maintenance::pick_merge() {
  bool settle = false;
  {
    std::lock_guard lock(tasks_mutex_);
    for (Done& done : merge_waiting_) merge_running_.push_back(std::move(done));
    merge_waiting_.clear();
    settle = !merge_running_.empty();
    if (!settle && (closed_ || merge_failed_)) return false;
  }
  auto inputs = take_rewrite();
  if (inputs.empty() && (settle || core_.options.merge_in_background)) {
    inputs = find_inputs(settle);
  }
  if (!inputs.empty()) {
    const Status begun = begin_merge(std::move(inputs));
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

std::vector<std::shared_ptr<const Part>> Maintenance::take_rewrite() {
  while (!rewrites_.empty()) {
    const uint64_t id = *rewrites_.begin();
    rewrites_.erase(rewrites_.begin());
    if (not_mergeable_.contains(id)) continue;
    for (const auto& part : core_.current_view()->parts) {
      if (part->meta().id == id && !part->damaged()) return {part};
    }
  }
  return {};
}

// A full row of one level of a PartGroup; to settle, as many small ones as fit.
std::vector<std::shared_ptr<const Part>> Maintenance::find_inputs(bool settle) {
  const EventEngineOptions& options = core_.options;
  std::map<std::pair<PartGroup, uint32_t>, std::vector<std::shared_ptr<const Part>>> rows;
  for (const auto& part : core_.current_view()->parts) {
    const PartMeta& meta = part->meta();
    if (part->damaged() || not_mergeable_.contains(meta.id) ||
        meta.file_bytes >= options.merge_bytes_max ||
        (!settle && meta.level >= options.merge_levels_max)) {
      continue;
    }
    rows[{meta.group, settle ? 0 : meta.level}].push_back(part);
  }
  const size_t least = settle ? 2 : options.merge_fan_in;
  for (auto& [key, parts] : rows) {
    if (parts.size() < least) continue;
    const auto bytes_of = [](const auto& part) { return part->meta().file_bytes; };
    std::ranges::sort(parts, {}, bytes_of);
    uint64_t bytes = 0;
    size_t n = 0;
    const size_t most = settle ? kMergeInputsMax : options.merge_fan_in;
    while (n < parts.size() && n < most && bytes + bytes_of(parts[n]) <= options.merge_bytes_max) {
      bytes += bytes_of(parts[n++]);
    }
    if (n < least) continue;
    parts.resize(n);
    return parts;
  }
  return {};
}

Status Maintenance::begin_merge(std::vector<std::shared_ptr<const Part>> inputs) {
  const PartMeta& first = inputs.front()->meta();
  PartMeta output{.id = manifest_.take_part_ids(1),
                  .group = first.group,
                  .first_sequence = first.first_sequence,
                  .last_sequence = first.last_sequence};
  for (const auto& part : inputs) {
    output.level = std::max(output.level, part->meta().level);
    output.first_sequence = std::min(output.first_sequence, part->meta().first_sequence);
    output.last_sequence = std::max(output.last_sequence, part->meta().last_sequence);
  }
  // A part that was rewritten alone is no larger; but level 0 is what comes from memory.
  if (inputs.size() > 1 || output.level == 0) ++output.level;
  MergeTask task{.tombstones = core_.current_view()->tombstones};
  KANSOKU_TRY(task.job,
              MergeJob::begin(*core_.env.files, core_.options.directory, std::move(inputs),
                              std::move(output), core_.lifetimes(*task.tombstones),
                              {core_.options.copy_bytes_min, core_.options.copy_streams_max}));
  merge_ = std::move(task);
  return {};
}

// Whether nothing of the part can be asked for any more.
bool Maintenance::all_over(const Part& part, Lifetimes& lifetimes) const {
  const signal::Scope& scope = part.meta().group.scope;
  // What a fenced part held is not known: it stays until its class is over.
  if (part.fenced()) {
    constexpr int64_t kDayNs = 86'400 * env::kNsPerS;
    const int64_t days = part.meta().group.keep_days;
    return days > 0 && part.meta().max_ns < core_.clock->now_ms() * env::kNsPerMs - days * kDayNs;
  }
  return std::ranges::all_of(part.groups(), [&](const GroupPlace& group) {
    return !lifetimes.lives(scope, group.group, group.generation) ||
           group.max_ns < lifetimes.begin_ns(scope, group.group);
  });
}

// Parts that are mostly over are written again without it.
void Maintenance::look_for_rewrites(Lifetimes& lifetimes) {
  for (const auto& part : core_.current_view()->parts) {
    const signal::Scope& scope = part->meta().group.scope;
    uint64_t over = 0;
    for (const GroupPlace& group : part->groups()) {
      const bool gone = !lifetimes.lives(scope, group.group, group.generation) ||
                        group.max_ns < lifetimes.begin_ns(scope, group.group);
      if (gone) over += group.rows;
    }
    if (over > part->meta().rows / 2) rewrites_.insert(part->meta().id);
  }
}

// Deletions of which nothing is left. Parts in which something is are written again.
std::vector<TombstoneKey> Maintenance::settle_tombstones() {
  std::vector<TombstoneKey> out;
  const auto view = core_.current_view();
  size_t looked = 0;
  for (const auto& [key, sequence] : *view->tombstones) {
    if (++looked > kTombstonesPerLook) break;
    if (sequence > manifest_.state().floor) continue;  // may delete from memory
    bool any = false;
    for (const auto& part : view->parts) {
      if (!holds(*part, key, sequence)) continue;
      any = true;
      rewrites_.insert(part->meta().id);
    }
    if (!any) out.push_back(key);
  }
  return out;
}

Status Maintenance::drop_expired() {
  const auto view = core_.current_view();
  Lifetimes lifetimes = core_.lifetimes(*view->tombstones);
  ManifestEdit edit;
  std::vector<std::shared_ptr<const Part>> gone;
  for (const auto& part : view->parts) {
    if (!all_over(*part, lifetimes)) continue;
    edit.removed.push_back(part->meta().id);
    gone.push_back(part);
  }
  if (!view->tombstones->empty()) edit.forgotten = settle_tombstones();
  if (!gone.empty() || !edit.forgotten.empty()) {
    const std::vector<TombstoneKey> forgotten = edit.forgotten;
    KANSOKU_RETURN_IF_ERROR(publish(std::move(edit), manifest_.state().floor));
    core_.update_view([&](View& next) {
      std::erase_if(next.parts,
                    [&](const auto& part) { return std::ranges::find(gone, part) != gone.end(); });
      if (forgotten.empty()) return;
      auto tombstones = std::make_shared<Tombstones>(*next.tombstones);
      for (const TombstoneKey& key : forgotten) {
        // The stream may have been deleted again meanwhile.
        const auto found = tombstones->find(key);
        if (found != tombstones->end() && found->second == view->tombstones->at(key)) {
          tombstones->erase(found);
        }
      }
      next.tombstones = std::move(tombstones);
    });
    drop_parts(gone);
  }
  look_for_rewrites(lifetimes);
  return {};
}

}  // namespace kansoku::store::events
