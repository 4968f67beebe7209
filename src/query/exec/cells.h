// Series as cells of an aligned period: the common ground of CloudWatch's APIs, the console and,
// later, metric math. A cell of period P that starts at k*P holds every sample with k*P <= t <
// (k+1)*P, joined into one point.
#pragma once

#include <vector>

#include "query/exec/budget.h"
#include "store/metric_store.h"

namespace kansoku::query {

struct CellQuery {
  store::SeriesSelector selector;
  // Start and end; the first cell is the one that holds begin.
  store::TimeRangeMs range;
  int64_t period_ms = 60'000;
  // Percentiles and their kin are wanted.
  bool needs_distribution = false;
};

struct CellSeries {
  store::SeriesInfo info;
  std::vector<int64_t> timestamps_ms;  // starts of the cells, ascending; only cells with samples
  std::vector<signal::Point> cells;
};

struct CellResult {
  std::vector<CellSeries> series;  // by canonical labels; series without samples stay in, empty
  int64_t tier_ms = 0;             // the resolution that was read
  // Ranges that damage on disk hid from the answer.
  std::vector<store::TimeRangeMs> missing;
};

// The coarsest resolution that still answers cells of this period: tiers hold everything that finer
// ones do, for longer, so the coarsest that divides the period is the cheapest and reaches furthest
// back.
int64_t choose_tier_ms(int64_t period_ms);

// The smallest period of CloudWatch's (1, 5, 10, 30 s, then multiples of a minute) that gives at
// most points_max cells over the range and that data of this age still have (aws user guide,
// retention).
int64_t choose_period_ms(store::TimeRangeMs range, int64_t now_ms, uint64_t points_max);

// Reads in steps, so that a long query shares its worker: begin() selects, or takes what was
// selected, each step() scans some more series and says whether there are more.
class CellReader {
 public:
  CellReader(const store::MetricStore& store, CellQuery query, QueryContext& context)
      : store_(store), query_(std::move(query)), context_(context) {}
  Status begin();
  Status begin(std::vector<store::SeriesInfo> selected);
  Result<bool> step();
  CellResult take() { return std::move(result_); }
  // What the cells were charged with; whoever lets go of them gives it back to the context.
  uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  Status fold(const store::SeriesPoints& points, CellSeries& into);

  const store::MetricStore& store_;
  CellQuery query_;
  QueryContext& context_;
  CellResult result_;
  std::unordered_map<store::SeriesId, size_t> row_of_;
  size_t next_ = 0;
  uint64_t memory_bytes_ = 0;
};

// All steps at once, for callers that own their thread.
Result<CellResult> read_cells(const store::MetricStore& store, const CellQuery& query,
                              QueryContext& context);

}  // namespace kansoku::query
