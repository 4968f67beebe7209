// Scans: what parts, the frozen head and the head hold of a series, joined to one point a
// timestamp.
#include "base/check.h"
#include "base/time/grid.h"
#include "store/metrics/engine_core.h"
#include "store/metrics/fold.h"
#include "store/metrics/part.h"
#include "store/metrics/tier_reader.h"

namespace kansoku::store::metrics {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
// Streams copied under one hold of a shard's lock.
constexpr size_t kIdsPerLook = 256;

enum class Reads : uint8_t {
  Shown,   // what an answer shows
  Stored,  // what is there, of any scope
};

// Which times of a series an answer may show, and how it is put together.
struct Plan {
  signal::MergeKind merge = signal::MergeKind::Replace;
  PageKind kind = PageKind::Raw;  // what is read from parts
  int64_t read_begin = kMin;      // of raw points
  int64_t read_end = kMax;
  int64_t show_begin = kMin;  // of the points or cells of the answer
  int64_t show_end = kMax;
  // Of a series of which cells may be shown: points from here on are.
  const TierRule* rule = nullptr;
  int64_t raw_begin = kMin;
};

int64_t cell_end(int64_t ms, int64_t cell_ms) {
  if (ms > kMax - cell_ms) return kMax;
  int64_t start = floor_to(ms, cell_ms);
  return start == ms ? ms : start + cell_ms;
}

class Scanner {
 public:
  Scanner(MetricEngine::Core& core, const MetricScan& scan, const ScanSink& sink, Reads reads)
      : core_(core),
        scan_(scan),
        sink_(sink),
        reads_(reads),
        cache_(reads == Reads::Shown ? &core.pages : nullptr),
        now_ms_(core.clock->now_ms()),
        scope_(core.table.find_scope(scan.scope)),
        kinds_(core.series_kinds(cache_)),
        tiers_(scan, cache_) {}

  Result<ScanReport> run() {
    KANSOKU_RETURN_IF_ERROR(check());
    std::vector<SeriesId> ids = scan_.ids;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (size_t at = 0; at < ids.size();) {
      size_t end = at + 1;
      while (end < ids.size() && end - at < kIdsPerLook &&
             shard_of(ids[end]) == shard_of(ids[at])) {
        ++end;
      }
      look(std::span(ids).subspan(at, end - at));
      for (size_t i = at; i < end; ++i) KANSOKU_RETURN_IF_ERROR(answer(ids[i], i - at));
      at = end;
    }
    // A scan without series still tells what is lost: a series may be unknown because of it.
    if (!view_) view_ = core_.current_view();
    note_fenced();
    for (auto& [key, cursor] : cursors_) report_.bytes_read += cursor.bytes_read();
    report_.bytes_read += tiers_.bytes_read();
    report_.aggregated = scan_.aggregate == PartialAggregate::Cells;
    return std::move(report_);
  }

 private:
  Status check() const {
    bool known = scan_.tier_ms == kRawTierMs ||
                 std::find(kTiersMs.begin(), kTiersMs.end(), scan_.tier_ms) != kTiersMs.end();
    if (!known) return invalid_argument("no tier of {} ms", scan_.tier_ms);
    if (scan_.aggregate != PartialAggregate::Cells) return {};
    if (scan_.step_ms <= 0 || (scan_.tier_ms > 0 && scan_.step_ms % scan_.tier_ms != 0)) {
      return invalid_argument("a step of {} ms over a tier of {} ms", scan_.step_ms, scan_.tier_ms);
    }
    return {};
  }

  // One consistent look: the streams of these series and the view, while their shard is held.
  void look(std::span<const SeriesId> ids) {
    streams_.clear();
    ends_.clear();
    auto lock = core_.head.lock_for_read(ids.front());
    for (SeriesId id : ids) {
      core_.head.append_stream(id, streams_);
      ends_.push_back(streams_.size());
    }
    auto view = core_.current_view();
    lock.unlock();
    if (view != view_) {
      note_fenced();
      cursor_of_.assign(view->parts.size() * kPageKinds, nullptr);
    }
    view_ = std::move(view);
  }

