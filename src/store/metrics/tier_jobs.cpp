#include "store/metrics/tier_jobs.h"

namespace kansoku::store::metrics {
namespace {

// A day of points every 15 s of so many series decodes in about 3 ms.
constexpr size_t kFoldSeriesPerStep = 64;
constexpr size_t kRewriteSeriesPerStep = 256;

}  // namespace

Result<std::unique_ptr<TierFoldJob>> TierFoldJob::begin(MetricEngine::Core& core,
                                                        std::shared_ptr<const TierState> state,
                                                        int64_t day_ms, uint64_t sequence,
                                                        const TakeId& take_id) {
  std::unique_ptr<TierFoldJob> job(new TierFoldJob(core));
  job->state_ = std::move(state);
  job->day_ms_ = day_ms;
  job->now_ms_ = core.clock->now_ms();
  job->writers_.resize(kTiersMs.size());
  for (size_t tier = 0; tier < kTiersMs.size(); ++tier) {
    const bool wanted = std::ranges::any_of(job->state_->rules, [&](const TierRule& rule) {
      return keeps_day(rule, tier, day_ms, job->now_ms_);
    });
    if (!wanted) continue;
    TierMeta meta;
    meta.id = take_id();
    meta.tier_ms = kTiersMs[tier];
    meta.day_ms = day_ms;
    meta.sequence = sequence;
    KANSOKU_TRY(job->writers_[tier],
                TierPartWriter::create(*core.env.files, core.options.directory, meta));
  }
  return job;
}

Result<bool> TierFoldJob::step() {
  MetricScan scan;
  scan.range = {day_ms_, day_ms_ + kDayMs};
  const std::vector<uint8_t>& rule_of = state_->rule_of;
  for (; next_ < rule_of.size() && scan.ids.size() < kFoldSeriesPerStep; ++next_) {
    if (rule_of[next_] != TierState::kNoRule) scan.ids.push_back(next_);
  }
  if (!scan.ids.empty()) {
    KANSOKU_TRY(const ScanReport report,
                core_->scan_stored(scan, [&](const SeriesPoints& points) { return put(points); }));
    incomplete_ = incomplete_ || !report.missing.empty();
  }
  return next_ >= rule_of.size();
}

Status TierFoldJob::put(const SeriesPoints& points) {
  const TierRule* rule = state_->rule(points.id);
  if (rule == nullptr) return {};
  floats_.clear();
  for (size_t i = 0; i < points.size(); ++i) {
    if (points.distribution(i) == nullptr) floats_.push(points.timestamps_ms[i], points.values[i]);
  }
  for (size_t tier = 0; tier < kTiersMs.size(); ++tier) {
    if (!keeps_day(*rule, tier, day_ms_, now_ms_)) continue;
    cells_.clear();
    fold_tier(floats_, kTiersMs[tier], cells_);
    KANSOKU_RETURN_IF_ERROR(writers_[tier]->add(points.id, cells_));
  }
  return {};
}

Result<std::vector<TierMeta>> TierFoldJob::finish() {
  uint8_t tiers = 0;
  for (size_t tier = 0; tier < writers_.size(); ++tier) {
    if (writers_[tier] != nullptr && writers_[tier]->series() > 0)
      tiers = static_cast<uint8_t>(tiers | (1U << tier));
  }
  std::vector<TierMeta> out;
  for (auto& writer : writers_) {
    if (writer == nullptr || writer->series() == 0) continue;
    KANSOKU_TRY(const TierMeta meta, writer->finish(tiers, incomplete_));
    out.push_back(meta);
  }
  writers_.clear();
  return out;
}

Result<std::unique_ptr<TierRewriteJob>> TierRewriteJob::begin(
    env::FileSystem& files, std::string directory, std::shared_ptr<const TierPart> input,
    std::shared_ptr<const Tombstones> goal, uint64_t part_id) {
  auto job = std::make_unique<TierRewriteJob>();
  TierMeta meta;
  meta.id = part_id;
  meta.tier_ms = input->meta().tier_ms;
  meta.day_ms = input->meta().day_ms;
  meta.sequence = input->meta().sequence;
  for (const auto& item : goal->items()) meta.sequence = std::max(meta.sequence, item->sequence);
  KANSOKU_TRY(job->writer_, TierPartWriter::create(files, std::move(directory), meta));
  job->input_ = std::move(input);
  job->goal_ = std::move(goal);
  job->cursor_.emplace(job->input_, job->decompressor_, nullptr);
  return job;
}

Result<bool> TierRewriteJob::step() {
  TierCells cells;
  for (size_t i = 0; i < kRewriteSeriesPerStep; ++i) {
    cells.clear();
    const SeriesId id = cursor_->read_next(cells);
    if (input_->damaged()) return fail(ErrorCode::DataLoss, "a page is damaged", input_->path());
    if (id == TierCursor::kNone) return true;
    cut_deleted(*goal_, id, input_->meta().sequence, cells);
    KANSOKU_RETURN_IF_ERROR(writer_->add(id, cells));
  }
  return false;
}

Result<std::optional<TierMeta>> TierRewriteJob::finish() {
  if (writer_->series() == 0) return std::optional<TierMeta>();
  KANSOKU_TRY(const TierMeta meta,
              writer_->finish(input_->meta().tiers, input_->meta().incomplete));
  return std::optional(meta);
}

}  // namespace kansoku::store::metrics
