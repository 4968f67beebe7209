#include "api/prometheus/read_series.h"

#include <unordered_map>

#include "api/prometheus/values.h"
#include "query/promql/store_source.h"

namespace kansoku::api::prometheus {
namespace {

namespace rr = wire::remote_read;

// The finest cells that reach back to `begin_ms`.
int64_t tier_for(int64_t begin_ms, int64_t now_ms) {
  for (size_t i = 0; i < store::kTiersMs.size(); ++i) {
    if (begin_ms >= now_ms - store::kTierRetentionMs[i]) return store::kTiersMs[i];
  }
  return store::kTiersMs.back();
}

// Both ends inclusive on the wire; a hint may narrow them.
store::TimeRangeMs range_of(const rr::Query& query) {
  int64_t start_ms = query.start_ms;
  int64_t end_ms = query.end_ms;
  if (query.hints && (query.hints->start_ms != 0 || query.hints->end_ms != 0)) {
    start_ms = std::max(start_ms, query.hints->start_ms);
    end_ms = std::min(end_ms, query.hints->end_ms);
  }
  // Far outside what is ever stored, so that arithmetic with cells cannot overflow.
  return {std::clamp(start_ms, kTimeMinMs, kTimeMaxMs),
          std::clamp(end_ms, kTimeMinMs, kTimeMaxMs) + 1};
}

Result<store::SeriesSelector> selector_of(const rr::Query& query, ReadSelection& out) {
  static_assert(static_cast<int>(store::MatchOp::NotRegex) ==
                static_cast<int>(rr::MatchType::NotRegex));
  store::SeriesSelector selector{.sorted = false};
  KANSOKU_TRY(out.statistic, query::promql::parse_stat("avg"));
  for (const rr::Matcher& matcher : query.matchers) {
    if (matcher.name != query::promql::kStatLabel) {
      selector.matchers.push_back(
          {matcher.name, static_cast<store::MatchOp>(matcher.type), matcher.value});
      continue;
    }
    if (matcher.type != rr::MatchType::Equal) return invalid_argument("__stat__ takes = only");
    KANSOKU_TRY(out.statistic, query::promql::parse_stat(matcher.value));
    out.statistic_asked = true;
  }
  return selector;
}

// By names and values; the store's order is by canonical bytes, lengths first. Of two series of the
// same labels the replacing one stays: an answer has each label set once.
void order_by_labels(std::vector<store::SeriesInfo>& series) {
  struct Row {
    std::vector<signal::LabelView> labels;
    size_t at = 0;
  };
  std::vector<Row> rows;
  rows.reserve(series.size());
  for (size_t i = 0; i < series.size(); ++i) rows.push_back({series[i].labels.list(), i});
  std::ranges::sort(rows, [&](const Row& a, const Row& b) {
    if (a.labels != b.labels) return a.labels < b.labels;
    return series[a.at].merge < series[b.at].merge;
  });
  auto same = [](const Row& a, const Row& b) { return a.labels == b.labels; };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  std::vector<store::SeriesInfo> out;
  out.reserve(rows.size());
  for (const Row& row : rows) out.push_back(std::move(series[row.at]));
  series = std::move(out);
}

// One scan over series of one kind of merging.
class Reader {
 public:
  Reader(const ReadSelection& selection, const ReadSink& sink, int64_t now_ms)
      : selection_(selection), sink_(sink), now_ms_(now_ms) {}

  Status take(size_t row, bool accumulating, int64_t tier_ms, const store::SeriesPoints& points) {
    if (!accumulating && !selection_.statistic_asked) return take_as_stored(row, points);
    times_ms_.clear();
    values_.clear();
    for (size_t i = 0; i < points.size(); ++i) {
      int64_t ms = points.timestamps_ms[i] + tier_ms;
      // A cell that is still being filled is no answer yet.
      if (accumulating && ms > now_ms_) continue;
      auto value = query::evaluate(selection_.statistic, points.point(i));
      if (!value) continue;
      times_ms_.push_back(ms);
      values_.push_back(*value);
    }
    if (times_ms_.empty()) return {};
    return sink_(row, {times_ms_, values_, {}});
  }

 private:
  Status take_as_stored(size_t row, const store::SeriesPoints& points) {
    if (points.size() == 0) return {};
    if (points.distributions.empty()) return sink_(row, {points.timestamps_ms, points.values, {}});
    // Pairs and sketches are floats here, their averages as PromQL has them.
    values_.assign(points.values.begin(), points.values.end());
    for (size_t i = 0; i < points.size(); ++i) {
      const signal::Distribution* d = points.distribution(i);
      bool is_cell = d != nullptr && (d->kind() == signal::PointKind::Pairs ||
                                      d->kind() == signal::PointKind::Sketch);
      if (is_cell) values_[i] = d->sum / d->count;
    }
    return sink_(row, {points.timestamps_ms, values_, points.distributions});
  }

  const ReadSelection& selection_;
  const ReadSink& sink_;
  int64_t now_ms_;
  std::vector<int64_t> times_ms_;
  std::vector<double> values_;
};

}  // namespace

Result<ReadSelection> select_for_read(const Context& context, const signal::Scope& scope,
                                      const rr::Query& query) {
  ReadSelection out;
  KANSOKU_TRY(store::SeriesSelector selector, selector_of(query, out));
  out.range = range_of(query);
  out.labels_only = query.hints && query.hints->function == "series";
  if (out.range.begin >= out.range.end) return out;
  selector.scope = scope;
  int64_t now_ms = context.services.env.clock->wall_now().ms();
  // Cells stand at their end.
  selector.active_since_ms = out.range.begin - tier_for(out.range.begin, now_ms);
  selector.active_before_ms = out.range.end;
  KANSOKU_TRY(out.series, context.services.metrics->select(selector));
  std::erase_if(out.series, [&](const store::SeriesInfo& info) {
    return info.merge == signal::MergeKind::Replace && info.last_ms < out.range.begin;
  });
  order_by_labels(out.series);
  return out;
}

Status scan_for_read(const Context& context, const signal::Scope& scope,
                     const ReadSelection& selection, size_t begin, size_t end,
                     const ReadSink& sink) {
  int64_t now_ms = context.services.env.clock->wall_now().ms();
  Reader reader(selection, sink, now_ms);
  std::unordered_map<store::SeriesId, size_t> rows;
  for (bool accumulating : {false, true}) {
    int64_t tier_ms = accumulating ? tier_for(selection.range.begin, now_ms) : store::kRawTierMs;
    store::MetricScan scan{
        .scope = scope,
        .range = {selection.range.begin - tier_ms, selection.range.end - tier_ms},
        .tier_ms = tier_ms,
        .summary_only = accumulating && !selection.statistic.needs_distribution()};
    for (size_t row = begin; row < end; ++row) {
      const store::SeriesInfo& info = selection.series[row];
      if ((info.merge == signal::MergeKind::Accumulate) != accumulating) continue;
      scan.ids.push_back(info.id);
      rows[info.id] = row;
    }
    if (scan.ids.empty()) continue;
    KANSOKU_TRY(auto report,
                context.services.metrics->scan(scan, [&](const store::SeriesPoints& points) {
                  return reader.take(rows.at(points.id), accumulating, tier_ms, points);
                }));
    if (!report.missing.empty()) {
      return corruption("some of the stored data of this range are damaged");
    }
  }
  return {};
}

}  // namespace kansoku::api::prometheus
