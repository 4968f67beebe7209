#include "query/promql/store_source.h"

#include <algorithm>

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

bool is_histogram(const signal::Point& point) {
  return point.kind() == signal::PointKind::ExponentialHistogram ||
         point.kind() == signal::PointKind::ExplicitHistogram;
}

// A point of a replacing series.
Point as_it_is(int64_t t, const signal::Point& point) {
  if (point.kind() == signal::PointKind::Float) return {.t = t, .f = point.value};
  if (is_histogram(point)) {
    return {.t = t,
            .f = 0,
            .h = std::make_shared<const FloatHistogram>(FloatHistogram::from(*point.distribution))};
  }
  return {.t = t, .f = point.sum() / point.count()};
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
};

Result<Statistic> parse_stat(std::string_view text) {
  for (const StatAlias& row : kAliases) {
    if (row.alias == text) return parse_statistic(row.name);
  }
  return parse_statistic(text);
}

Status StoreSource::scan(const Plan& plan, std::vector<store::SeriesId> ids, bool accumulating,
                         QueryContext& context,
                         std::map<store::SeriesId, SourceSeries*>& rows) const {
  if (ids.empty()) return {};
  const int64_t tier = plan.tier_ms(accumulating);
  // A cell of a tier is known by its start and stands at its end.
  const store::MetricScan scan{
      .scope = scope_,
      .ids = std::move(ids),
      .range = {plan.begin_ms - tier, plan.end_ms - tier + 1},
      .tier_ms = tier,
      .summary_only = accumulating && !plan.statistic.needs_distribution()};
  const auto sink = [&](const store::SeriesPoints& points) -> Status {
    KANSOKU_RETURN_IF_ERROR(context.check());
    KANSOKU_RETURN_IF_ERROR(context.charge_points(points.points.size()));
    SourceSeries& out = *rows.at(points.id);
    for (size_t i = 0; i < points.points.size(); ++i) {
      const int64_t t = points.timestamps_ms[i] + tier;
      const signal::Point& point = points.points[i];
      if (!accumulating && !plan.statistic_asked) {
        out.points.push_back(as_it_is(t, point));
        continue;
      }
      // A cell that is still being filled is no answer yet.
      if (!plan.deltas(accumulating) && tier != 0 && t > plan.now_ms) continue;
      const bool counts = plan.statistic.kind == StatisticKind::SampleCount;
      if (plan.deltas(accumulating)) {
        out.points.push_back({.t = t, .f = counts ? point.count() : point.sum()});
      } else if (const auto value = query::evaluate(plan.statistic, point)) {
        out.points.push_back({.t = t, .f = *value});
      }
    }
    return {};
  };
  KANSOKU_TRY(const store::ScanReport report, store_.scan(scan, sink));
  return context.charge_bytes(report.bytes_read);
}

Result<std::vector<SourceSeries>> StoreSource::select(const Selection& selection,
                                                      QueryContext& context) {
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
  // Series that ended before the range have nothing to say.
  plan.selector.active_since_ms = plan.begin_ms - plan.tier_ms(true);
  KANSOKU_TRY(const std::vector<store::SeriesInfo> infos, store_.select(plan.selector));
  KANSOKU_RETURN_IF_ERROR(context.charge_series(infos.size()));
  std::vector<SourceSeries> out(infos.size());
  std::map<store::SeriesId, SourceSeries*> rows;
  std::vector<store::SeriesId> replacing;
  std::vector<store::SeriesId> accumulating;
  for (size_t i = 0; i < infos.size(); ++i) {
    const bool adds_up = infos[i].merge == signal::MergeKind::Accumulate;
    out[i].labels = LabelSet::from(infos[i].labels);
    out[i].deltas = plan.deltas(adds_up);
    rows[infos[i].id] = &out[i];
    (adds_up ? accumulating : replacing).push_back(infos[i].id);
  }
  KANSOKU_RETURN_IF_ERROR(scan(plan, std::move(replacing), false, context, rows));
  KANSOKU_RETURN_IF_ERROR(scan(plan, std::move(accumulating), true, context, rows));
  std::erase_if(out, [](const SourceSeries& series) { return series.points.empty(); });
  join_same_labels(out);
  return out;
}

}  // namespace kansoku::query::promql
