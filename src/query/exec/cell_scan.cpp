#include "query/exec/cell_scan.h"

#include "base/time/grid.h"
#include "query/exec/cells.h"

namespace kansoku::query {
namespace {

// Prometheus marks the end of a series by a NaN; a gauge may hold one too. Neither can be added up.
Status without_nan(const store::SeriesPoints& points, const CellSink& sink) {
  auto is_nan = [](double value) { return std::isnan(value); };
  if (std::ranges::none_of(points.values, is_nan)) return sink(points);
  std::vector<int64_t> times;
  std::vector<double> values;
  std::vector<std::unique_ptr<signal::Distribution>> distributions;
  for (size_t i = 0; i < points.size(); ++i) {
    if (is_nan(points.values[i])) continue;
    times.push_back(points.timestamps_ms[i]);
    values.push_back(points.values[i]);
    if (points.distributions.empty()) continue;
    const signal::Distribution* one = points.distribution(i);
    distributions.push_back(one == nullptr ? nullptr
                                           : std::make_unique<signal::Distribution>(*one));
  }
  return sink({points.id, times, values, distributions});
}

}  // namespace

Status scan_cells(const store::MetricStore& store, const CellScan& spec,
                  std::span<const store::SeriesInfo> series, QueryContext& context,
                  std::vector<store::TimeRangeMs>& missing, const CellSink& sink) {
  KANSOKU_RETURN_IF_ERROR(context.check());
  std::vector<store::SeriesId> adding, replacing;
  for (const store::SeriesInfo& info : series) {
    (info.merge == signal::MergeKind::Accumulate ? adding : replacing).push_back(info.id);
  }
  auto run = [&](std::vector<store::SeriesId> ids, bool cells) -> Status {
    store::MetricScan scan;
    scan.scope = spec.scope;
    scan.ids = std::move(ids);
    scan.range = {floor_to(spec.range.begin, spec.period_ms), spec.range.end};
    scan.summary_only = !spec.needs_distribution;
    scan.view = store::CellView::Summary;
    scan.step_ms = spec.period_ms;
    if (cells) {
      scan.tier_ms = choose_tier_ms(spec.period_ms);
      scan.aggregate = store::PartialAggregate::Cells;
    }
    KANSOKU_TRY(auto report, store.scan(scan, [&](const store::SeriesPoints& points) -> Status {
      KANSOKU_RETURN_IF_ERROR(context.check());
      KANSOKU_RETURN_IF_ERROR(context.charge_points(points.size()));
      return cells ? sink(points) : without_nan(points, sink);
    }));
    missing.insert(missing.end(), report.missing.begin(), report.missing.end());
    return context.charge_bytes(report.bytes_read);
  };
  // Without any series one empty scan still says what damage hid.
  if (!adding.empty() || replacing.empty()) KANSOKU_RETURN_IF_ERROR(run(std::move(adding), true));
  if (!replacing.empty()) KANSOKU_RETURN_IF_ERROR(run(std::move(replacing), false));
  context.add_done(series.size());
  return {};
}

}  // namespace kansoku::query
