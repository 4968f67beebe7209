#include "query/exec/groups.h"

#include "base/check.h"

namespace kansoku::query {

GroupReader::GroupReader(const store::MetricStore& store, GroupQuery query, QueryContext& context)
    : store_(store), query_(std::move(query)), context_(context) {
  const CellScan& scan = query_.scan;
  int64_t length = std::max<int64_t>(scan.range.end - scan.range.begin, 0);
  cells_ = static_cast<size_t>((length + scan.period_ms - 1) / scan.period_ms);
  size_t end = 0;
  for (size_t group = 0; group < query_.members.size(); ++group) {
    for (size_t i = 0; i < query_.members[group]; ++i) {
      group_of_[query_.series.at(end++).id] = group;
    }
    end_of_.push_back(end);
  }
  KANSOKU_CHECK(end == query_.series.size());
}

Result<bool> GroupReader::step(const GroupSink& sink) {
  size_t end = std::min(query_.series.size(), next_ + kSeriesPerStep);
  std::span<const store::SeriesInfo> part(query_.series.data() + next_, end - next_);
  KANSOKU_RETURN_IF_ERROR(
      scan_cells(store_, query_.scan, part, context_, missing_,
                 [&](const store::SeriesPoints& points) { return add(points); }));
  next_ = end;
  for (; next_group_ < end_of_.size() && end_of_[next_group_] <= next_; ++next_group_) {
    auto found = open_.find(next_group_);
    if (found == open_.end()) {
      KANSOKU_RETURN_IF_ERROR(sink(next_group_, {}));
      continue;
    }
    KANSOKU_RETURN_IF_ERROR(sink(next_group_, found->second));
    context_.release_memory(cells_ * sizeof(SummaryCell));
    open_.erase(found);
  }
  return next_group_ < end_of_.size();
}

Status GroupReader::add(const store::SeriesPoints& points) {
  auto group = group_of_.find(points.id);
  KANSOKU_CHECK(group != group_of_.end());
  std::vector<SummaryCell>& cells = open_[group->second];
  if (cells.empty()) {
    KANSOKU_RETURN_IF_ERROR(context_.charge_memory(cells_ * sizeof(SummaryCell)));
    cells.resize(cells_);
  }
  const CellScan& scan = query_.scan;
  for (size_t i = 0; i < points.size(); ++i) {
    int64_t offset = points.timestamps_ms[i] - scan.range.begin;
    auto at = static_cast<size_t>(offset / scan.period_ms);
    if (offset < 0 || at >= cells_) continue;
    const signal::Distribution* distribution = points.distribution(i);
    double value = points.values[i];
    double count = distribution == nullptr ? 1 : distribution->count;
    if (count <= 0) continue;
    SummaryCell& cell = cells[at];
    cell.count += count;
    cell.sum += value;
    if (distribution != nullptr && !distribution->has_min_max) continue;
    cell.min = std::min(cell.min, distribution == nullptr ? value : distribution->min);
    cell.max = std::max(cell.max, distribution == nullptr ? value : distribution->max);
  }
  return {};
}

}  // namespace kansoku::query
