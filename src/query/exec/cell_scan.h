// Reads series in cells, a batch of them a call. What CellReader and GroupReader stand on; internal
// to query/exec.
#pragma once

#include <functional>
#include <span>

#include "query/exec/budget.h"
#include "store/metric_store.h"

namespace kansoku::query {

// Series scanned in one step: a few milliseconds of work for series of a day at a minute.
inline constexpr size_t kSeriesPerStep = 64;

struct CellScan {
  signal::Scope scope;
  store::TimeRangeMs range;  // the first cell is the one that holds begin
  int64_t period_ms = 60'000;
  bool needs_distribution = false;
};

// Samples of one cell follow each other; each belongs to the cell that holds its time.
using CellSink = std::function<Status(const store::SeriesPoints&)>;

// Accumulating series come from the coarsest tier that divides the period; replacing ones
// come as they are, without stale markers, and where points are gone as cells of a tier. Ranges
// that damage hid go to `missing`.
Status scan_cells(const store::MetricStore& store, const CellScan& spec,
                  std::span<const store::SeriesInfo> series, QueryContext& context,
                  std::vector<store::TimeRangeMs>& missing, const CellSink& sink);

}  // namespace kansoku::query
