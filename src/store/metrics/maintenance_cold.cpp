// Maintenance: series that had no point lately leave the table for a cold segment, and come to
// stand in fewer and larger ones.
//
// They leave in stages. On the drain: marked; once every record that was on its way then is in the
// head, those that have points there stay. On the strand: what is left is written and published. On
// the drain again: what is marked still is removed. Whoever meets a marked series meanwhile takes
// the mark away and defines the series anew in the log, so that what the segment says of it does
// not count any more.
#include "store/metrics/maintenance.h"

namespace kansoku::store::metrics {
namespace {

// Series looked at, or removed, in one go of the drain: below 1 ms.
constexpr SeriesId kIdsPerLook = 8192;
constexpr size_t kRemovedPerLook = 512;

}  // namespace

bool Maintenance::leave_due() const {
  const int64_t pause_ns = core_.options.series_idle_ms * env::kNsPerMs / 4;
  return core_.env.clock->monotonic_now().ns - left_at_ns_ >= pause_ns;
}

// On the drain, after each batch or marker.
void Maintenance::leave_step() {
  bool more = false;
  switch (leave_stage_.load(std::memory_order_acquire)) {
    case LeaveStage::None:
      if (!leave_due()) return;
      leave_ = {};
      leave_.before_ms = core_.env.clock->wall_now().ms() - core_.options.series_idle_ms;
      leave_stage_ = LeaveStage::Mark;
      more = true;
      break;
    case LeaveStage::Mark:
      mark_leaving();
      more = leave_stage_ != LeaveStage::None;
      break;
    case LeaveStage::Settle:
      // Woken by the log's answers.
      if (core_.answered_records < leave_.records) return;
      more = settle_leaving();
      break;
    case LeaveStage::Write:
      return;
    case LeaveStage::Remove:
      more = remove_leaving();
      break;
  }
  if (!more) return;
  // After what is queued: batches come first.
  core_.executor.post(Lane::Ingest, [self = core_.shared_from_this()] { self->schedule_drain(); });
}

void Maintenance::mark_leaving() {
  SeriesTable& table = core_.table;
  auto view = core_.current_view();
  const SeriesId end = std::min<SeriesId>(leave_.next + kIdsPerLook, table.size());
  SeriesId id = table.next(leave_.next);
  for (; id < end && leave_.ids.size() < kColdRowsMax; id = table.next(id + 1)) {
    int64_t first_ms = 0;
    int64_t last_ms = 0;
    if (table.times_of(id, first_ms, last_ms) && last_ms >= leave_.before_ms) continue;
    if (core_.head.has_stream(id) || (view->frozen && view->frozen->has_stream(id))) continue;
    if (table.mark_leaving(id)) leave_.ids.push_back(id);
  }
  leave_.next = std::max(id == kNoSeries ? end : id, end);
  if (leave_.next < table.size() && leave_.ids.size() < kColdRowsMax) return;
  if (leave_.ids.size() < core_.options.series_leave_min) {
    end_leaving();
    return;
  }
  (void)core_.table.take_kept();  // of the marks before these nothing was written
  leave_.next = 0;
  leave_.records = core_.handed_records;
  leave_stage_ = LeaveStage::Settle;
}

// Points that were on their way when the marks were set are in the head by now.
bool Maintenance::settle_leaving() {
  auto view = core_.current_view();
  const size_t end = std::min<size_t>(leave_.next + kIdsPerLook, leave_.ids.size());
  for (; leave_.next < end; ++leave_.next) {
    const SeriesId id = leave_.ids[leave_.next];
    if (core_.head.has_stream(id) || (view->frozen && view->frozen->has_stream(id)))
      core_.table.keep(id);
  }
  if (end < leave_.ids.size()) return true;
  std::erase_if(leave_.ids, [&](SeriesId id) { return !core_.table.leaving(id); });
  leave_.next = 0;
  leave_.published = false;
  leave_stage_.store(LeaveStage::Write, std::memory_order_release);
  run();
  return false;
}

bool Maintenance::remove_leaving() {
  const std::span<const SeriesId> ids = leave_.ids;
  const size_t end = std::min<size_t>(leave_.next + kRemovedPerLook, ids.size());
  if (!leave_.published) {
    // The segment could not be written: they stay, and the next try comes after a pause.
    end_leaving();
    return false;
  }
  (void)core_.table.remove_leaving(ids.subspan(leave_.next, end - leave_.next));
  leave_.next = end;
  if (end < ids.size()) return true;
  end_leaving();
  return false;
}

void Maintenance::end_leaving() {
  for (SeriesId id : leave_.ids) core_.table.keep(id);
  std::vector<SeriesId> kept = core_.table.take_kept();
  core_.returned.insert(core_.returned.end(), kept.begin(), kept.end());
  leave_ = {};
  left_at_ns_ = core_.env.clock->monotonic_now().ns;
  leave_stage_ = LeaveStage::None;
}

// On the strand. False: there is nothing to write.
bool Maintenance::step_cold() {
  if (leave_stage_.load(std::memory_order_acquire) == LeaveStage::Write) {
    Status status = advance_cold_write();
    if (!status) {
      note_error(status.error());
      cold_write_.reset();
      finish_cold_write(false);
    }
    return true;
  }
  if (!cold_merge_ && cold_merge_failed_) return false;
  Status status = advance_cold_merge();
  if (!status) {
    note_error(status.error());
    cold_merge_.reset();
    cold_merge_failed_ = true;  // until the next segment
    return false;
  }
  return cold_merge_ != nullptr;
}

void Maintenance::finish_cold_write(bool published) {
  leave_.published = published;
  leave_stage_.store(LeaveStage::Remove, std::memory_order_release);
  core_.schedule_drain();
}

Status Maintenance::advance_cold_write() {
  auto cold = core_.current_view()->cold;
  if (cold_write_ == nullptr) {
    // All of them are in the series file: what comes after its present end is newer.
    cold_meta_ = {manifest_.take_part_id(), series_file_.number(), series_file_.bytes()};
    Horizons horizons = horizons_now();
    KANSOKU_TRY(cold_write_,
                ColdWriteJob::begin(*core_.env.files, core_.options.directory, cold_meta_.id,
                                    core_.table, cold, leave_.ids, horizons));
    return {};
  }
  KANSOKU_TRY(bool done, cold_write_->step());
  if (!done) return {};
  if (cold_write_->rows() > 0) {
    KANSOKU_RETURN_IF_ERROR(cold_write_->finish());
    KANSOKU_TRY(auto segment,
                ColdSegment::open(*core_.env.files, core_.options.directory, cold_meta_.id));
    KANSOKU_TRY(auto next, cold->with(std::move(segment)));
    KANSOKU_RETURN_IF_ERROR(manifest_.publish({.cold_added = {cold_meta_}}, scalars()));
    core_.update_view([&](View& view) { view.cold = std::move(next); });
  }
  cold_write_.reset();
  cold_merge_failed_ = false;
  finish_cold_write(true);
  return {};
}

Status Maintenance::advance_cold_merge() {
  auto cold = core_.current_view()->cold;
  if (cold_merge_ == nullptr) {
    std::vector<size_t> inputs = cold_merge_inputs(*cold);
    if (inputs.empty()) return {};
    cold_meta_ = merged_cold_meta(*cold, inputs);
    Horizons horizons = horizons_now();
    KANSOKU_TRY(cold_merge_, ColdMergeJob::begin(*core_.env.files, core_.options.directory,
                                                 cold_meta_.id, cold, std::move(inputs), horizons));
    return {};
  }
  KANSOKU_TRY(bool done, cold_merge_->step());
  if (!done) return {};
  ManifestEdit edit;
  std::vector<std::shared_ptr<const ColdSegment>> segments;
  std::vector<std::string> gone;
  for (size_t i = 0; i < cold->parts().size(); ++i) {
    const auto& segment = cold->parts()[i].segment;
    if (std::ranges::find(cold_merge_->inputs(), i) == cold_merge_->inputs().end()) {
      segments.push_back(segment);
    } else {
      edit.cold_removed.push_back(segment->id());
      gone.push_back(segment->path());
    }
  }
  if (cold_merge_->rows() > 0) {
    KANSOKU_RETURN_IF_ERROR(cold_merge_->finish());
    KANSOKU_TRY(auto merged,
                ColdSegment::open(*core_.env.files, core_.options.directory, cold_meta_.id));
    segments.push_back(std::move(merged));
    edit.cold_added.push_back(cold_meta_);
  }
  KANSOKU_TRY(auto next, ColdIndex::build(std::move(segments)));
  KANSOKU_RETURN_IF_ERROR(manifest_.publish(edit, scalars()));
  core_.update_view([&](View& view) { view.cold = std::move(next); });
  // Readers that still hold a segment keep its file open; the name may go.
  for (const std::string& path : gone) (void)core_.env.files->remove(path);
  cold_merge_.reset();
  return {};
}

// Rows of series that are here again are merged too, so what the series file says after the
// earliest of the inputs must go on to count.
ColdMeta Maintenance::merged_cold_meta(const ColdIndex& cold, std::span<const size_t> inputs) {
  ColdMeta out{manifest_.take_part_id(), series_file_.number(), series_file_.bytes()};
  for (size_t place : inputs) {
    auto input = manifest_.state().cold.find(cold.parts()[place].segment->id());
    const bool same =
        input != manifest_.state().cold.end() && input->second.series_file == out.series_file;
    out.series_bytes = std::min(out.series_bytes, same ? input->second.series_bytes : 0);
  }
  return out;
}

// Which series have left, and what the series file says of them: before that, it is older.
Status Maintenance::load_cold() {
  std::vector<std::shared_ptr<const ColdSegment>> segments;
  for (const auto& [id, meta] : manifest_.state().cold) {
    KANSOKU_TRY(auto segment, ColdSegment::open(*core_.env.files, core_.options.directory, id));
    for (const signal::Scope& scope : segment->scopes()) (void)core_.table.scope_id(scope);
    segments.push_back(std::move(segment));
  }
  KANSOKU_TRY(auto cold, ColdIndex::build(std::move(segments)));
  core_.table.skip_to(std::max<SeriesId>(cold->ids_end(), manifest_.state().series_end));
  core_.update_view([&](View& view) { view.cold = std::move(cold); });
  return {};
}

Status Maintenance::load_series() {
  const ManifestState& state = manifest_.state();
  auto cold = core_.current_view()->cold;
  // By id: the place of the newest segment that has it, and one.
  std::vector<uint16_t> newest(cold->ids_end());
  codec::Decompressor decompressor;
  for (size_t i = 0; i < cold->parts().size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(cold->parts()[i].segment->visit_ids(
        decompressor,
        [&](SeriesId id, signal::MergeKind) { newest[id] = static_cast<uint16_t>(i + 1); }));
  }
  const uint64_t number = manifest_.rebuilt() ? series_file_.newest() : state.series_file;
  auto left = [&](SeriesId id, uint64_t offset) {
    if (id >= newest.size() || newest[id] == 0) return false;
    const ColdMeta& meta = state.cold.at(cold->parts()[newest[id] - 1U].segment->id());
    return meta.series_file == number && offset < meta.series_bytes;
  };
  return series_file_.load(number, manifest_.rebuilt() ? SeriesFile::kAll : state.series_bytes,
                           core_.table, left);
}

}  // namespace kansoku::store::metrics
