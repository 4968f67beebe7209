#include "query/promql/store_source.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

namespace kansoku::query::promql {
namespace {

struct StatAlias {
  std::string_view alias;
  std::string_view name;
};
constexpr std::array<StatAlias, 5> kAliases{{{"avg", "Average"},
                                             {"sum", "Sum"},
                                             {"min", "Minimum"},
                                             {"max", "Maximum"},
                                             {"count", "SampleCount"}}};

// The finest resolution that reaches back to `begin_ms`.
int64_t tier_for(int64_t begin_ms, int64_t now_ms, bool raw_allowed) {
  if (raw_allowed && begin_ms >= now_ms - store::kRawRetentionMs) return store::kRawTierMs;
  for (size_t i = 0; i < store::kTiersMs.size(); ++i) {
    if (begin_ms >= now_ms - store::kTierRetentionMs[i]) return store::kTiersMs[i];
  }
  return store::kTiersMs.back();
}

// What a series costs beside its points, in units of QueryContext::spend(): finding its pages,
// decoding them, a label set.
constexpr uint64_t kSeriesUnits = 2'000;
constexpr uint64_t kLabelUnits = 64;
// A point of the evaluation, perhaps with a histogram.
constexpr uint64_t kPointUnits = 8;

bool is_histogram(const signal::Distribution& distribution) {
  return distribution.kind() == signal::PointKind::ExponentialHistogram ||
         distribution.kind() == signal::PointKind::ExplicitHistogram;
}

// A point of a replacing series.
Point as_it_is(int64_t t, const signal::Point& point) {
  if (point.kind() == signal::PointKind::Float) return {.t = t, .f = point.value};
  if (is_histogram(*point.distribution)) {
    return {.t = t,
            .f = 0,
            .h = std::make_shared<const FloatHistogram>(FloatHistogram::from(*point.distribution))};
  }
  return {.t = t, .f = point.sum() / point.count()};
}

// What stands for the points of cells.
store::CellView view_of(Use use) {
  switch (use) {
    case Use::Values:
      return store::CellView::Ends;
    case Use::Instant:
      return store::CellView::Held;
    case Use::Increase:
      return store::CellView::Increase;
    case Use::Min:
      return store::CellView::Min;
    case Use::Max:
      return store::CellView::Max;
    case Use::Mean:
      return store::CellView::Mean;
  }
  return store::CellView::Ends;
}

store::MatchOp match_op(MatchType type) {
  constexpr std::array<store::MatchOp, 4> kOps{store::MatchOp::Equal, store::MatchOp::NotEqual,
                                               store::MatchOp::Regex, store::MatchOp::NotRegex};
  return kOps[static_cast<size_t>(type)];
}

// Two series of the same labels but different merge kinds: at one time the first wins.
void join_same_labels(std::vector<SourceSeries>& series) {
  std::ranges::sort(
      series, [](const SourceSeries& a, const SourceSeries& b) { return a.labels < b.labels; });
  std::vector<SourceSeries> out;
  for (SourceSeries& one : series) {
    if (out.empty() || out.back().labels != one.labels) {
      out.push_back(std::move(one));
      continue;
    }
    // A point of each series at one time would be counted wrong; all count as one.
    out.back().weights.clear();
    std::vector<Point> points;
    std::ranges::merge(out.back().points, one.points, std::back_inserter(points), {}, &Point::t,
                       &Point::t);
    const auto same_time = [](const Point& a, const Point& b) { return a.t == b.t; };
    points.erase(std::unique(points.begin(), points.end(), same_time), points.end());
    out.back().points = std::move(points);
    out.back().deltas = out.back().deltas && one.deltas;
  }
  series = std::move(out);
}

}  // namespace

// One selection, understood.
struct StoreSource::Plan {
  store::SeriesSelector selector;
  Statistic statistic;
  bool statistic_asked = false;
  Use use = Use::Values;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  int64_t now_ms = 0;

