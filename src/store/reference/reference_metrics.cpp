#include "store/reference/reference_metrics.h"

#include "store/regex.h"

namespace kansoku::store {
namespace {

int64_t floor_to(int64_t ms, int64_t cell_ms) {
  int64_t rest = ms % cell_ms;
  return ms - (rest < 0 ? rest + cell_ms : rest);
}

void add(std::map<int64_t, signal::Point>& cells, int64_t ms, const signal::Point& point) {
  auto [it, made] = cells.try_emplace(ms, point);
  if (!made) it->second.add(point);
}

std::map<int64_t, signal::Point> cells_of(const std::map<int64_t, signal::Point>& points,
                                          int64_t cell_ms) {
  std::map<int64_t, signal::Point> out;
  for (const auto& [ms, point] : points) add(out, floor_to(ms, cell_ms), point);
  return out;
}

Result<bool> value_matches(const Matcher& matcher, std::string_view value) {
  if (matcher.op == MatchOp::Equal) return value == matcher.value;
  if (matcher.op == MatchOp::NotEqual) return value != matcher.value;
  KANSOKU_TRY(Regex regex, Regex::compile(matcher.value));
  return regex.matches(value) == (matcher.op == MatchOp::Regex);
}

}  // namespace

ReferenceMetricStore::ReferenceMetricStore(const env::Clock& clock, ReferenceMetricOptions options)
    : clock_(&clock), options_(options), trusted_(clock, 0) {}

ReferenceMetricStore::Series* ReferenceMetricStore::series_for(const signal::Scope& scope,
                                                               std::string_view labels,
                                                               const signal::SeriesMeta& meta) {
  auto found = ids_.find(Key(scope, labels, meta.merge));
  if (found != ids_.end()) return &series_[found->second];
  uint64_t of_tenant = 0;
  for (const Series& series : series_) {
    of_tenant += static_cast<uint64_t>(series.scope.account == scope.account);
  }
  auto limit = series_limits_.find(scope.account);
  uint64_t series_max =
      limit == series_limits_.end() ? options_.series_per_tenant_max : limit->second;
  if (of_tenant >= series_max) return nullptr;
  SeriesId id = series_.size();
  ids_.emplace(Key(scope, labels, meta.merge), id);
  series_.push_back(
      {{id, signal::Labels::from_canonical(std::string(labels)), meta.merge, meta.temporality},
       scope,
       {}});
  return &series_.back();
}

void ReferenceMetricStore::append(signal::MetricDelivery delivery) {
  const signal::MetricBatch& batch = *delivery.batch;
  signal::Verdict verdict;
  std::map<std::string, uint64_t> rejected;
  uint64_t stored = 0;
  {
    std::lock_guard lock(series_mutex_);
    int64_t now_ms = clock_->wall_now().ms();
    for (size_t i = 0; i < batch.point_count(); ++i) {
      int64_t ms = batch.timestamps_ms()[i];
      signal::SeriesRow row = batch.point_series()[i];
      int64_t taken_ms = kPointPastMs;
      if (delivery.back_fill) {
        taken_ms = batch.meta(row).merge == signal::MergeKind::Replace
                       ? options_.replace_retention_ms
                       : kTierRetentionMs.back();
      }
      if (ms < now_ms - taken_ms || ms > now_ms + kPointFutureMs) {
        ++rejected[ms < now_ms ? "too_old" : "too_new"];
        continue;
      }
      Series* series = series_for(delivery.scope, batch.canonical_labels(row), batch.meta(row));
      if (series == nullptr) {
        ++rejected["series_limit"];
        continue;
      }
      bool first = !std::exchange(series->seen, true);
      series->info.first_ms = first ? ms : std::min(series->info.first_ms, ms);
      series->info.last_ms = first ? ms : std::max(series->info.last_ms, ms);
      if (series->info.merge == signal::MergeKind::Accumulate) {
        add(series->points, ms, batch.point(i));
      } else {
        series->points[ms] = batch.point(i);
      }
      ++stored;
    }
    points_ += stored;
  }
  if (stored > 0 || rejected.empty()) verdict = signal::Verdict::stored(stored);
  for (const auto& [reason, rows] : rejected) {
    verdict.counts.push_back({signal::Outcome::Rejected, reason, rows, {}});
    verdict.status = out_of_range("rejected: {}", reason);
  }
  delivery.token.resolve(std::move(verdict));
}

Result<bool> ReferenceMetricStore::matches(const Series& series, const SeriesSelector& selector) {
  const SeriesInfo& info = series.info;
  if (series.scope != selector.scope || !series.seen) return false;
  if (selector.merge && info.merge != *selector.merge) return false;
  if (selector.active_since_ms && info.last_ms < *selector.active_since_ms) return false;
  if (selector.active_before_ms && info.first_ms >= *selector.active_before_ms) return false;
  if (!selector.after_labels.empty() && info.labels.canonical() <= selector.after_labels) {
    return false;
  }
  for (const Matcher& matcher : selector.matchers) {
    KANSOKU_TRY(bool good, value_matches(matcher, info.labels.get(matcher.label)));
    if (!good) return false;
  }
  if (!selector.exact_label_names) return true;
  std::set<std::string_view> have;
  for (const signal::LabelView& label : info.labels.list()) {
    if (!label.name.starts_with("__")) have.insert(label.name);
  }
  return have == std::set<std::string_view>(selector.exact_label_names->begin(),
                                            selector.exact_label_names->end());
}

Result<std::vector<SeriesInfo>> ReferenceMetricStore::select(const SeriesSelector& selector) const {
  std::lock_guard lock(series_mutex_);
  for (const Matcher& matcher : selector.matchers) {
    KANSOKU_TRY(bool absent,
                value_matches(matcher, ""));  // a bad expression fails without series too
    (void)absent;
  }
  std::vector<SeriesInfo> out;
  for (const Series& series : series_) {
    KANSOKU_TRY(bool good, matches(series, selector));
    if (!good) continue;
    out.push_back(series.info);
    if (!selector.labels_wanted) continue;
    std::vector<signal::LabelView> wanted = series.info.labels.list();
    std::erase_if(wanted, [&](const signal::LabelView& label) {
      return std::ranges::find(*selector.labels_wanted, label.name) ==
             selector.labels_wanted->end();
    });
    KANSOKU_TRY(out.back().labels, signal::Labels::from(std::move(wanted)));
  }
  if (selector.sorted) {
    std::sort(out.begin(), out.end(), [](const SeriesInfo& a, const SeriesInfo& b) {
      return std::tie(a.labels, a.merge) < std::tie(b.labels, b.merge);
    });
  }
  if (selector.limit > 0 && out.size() > selector.limit) {
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(selector.limit), out.end());
  }
  return out;
}

