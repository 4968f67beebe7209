#include "query/exec/cells.h"

#include "base/check.h"

namespace kansoku::query {
namespace {

using signal::Point;

// Everything that divides evenly into what people look at; the last ones serve ranges of years.
constexpr std::array<int64_t, 17> kPeriodsMs{
    1'000,     5'000,     10'000,     30'000,     60'000,      120'000,     300'000,    600'000, 900'000,
    1'800'000, 3'600'000, 10'800'000, 21'600'000, 43'200'000, 86'400'000, 604'800'000, 2'592'000'000};

int64_t floor_to(int64_t value, int64_t step) {
  int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

// Memory a cell holds in the answer.
uint64_t cell_bytes(const Point& point) {
  return sizeof(int64_t) + sizeof(Point) + (point.distribution ? sizeof(signal::Distribution) + 256 : 0);
}

Status fold(const store::SeriesPoints& points, int64_t period_ms, CellSeries& into,
            QueryContext& context) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < points.points.size(); ++i) {
    int64_t start = floor_to(points.timestamps_ms[i], period_ms);
    if (!into.timestamps_ms.empty() && into.timestamps_ms.back() == start) {
      into.cells.back().add(points.points[i]);
      continue;
    }
    KANSOKU_CHECK(into.timestamps_ms.empty() || into.timestamps_ms.back() < start);
    into.timestamps_ms.push_back(start);
    into.cells.push_back(points.points[i]);
    bytes += cell_bytes(points.points[i]);
  }
  return context.charge_memory(bytes);
}

}  // namespace

int64_t choose_tier_ms(int64_t period_ms) {
  int64_t tier = store::kRawTierMs;
  for (int64_t candidate : store::kTiersMs) {
    if (period_ms % candidate == 0) tier = candidate;
  }
  return tier;
}

int64_t choose_period_ms(store::TimeRangeMs range, int64_t now_ms, uint64_t points_max) {
  int64_t length = std::max<int64_t>(range.end - range.begin, 1);
  int64_t age = now_ms - range.begin;
  int64_t finest = 1'000;
  if (age > store::kRawRetentionMs) finest = store::kTiersMs[0];
  if (age > store::kTierRetentionMs[0]) finest = store::kTiersMs[1];
  if (age > store::kTierRetentionMs[1]) finest = store::kTiersMs[2];
  for (int64_t period : kPeriodsMs) {
    if (period < finest || period % finest != 0) continue;
    if (static_cast<uint64_t>(length / period) <= std::max<uint64_t>(points_max, 1)) return period;
  }
  return kPeriodsMs.back();
}

Result<CellResult> read_cells(const store::MetricStore& store, const CellQuery& query,
                              QueryContext& context) {
  CellResult out;
  KANSOKU_RETURN_IF_ERROR(context.check());
  KANSOKU_TRY(auto selected, store.select(query.selector));
  KANSOKU_RETURN_IF_ERROR(context.charge_series(selected.size()));
  context.set_total(selected.size());

  store::MetricScan scan;
  scan.scope = query.selector.scope;
  scan.range = {floor_to(query.range.begin, query.period_ms), query.range.end};
  scan.tier_ms = choose_tier_ms(query.period_ms);
  scan.aggregate = store::PartialAggregate::Cells;
  scan.step_ms = query.period_ms;
  scan.summary_only = !query.needs_distribution;
  std::unordered_map<store::SeriesId, size_t> row_of;
  for (auto& info : selected) {
    row_of[info.id] = out.series.size();
    scan.ids.push_back(info.id);
    out.series.push_back({.info = std::move(info)});
  }
  out.tier_ms = scan.tier_ms;
  KANSOKU_TRY(auto report, store.scan(scan, [&](const store::SeriesPoints& points) -> Status {
    KANSOKU_RETURN_IF_ERROR(context.check());
    KANSOKU_RETURN_IF_ERROR(context.charge_points(points.points.size()));
    auto found = row_of.find(points.id);
    KANSOKU_CHECK(found != row_of.end());
    context.add_done(1);
    return fold(points, query.period_ms, out.series[found->second], context);
  }));
  KANSOKU_RETURN_IF_ERROR(context.charge_bytes(report.bytes_read));
  out.missing = std::move(report.missing);
  return out;
}

}  // namespace kansoku::query