  bool deltas(bool accumulating) const { return accumulating && use == Use::Increase; }
  int64_t tier_ms(bool accumulating) const {
    if (!accumulating) return store::kRawTierMs;
    return tier_for(begin_ms, now_ms, use == Use::Increase);
  }
  std::optional<double> value(bool accumulating, int64_t t, const signal::Point& point) const;
  store::MetricScan scan(std::vector<store::SeriesId> ids, bool accumulating) const;
};

Result<Statistic> parse_stat(std::string_view text) {
  for (const StatAlias& row : kAliases) {
    if (row.alias == text) return parse_statistic(row.name);
  }
  return parse_statistic(text);
}

// A series of a selection.
struct StoreSource::Row {
  store::SeriesId id = 0;
  LabelSet labels;
};

// The value of a point under the plan; nothing when the point is no answer.
std::optional<double> StoreSource::Plan::value(bool accumulating, int64_t t,
                                               const signal::Point& point) const {
  // A cell that is still being filled is no answer yet.
  if (!deltas(accumulating) && tier_ms(accumulating) != 0 && t > now_ms) return std::nullopt;
  if (!deltas(accumulating)) return query::evaluate(statistic, point);
  return statistic.kind == StatisticKind::SampleCount ? point.count() : point.sum();
}

store::MetricScan StoreSource::Plan::scan(std::vector<store::SeriesId> ids,
                                          bool accumulating) const {
  // A cell of a tier is known by its start and stands at its end.
  const int64_t tier = tier_ms(accumulating);
  return {.scope = selector.scope,
          .ids = std::move(ids),
          .range = {begin_ms - tier, end_ms - tier + 1},
          .tier_ms = tier,
          .summary_only = accumulating && !statistic.needs_distribution(),
          .view = view_of(use)};
}

Status StoreSource::read_points(const Plan& plan, std::vector<store::SeriesId> ids,
                                bool accumulating, QueryContext& context,
                                std::map<store::SeriesId, SourceSeries*>& rows) const {
  if (ids.empty()) return {};
  const int64_t tier = plan.tier_ms(accumulating);
  const bool as_stored = !accumulating && !plan.statistic_asked;
  // While reading: what is too much is refused before it is there.
  MemoryHold hold(context);
  uint64_t bytes = 0;
  const auto sink = [&](const store::SeriesPoints& points) -> Status {
    KANSOKU_RETURN_IF_ERROR(context.check());
    KANSOKU_RETURN_IF_ERROR(context.charge_points(points.size()));
    bytes += points.size() * sizeof(Point);
    KANSOKU_RETURN_IF_ERROR(hold.hold(bytes));
    SourceSeries& out = *rows.at(points.id);
    out.points.reserve(points.size());
    const bool weighted = !points.weights.empty();
    for (size_t i = 0; i < points.size(); ++i) {
      KANSOKU_RETURN_IF_ERROR(context.spend(kPointUnits));
      const int64_t t = points.timestamps_ms[i] + tier;
      if (as_stored) {
        out.points.push_back(as_it_is(t, points.point(i)));
        if (weighted) out.weights.push_back(points.weights[i]);
      } else if (const auto value = plan.value(accumulating, t, points.point(i))) {
        out.points.push_back({.t = t, .f = *value});
        if (weighted) out.weights.push_back(points.weights[i]);
      }
    }
    return {};
  };
  KANSOKU_TRY(const store::ScanReport report,
              store_.scan(plan.scan(std::move(ids), accumulating), sink));
  if (!report.missing.empty()) context.note_missing();
  return context.charge_bytes(report.bytes_read);
}

Status StoreSource::read_columns(const Plan& plan, std::span<const Row> rows, bool accumulating,
                                 QueryContext& context, const ColumnSink& sink) const {
  if (rows.empty()) return {};
  const int64_t tier = plan.tier_ms(accumulating);
  const bool as_stored = !accumulating && !plan.statistic_asked;
  std::vector<store::SeriesId> ids;
  for (const Row& row : rows) ids.push_back(row.id);
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  std::vector<double> weights;
  size_t at = 0;
  const auto one = [&](const store::SeriesPoints& points) -> Status {
    KANSOKU_RETURN_IF_ERROR(context.spend(kSeriesUnits + points.size()));
    KANSOKU_RETURN_IF_ERROR(context.charge_points(points.size()));
    while (rows[at].id != points.id) ++at;  // both ascend
    SourceColumns out{.labels = rows[at].labels,
                      .times_ms = points.timestamps_ms,
                      .values = points.values,
                      .deltas = plan.deltas(accumulating)};
    out.weights = points.weights;
    if (as_stored && points.distributions.empty()) return sink(out);
    times_ms.clear();
    values.clear();
    weights.clear();
    for (size_t i = 0; i < points.size(); ++i) {
      const int64_t t = points.timestamps_ms[i] + tier;
      const signal::Distribution* distribution = points.distribution(i);
      if (as_stored && distribution != nullptr && is_histogram(*distribution)) {
        out.needs_points = true;
        return sink(out);
      }
      std::optional<double> value;
      if (!as_stored) {
        value = plan.value(accumulating, t, points.point(i));
      } else {
        value =
            distribution == nullptr ? points.values[i] : distribution->sum / distribution->count;
      }
      if (!value) continue;
      times_ms.push_back(t);
      values.push_back(*value);
      if (!points.weights.empty()) weights.push_back(points.weights[i]);
    }
    if (times_ms.empty()) return {};
    out.times_ms = times_ms;
    out.values = values;
    out.weights = weights;
    return sink(out);
  };
  KANSOKU_TRY(const store::ScanReport report,
              store_.scan(plan.scan(std::move(ids), accumulating), one));
  if (!report.missing.empty()) context.note_missing();
  return context.charge_bytes(report.bytes_read);
}

Result<StoreSource::Plan> StoreSource::plan_for(const Selection& selection) const {
  Plan plan;
  plan.selector.scope = scope_;
  plan.use = selection.use;
  plan.begin_ms = selection.begin_ms;
  plan.end_ms = selection.end_ms;
  plan.now_ms = clock_.wall_now().ms();
  KANSOKU_TRY(plan.statistic, parse_stat(selection.use == Use::Increase ? "sum" : "avg"));
  for (const LabelMatcher& matcher : selection.matchers) {
    if (matcher.name != kStatLabel) {
      plan.selector.matchers.push_back({matcher.name, match_op(matcher.type), matcher.value});
      continue;
    }
    if (matcher.type != MatchType::Equal)
      return invalid_argument("__stat__ takes = only: {}", matcher.to_string());
    KANSOKU_TRY(plan.statistic, parse_stat(matcher.value));
    plan.statistic_asked = true;
  }
  const StatisticKind kind = plan.statistic.kind;
  if (selection.use == Use::Increase && kind != StatisticKind::Sum &&
      kind != StatisticKind::SampleCount) {
    return invalid_argument("increase and rate take __stat__ sum or count: {}",
                            quoted(plan.statistic.text));
  }
  // Series that ended before the range or begin after it have nothing to say.
  plan.selector.active_since_ms = plan.begin_ms - plan.tier_ms(true);
  if (plan.end_ms < std::numeric_limits<int64_t>::max())
    plan.selector.active_before_ms = plan.end_ms + 1;
  return plan;
}

Status StoreSource::scan(const Selection& selection, QueryContext& context,
                         const ColumnSink& sink) {
  KANSOKU_TRY(Plan plan, plan_for(selection));
  plan.selector.sorted = false;
  if (selection.labels_wanted != nullptr) plan.selector.labels_wanted = *selection.labels_wanted;
  KANSOKU_TRY(std::vector<store::SeriesInfo> infos, store_.select(plan.selector));
  KANSOKU_RETURN_IF_ERROR(context.charge_series(infos.size()));
  MemoryHold hold(context);
  uint64_t bytes = infos.size() * (sizeof(store::SeriesInfo) + sizeof(Row));
  std::array<std::vector<Row>, 2> rows;  // replacing, accumulating
  for (store::SeriesInfo& info : infos) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kLabelUnits));
    bytes += info.labels.canonical().size() * 2;
    rows[info.merge == signal::MergeKind::Accumulate].push_back(
        {info.id, LabelSet::from(std::move(info.labels))});
  }
  KANSOKU_RETURN_IF_ERROR(hold.hold(bytes));
  if (!rows[0].empty() && !rows[1].empty()) {
    if (selection.labels_wanted != nullptr) {
      // Which series are the same is known by all their labels.
      Selection whole = selection;
      whole.labels_wanted = nullptr;
      return scan(whole, context, sink);
    }
    std::unordered_set<LabelSet, LabelSetHash> seen;
    for (const Row& row : rows[0]) {
      KANSOKU_RETURN_IF_ERROR(context.spend(kLabelUnits));
      seen.insert(row.labels);
    }
    const auto twice = [&](const Row& row) { return seen.contains(row.labels); };
    // Points of two series make one: rare enough to go the long way.
    if (std::ranges::any_of(rows[1], twice)) return SeriesSource::scan(selection, context, sink);
  }
  KANSOKU_RETURN_IF_ERROR(read_columns(plan, rows[0], false, context, sink));
  return read_columns(plan, rows[1], true, context, sink);
}

