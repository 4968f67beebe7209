// Maintenance: making deletions true on disk, and the copy of the engine's files for a backup.
#include "store/metrics/maintenance.h"

namespace kansoku::store::metrics {

void Maintenance::clean_tombstones(Done done) {
  {
    std::lock_guard lock(tasks_mutex_);
    if (!closed_) clean_waiting_.push_back(std::move(done));
  }
  if (done) {
    done(unavailable("the metric store is closed"));
    return;
  }
  run();
}

void Maintenance::finish_clean(const Status& status) {
  std::vector<Done> waiting = std::move(clean_->waiting);
  clean_.reset();
  for (Done& done : waiting) done(status);
}

// One part after another is written anew; when none is left, the tombstones themselves go.
bool Maintenance::step_clean() {
  auto view = core_.current_view();
  std::string damaged;
  for (const auto& part : view->parts) {
    if (clean_->clean_parts.contains(part->meta().id)) continue;
    const auto& goal = clean_->goal->items();
    bool dirty = std::any_of(goal.begin(), goal.end(),
                             [&](const auto& item) { return touches(*item, *part); });
    if (!dirty) continue;
    if (part->damaged() || not_mergeable_.contains(part->meta().id)) {
      damaged = part->path();
      continue;
    }
    Status begun = begin_merge({part});
    if (!begun) {
      note_error(begun.error());
      finish_clean(begun);
    }
    return true;
  }
  if (clean_tier_part()) return true;
  for (const auto& part : view->tiers->parts) {
    const auto& goal = clean_->goal->items();
    const auto hidden = [&](const auto& item) { return touches(*item, *part); };
    if (part->damaged() && std::ranges::any_of(goal, hidden)) damaged = part->path();
  }
  Status pruned = prune_tombstones(clean_->clean_parts);
  if (pruned && !damaged.empty()) {
    pruned =
        fail(ErrorCode::DataLoss,
             "a damaged part cannot be rewritten; what was deleted in it stays hidden", damaged);
  }
  finish_clean(pruned);
  return true;
}

// Forgets tombstones that delete nothing any more. `clean_parts` were written without what they
// delete. A tombstone whose record the log still holds comes back when it is replayed, and deletes
// nothing again.
Status Maintenance::prune_tombstones(const std::set<uint64_t>& clean_parts) {
  auto view = core_.current_view();
  std::set<uint64_t> gone;
  for (const auto& item : view->tombstones->items()) {
    bool needed = view->frozen != nullptr && view->frozen->sequence() < item->sequence;
    for (const auto& part : view->parts) {
      needed = needed || (!clean_parts.contains(part->meta().id) && touches(*item, *part));
    }
    for (const auto& part : view->tiers->parts) needed = needed || touches(*item, *part);
    if (!needed) gone.insert(item->sequence);
  }
  if (gone.empty()) return save_tombstones();
  core_.update_view([&](View& next) {
    next.tombstones = std::make_shared<Tombstones>(next.tombstones->without(gone));
  });
  return save_tombstones();
}

Status Maintenance::save_tombstones() {
  auto now = core_.current_view()->tombstones;
  bool same = saved_tombstones_ == now || (saved_tombstones_->empty() && now->empty());
  if (same) return {};
  KANSOKU_RETURN_IF_ERROR(
      store::metrics::save_tombstones(*core_.env.files, core_.options.directory, *now));
  saved_tombstones_ = std::move(now);
  return {};
}

void Maintenance::snapshot(std::string directory, Done done) {
  {
    std::lock_guard lock(tasks_mutex_);
    if (!closed_) snapshot_waiting_.emplace_back(std::move(directory), std::move(done));
  }
  if (done) {
    done(unavailable("the metric store is closed"));
    return;
  }
  run();
}

// On the strand, between two changes of the manifest. Parts are immutable, so a second name is a
// copy; the series file grows, so its counted bytes are copied.
Status Maintenance::write_snapshot(const std::string& directory) {
  env::FileSystem& files = *core_.env.files;
  const std::string& from = core_.options.directory;
  const ManifestState& state = manifest_.state();
  for (const auto& [first, meta] : state.parts) {
    std::string name = part_name(meta.id);
    Status linked = files.link(env::join_path(from, name), env::join_path(directory, name));
    // A part whose file is gone is known to be lost; so it is in the copy.
    if (!linked && linked.error().code != ErrorCode::NotFound) return linked;
  }
  for (const auto& [id, meta] : state.tiers) {
    const std::string name = tier_part_name(id);
    Status linked = files.link(env::join_path(from, name), env::join_path(directory, name));
    if (!linked && linked.error().code != ErrorCode::NotFound) return linked;
  }
  KANSOKU_RETURN_IF_ERROR(series_file_.copy_to(directory, state.series_file, state.series_bytes));
  KANSOKU_RETURN_IF_ERROR(Manifest::write(files, directory, state));
  auto tombstones = core_.current_view()->tombstones;
  if (!tombstones->empty()) {
    KANSOKU_RETURN_IF_ERROR(store::metrics::save_tombstones(files, directory, *tombstones));
  }
  for (const char* name : {"secret", "usage"}) {
    auto bytes = files.read_all(env::join_path(from, name), size_t{1} << 30);
    if (!bytes && bytes.error().code == ErrorCode::NotFound) continue;
    if (!bytes) return std::unexpected(std::move(bytes).error());
    KANSOKU_RETURN_IF_ERROR(files.write_atomic(env::join_path(directory, name), *bytes));
  }
  return files.sync_directory(directory);
}

}  // namespace kansoku::store::metrics
