// Scans: what parts, the frozen head and the head hold of a series, joined to one point a timestamp.
#include "base/check.h"
#include "store/metrics/engine_core.h"
#include "store/metrics/fold.h"

namespace kansoku::store::metrics {

int64_t MetricEngine::Core::raw_horizon_ms(signal::MergeKind merge) {
  int64_t kept = merge == signal::MergeKind::Accumulate ? kRawRetentionMs
                                                        : options.replace_retention_ms;
  return clock->now_ms() - kept;
}

Result<ScanReport> MetricEngine::Core::scan(const MetricScan& scan, const ScanSink& sink) {
  ScanReport report;
  std::vector<SeriesId> ids = scan.ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (SeriesId id : ids) {
    auto merge = table.merge_in_scope(id, scan.scope);
    if (!merge) continue;
    std::string stream;
    DecodedSeries series;
    {
      auto lock = head.lock_for_read(id);
      head.append_stream(id, stream);
    }
    decode_stream(stream, series);
    settle(series, *merge);
    cut_range(series, std::max(scan.range.begin, raw_horizon_ms(*merge)), scan.range.end);
    if (scan.tier_ms > 0) fold_cells(series, scan.tier_ms);
    if (scan.aggregate == PartialAggregate::Cells) fold_cells(series, scan.step_ms);
    if (series.size() == 0) continue;
    std::vector<signal::Point> points;
    for (size_t i = 0; i < series.size(); ++i) points.push_back(series.take(i));
    ++report.series;
    report.points += points.size();
    KANSOKU_RETURN_IF_ERROR(sink({id, series.timestamps_ms, points}));
  }
  report.aggregated = scan.aggregate == PartialAggregate::Cells;
  return report;
}

}  // namespace kansoku::store::metrics