Result<std::vector<SourceSeries>> StoreSource::select(const Selection& selection,
                                                      QueryContext& context) {
  KANSOKU_TRY(const Plan plan, plan_for(selection));
  KANSOKU_TRY(const std::vector<store::SeriesInfo> infos, store_.select(plan.selector));
  KANSOKU_RETURN_IF_ERROR(context.charge_series(infos.size()));
  std::vector<SourceSeries> out(infos.size());
  std::map<store::SeriesId, SourceSeries*> rows;
  std::vector<store::SeriesId> replacing;
  std::vector<store::SeriesId> accumulating;
  for (size_t i = 0; i < infos.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kLabelUnits));
    const bool adds_up = infos[i].merge == signal::MergeKind::Accumulate;
    out[i].labels = LabelSet::from(infos[i].labels);
    out[i].deltas = plan.deltas(adds_up);
    rows[infos[i].id] = &out[i];
    (adds_up ? accumulating : replacing).push_back(infos[i].id);
  }
  KANSOKU_RETURN_IF_ERROR(read_points(plan, std::move(replacing), false, context, rows));
  KANSOKU_RETURN_IF_ERROR(read_points(plan, std::move(accumulating), true, context, rows));
  std::erase_if(out, [](const SourceSeries& series) { return series.points.empty(); });
  join_same_labels(out);
  return out;
}

}  // namespace kansoku::query::promql