  Plan plan_for(SeriesId id, signal::MergeKind merge) const {
    Plan plan;
    plan.merge = merge;
    bool accumulate = merge == signal::MergeKind::Accumulate;
    plan.show_begin = scan_.range.begin;
    plan.show_end = scan_.range.end;
    const TierState& tiers = *view_->tiers;
    int64_t oldest = accumulate
                         ? now_ms_ - kRawRetentionMs
                         : tiers.raw_begin_ms(id, now_ms_, core_.options.replace_retention_ms);
    if (reads_ == Reads::Stored) oldest = kMin;
    if (accumulate && scan_.tier_ms > 0) {
      auto tier = static_cast<size_t>(std::find(kTiersMs.begin(), kTiersMs.end(), scan_.tier_ms) -
                                      kTiersMs.begin());
      plan.kind = static_cast<PageKind>(tier + 1);
      plan.show_begin = std::max(plan.show_begin, now_ms_ - kTierRetentionMs[tier]);
      oldest = kMin;  // every point counts in its cell
    }
    bool folds = scan_.tier_ms > 0;
    bool bounded_begin = folds && scan_.range.begin > kMin + scan_.tier_ms;
    plan.read_begin = std::max(
        oldest, bounded_begin ? floor_to(scan_.range.begin, scan_.tier_ms) : scan_.range.begin);
    if (!accumulate && reads_ == Reads::Shown && scan_.range.begin < tiers.watermark_ms) {
      plan.rule = tiers.rule(id);
      plan.raw_begin = oldest;
      // Whether an hour has points or cells is seen from its begin on.
      if (plan.rule != nullptr && plan.read_begin > kMin + kHourMs)
        plan.read_begin = floor_to(plan.read_begin, kHourMs);
    }
    plan.read_end = folds ? cell_end(scan_.range.end, scan_.tier_ms) : scan_.range.end;
    return plan;
  }

  // The cursor of a part of the view at hand.
  PartCursor& cursor(size_t number, PageKind kind) {
    PartCursor*& known = cursor_of_[number * kPageKinds + static_cast<size_t>(kind)];
    if (known == nullptr) known = &cursor(view_->parts[number], kind);
    return *known;
  }
  PartCursor& cursor(const std::shared_ptr<const Part>& part, PageKind kind) {
    auto key = std::pair(part.get(), kind);
    auto found = cursors_.find(key);
    if (found == cursors_.end()) {
      found = cursors_.emplace(key, PartCursor(part, kind, decompressor_, cache_)).first;
    }
    return found->second;
  }

  void read_parts(SeriesId id, const Plan& plan, DecodedSeries& series) {
    bool cells = plan.kind != PageKind::Raw;
    int64_t begin = cells ? plan.show_begin : plan.read_begin;
    int64_t end = cells ? plan.show_end : plan.read_end;
    for (size_t number = 0; number < view_->parts.size(); ++number) {
      const Part& part = *view_->parts[number];
      if (part.fenced() || part.meta().max_ms < begin || part.meta().min_ms >= end) continue;
      PartCursor& from = cursor(number, plan.kind);
      next_.clear();
      from.read(id, begin, end, next_);
      for (const PageInfo& page : from.take_damaged()) {
        note_missing(page.min_ms, page.max_ms);
        std::lock_guard lock(core_.queue_mutex);
        ++core_.engine_counters.pages_damaged;
      }
      report_.points += next_.size();
      view_->tombstones->cut(id, part.meta().last_sequence, next_);
      join_next(series, plan.merge);
    }
  }

  // Joins `next_`; buffers change places rather than owners.
  void join_next(DecodedSeries& series, signal::MergeKind merge) {
    if (series.size() == 0) {
      std::swap(series, next_);
    } else {
      join_settled(series, std::move(next_), merge);
    }
  }

  // Points of one piece of the head, as they are shown.
  // `frozen`: of series `id` in the frozen head, which is older than some deletions; the head
  // itself never holds what is deleted.
  void read_stream(std::string_view stream, const Plan& plan, const FrozenHead* frozen, SeriesId id,
                   DecodedSeries& series) {
    if (stream.empty()) return;
    next_.clear();
    decode_stream(stream, next_);
    report_.points += next_.size();
    if (frozen != nullptr) view_->tombstones->cut(id, frozen->sequence(), next_);
    settle(next_, plan.merge);
    if (plan.kind != PageKind::Raw) {
      fold_cells(next_, scan_.tier_ms);
    } else {
      cut_range(next_, plan.read_begin, plan.read_end);
    }
    join_next(series, plan.merge);
  }

