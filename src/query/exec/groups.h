// Series read as groups: at each period one summary of all samples of all members. What GROUP BY of
// a query language needs of the scan.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "query/exec/cell_scan.h"

namespace kansoku::query {

// No samples: count is 0 and nothing else means anything.
struct SummaryCell {
  double count = 0;
  double sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
};

struct GroupQuery {
  CellScan scan;                          // range.begin is a multiple of the period
  std::vector<store::SeriesInfo> series;  // group by group
  std::vector<size_t> members;            // how many of them each group has
};

// Reads in steps, so that a long query shares its worker. Memory is that of the groups which are
// being read: one, or as many as one step of series touches.
class GroupReader {
 public:
  // All cells of the range, `cells[i]` that of range.begin + i periods.
  using GroupSink = std::function<Status(size_t group, std::span<const SummaryCell> cells)>;

  GroupReader(const store::MetricStore& store, GroupQuery query, QueryContext& context);
  // Hands over the groups that the step finished, in their order; false behind the last.
  Result<bool> step(const GroupSink& sink);
  const std::vector<store::TimeRangeMs>& missing() const { return missing_; }

 private:
  Status add(const store::SeriesPoints& points);

  const store::MetricStore& store_;
  GroupQuery query_;
  QueryContext& context_;
  std::unordered_map<store::SeriesId, size_t> group_of_;
  std::map<size_t, std::vector<SummaryCell>> open_;
  std::vector<size_t> end_of_;  // by group: where its series end
  std::vector<store::TimeRangeMs> missing_;
  size_t cells_ = 0;
  size_t next_ = 0;        // series
  size_t next_group_ = 0;  // not handed over yet
};

}  // namespace kansoku::query