// The points that an answer may hold, joined as the scan asks.
std::map<int64_t, signal::Point> ReferenceMetricStore::shown(const Series& series,
                                                             const MetricScan& scan,
                                                             int64_t now_ms) const {
  bool accumulate = series.info.merge == signal::MergeKind::Accumulate;
  std::map<int64_t, signal::Point> points = series.points;
  if (!accumulate || scan.tier_ms == kRawTierMs) {
    int64_t kept = accumulate ? kRawRetentionMs : options_.replace_retention_ms;
    std::erase_if(points, [&](const auto& point) { return point.first < now_ms - kept; });
  }
  if (scan.tier_ms != kRawTierMs) points = cells_of(points, scan.tier_ms);
  for (size_t tier = 0; tier < kTiersMs.size(); ++tier) {
    if (!accumulate || scan.tier_ms != kTiersMs[tier]) continue;
    int64_t oldest = now_ms - kTierRetentionMs[tier];
    std::erase_if(points, [&](const auto& point) { return point.first < oldest; });
  }
  std::erase_if(points, [&](const auto& point) {
    return point.first < scan.range.begin || point.first >= scan.range.end;
  });
  if (scan.aggregate == PartialAggregate::Cells) points = cells_of(points, scan.step_ms);
  return points;
}

Result<ScanReport> ReferenceMetricStore::scan(const MetricScan& scan, const ScanSink& sink) const {
  bool known = scan.tier_ms == kRawTierMs ||
               std::find(kTiersMs.begin(), kTiersMs.end(), scan.tier_ms) != kTiersMs.end();
  if (!known) return invalid_argument("no tier of {} ms", scan.tier_ms);
  if (scan.aggregate == PartialAggregate::Cells &&
      (scan.step_ms <= 0 || (scan.tier_ms > 0 && scan.step_ms % scan.tier_ms != 0))) {
    return invalid_argument("a step of {} ms over a tier of {} ms", scan.step_ms, scan.tier_ms);
  }
  ScanReport report;
  report.aggregated = scan.aggregate == PartialAggregate::Cells;
  int64_t now_ms = trusted_.now_ms();
  std::set<SeriesId> ids(scan.ids.begin(), scan.ids.end());
  for (SeriesId id : ids) {
    std::vector<int64_t> times;
    std::vector<double> values;
    std::vector<std::unique_ptr<signal::Distribution>> distributions;
    {
      std::lock_guard lock(series_mutex_);
      if (id >= series_.size() || series_[id].scope != scan.scope) continue;
      series_[id].read_ms = now_ms / 86'400'000 * 86'400'000;
      for (auto& [ms, point] : shown(series_[id], scan, now_ms)) {
        times.push_back(ms);
        values.push_back(point.sum());
        distributions.push_back(point.distribution
                                    ? std::make_unique<signal::Distribution>(*point.distribution)
                                    : nullptr);
      }
    }
    if (times.empty()) continue;
    ++report.series;
    report.points += times.size();
    KANSOKU_RETURN_IF_ERROR(sink({id, times, values, distributions}));
  }
  return report;
}