  Status answer(SeriesId id, size_t row) {
    const SeriesKind kind = kinds_.find(id);
    // Scans never cross tenants.
    if (kind.scope == SeriesKind::kNoScope) return {};
    if (reads_ == Reads::Shown && kind.scope != scope_) return {};
    Plan plan = plan_for(id, kind.merge);
    DecodedSeries& series = series_;
    series.clear();
    read_parts(id, plan, series);
    if (view_->frozen) {
      frozen_.clear();
      view_->frozen->append_stream(id, frozen_);
      read_stream(frozen_, plan, view_->frozen.get(), id, series);
    }
    size_t begin = row == 0 ? 0 : ends_[row - 1];
    std::string_view stream = std::string_view(streams_).substr(begin, ends_[row] - begin);
    read_stream(stream, plan, nullptr, id, series);
    if (plan.kind == PageKind::Raw) {
      cut_range(series, plan.read_begin, plan.read_end);
      if (plan.rule != nullptr) put_tiers(id, plan, series);
      if (scan_.tier_ms > 0) {
        if (kind.merge == signal::MergeKind::Replace) drop_stale_markers(series);
        fold_cells(series, scan_.tier_ms);
      }
    }
    cut_range(series, plan.show_begin, plan.show_end);
    if (scan_.aggregate == PartialAggregate::Cells) fold_cells(series, scan_.step_ms);
    std::span<const double> weights;
    if (plan.rule != nullptr) weights = tiers_.put_points(plan.show_begin, plan.show_end, series);
    if (series.size() == 0) return {};
    ++report_.series;
    return sink_({id, series.timestamps_ms, series.values, series.distributions, weights});
  }

  // Cells where points are no longer kept, also where they went earlier than the rule says now.
  void put_tiers(SeriesId id, const Plan& plan, DecodedSeries& series) {
    const int64_t first_ms = series.size() == 0 ? kMax : floor_to(series.timestamps_ms[0], kHourMs);
    const TimeRangeMs range{
        scan_.range.begin == kMin ? kMin : floor_to(scan_.range.begin, kHourMs),
        std::min(plan.read_end,
                 std::max(plan.raw_begin, std::min(first_ms, view_->tiers->watermark_ms)))};
    tiers_.read(*view_->tiers, *view_->tombstones, id, *plan.rule, range, now_ms_, report_.points);
    for (const TimeRangeMs& missing : tiers_.take_missing())
      note_missing(missing.begin, missing.end - 1);
    tiers_.put_summaries(series);
  }

  void note_missing(int64_t min_ms, int64_t max_ms) {
    TimeRangeMs range{std::max(min_ms, scan_.range.begin),
                      std::min(max_ms == kMax ? kMax : max_ms + 1, scan_.range.end)};
    if (range.begin >= range.end) return;
    for (const TimeRangeMs& known : report_.missing) {
      if (known.begin == range.begin && known.end == range.end) return;
    }
    report_.missing.push_back(range);
  }

  // What is lost as a whole: parts without a readable footer, records of the log.
  void note_fenced() {
    if (!view_) return;
    for (const auto& part : view_->parts) {
      if (part->fenced()) note_missing(part->meta().min_ms, part->meta().max_ms);
    }
    if (core_.engine_counters.log_damages > 0) note_missing(kMin, kMax);
  }

  MetricEngine::Core& core_;
  const MetricScan& scan_;
  const ScanSink& sink_;
  const Reads reads_;
  PageCache* const cache_;
  int64_t now_ms_;
  ScopeId scope_;
  SeriesKinds kinds_;
  TierReader tiers_;
  ScanReport report_;
  std::shared_ptr<const View> view_;
  codec::Decompressor decompressor_;
  std::map<std::pair<const Part*, PageKind>, PartCursor> cursors_;
  std::vector<PartCursor*> cursor_of_;  // by part of the view and kind; null: not asked for yet
  std::string streams_;
  std::vector<size_t> ends_;
  // Of the series at hand; their room is used again.
  std::string frozen_;
  DecodedSeries series_;
  DecodedSeries next_;
};

}  // namespace

Result<ScanReport> MetricEngine::Core::scan(const MetricScan& scan, const ScanSink& sink) {
  return Scanner(*this, scan, sink, Reads::Shown).run();
}

Result<ScanReport> MetricEngine::Core::scan_stored(const MetricScan& scan, const ScanSink& sink) {
  return Scanner(*this, scan, sink, Reads::Stored).run();
}

}  // namespace kansoku::store::metrics
