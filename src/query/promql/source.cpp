#include "query/promql/source.h"

namespace kansoku::query::promql {

Status SeriesSource::scan(const Selection& selection, QueryContext& context,
                          const ColumnSink& sink) {
  KANSOKU_TRY(const std::vector<SourceSeries> all, select(selection, context));
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  for (const SourceSeries& series : all) {
    KANSOKU_RETURN_IF_ERROR(context.spend(series.points.size()));
    times_ms.clear();
    values.clear();
    bool needs_points = false;
    for (const Point& point : series.points) {
      times_ms.push_back(point.t);
      values.push_back(point.f);
      needs_points = needs_points || point.h || point.st != 0;
    }
    KANSOKU_RETURN_IF_ERROR(sink({.labels = series.labels,
                                  .times_ms = times_ms,
                                  .values = values,
                                  .deltas = series.deltas,
                                  .needs_points = needs_points,
                                  .weights = series.weights}));
  }
  return {};
}

}  // namespace kansoku::query::promql
