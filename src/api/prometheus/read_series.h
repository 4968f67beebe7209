// The series and points that remote read gives: those of one query, in the order of their labels.
// Internal to this folder.
//
// Replacing series are given as they are stored. Accumulating ones (CloudWatch, StatsD) as PromQL
// sees them: a cell of a minute, or of the finest tier that still reaches back, is a float at its
// end; the average, or what the matcher `__stat__` asks for.
#pragma once

#include "api/prometheus/call.h"
#include "query/statistic/statistic.h"
#include "wire/remote_read/request.h"
#include "wire/tsdb_block/encode_chunk.h"

namespace kansoku::api::prometheus {

struct ReadSelection {
  std::vector<store::SeriesInfo> series;  // ordered by labels
  store::TimeRangeMs range;
  query::Statistic statistic;
  bool statistic_asked = false;
  bool labels_only = false;  // the hint "series": nobody looks at points
};

Result<ReadSelection> select_for_read(const Context& context, const signal::Scope& scope,
                                      const wire::remote_read::Query& query);

// Called for each series that has points in the range, in no order; `row` is its place among
// `series`. An error ends the scan with it.
using ReadSink = std::function<Status(size_t row, const wire::tsdb_block::PointColumns&)>;

// Points of series[begin, end) of the selection. DataLoss when damage hides some of them.
Status scan_for_read(const Context& context, const signal::Scope& scope,
                     const ReadSelection& selection, size_t begin, size_t end,
                     const ReadSink& sink);

}  // namespace kansoku::api::prometheus