void ReferenceMetricStore::delete_points(SeriesDeletion deletion, DeletionDone done) {
  deletion.selector.limit = 0;
  auto found = select(deletion.selector);
  if (!found) return done(std::unexpected(std::move(found).error()));
  TimeRangeMs range = deletion.range;
  for (const SeriesInfo& info : *found) {
    if (info.merge == signal::MergeKind::Accumulate && !has_full_hours(range)) {
      return done(invalid_argument("{} is kept in cells", info.labels.to_string()));
    }
  }
  {
    std::lock_guard lock(series_mutex_);
    for (const SeriesInfo& info : *found) {
      Series& series = series_[info.id];
      std::erase_if(series.points, [&](const auto& point) {
        return point.first >= range.begin && point.first < range.end;
      });
      bool from_first = range.begin <= info.first_ms && range.end > info.first_ms;
      bool to_last = range.end > info.last_ms && range.begin <= info.last_ms;
      if (from_first && to_last) {
        series.seen = false;
        continue;
      }
      if (from_first) series.info.first_ms = range.end;
      if (to_last) series.info.last_ms = range.begin - 1;
      if (series.info.first_ms > series.info.last_ms) series.seen = false;
    }
  }
  done(found->size());
}

void ReferenceMetricStore::clean_tombstones(std::move_only_function<void(Status)> done) {
  done({});
}

Status ReferenceMetricStore::set_series_limit(const std::string& account, uint64_t series_max) {
  std::lock_guard lock(series_mutex_);
  if (series_max == 0) {
    series_limits_.erase(account);
  } else {
    series_limits_[account] = series_max;
  }
  return {};
}

Result<std::vector<int64_t>> ReferenceMetricStore::last_read_ms(
    std::span<const SeriesId> ids) const {
  std::lock_guard lock(series_mutex_);
  std::vector<int64_t> out;
  for (SeriesId id : ids) out.push_back(id < series_.size() ? series_[id].read_ms : 0);
  return out;
}

void ReferenceMetricStore::flush(bool, std::move_only_function<void(Status)> done) { done({}); }

void ReferenceMetricStore::enforce_retention(std::move_only_function<void(Status)> done) {
  done({});
}

MetricStoreStats ReferenceMetricStore::stats() const {
  std::lock_guard lock(series_mutex_);
  return {.series = series_.size(), .series_active = series_.size(), .points_appended = points_};
}

}  // namespace kansoku::store
