#include "query/exec/cells.h"

#include "base/check.h"
#include "base/time/grid.h"
#include "query/exec/cell_scan.h"

namespace kansoku::query {
namespace {

using signal::Point;

// Everything that divides evenly into what people look at; the last ones serve ranges of years.
constexpr std::array<int64_t, 17> kPeriodsMs{
    1'000,      5'000,      10'000,     30'000,      60'000,       120'000,
    300'000,    600'000,    900'000,    1'800'000,   3'600'000,    10'800'000,
    21'600'000, 43'200'000, 86'400'000, 604'800'000, 2'592'000'000};

// Memory a cell holds in the answer.
uint64_t cell_bytes(const Point& point) {
  return sizeof(int64_t) + sizeof(Point) +
         (point.distribution ? sizeof(signal::Distribution) + 256 : 0);
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

Status CellReader::begin() {
  KANSOKU_RETURN_IF_ERROR(context_.check());
  KANSOKU_TRY(auto selected, store_.select(query_.selector));
  return begin(std::move(selected));
}

Status CellReader::begin(std::vector<store::SeriesInfo> selected) {
  KANSOKU_RETURN_IF_ERROR(context_.charge_series(selected.size()));
  context_.set_total(selected.size());
  result_.tier_ms = choose_tier_ms(query_.period_ms);
  for (auto& info : selected) {
    row_of_[info.id] = result_.series.size();
    result_.series.push_back({.info = std::move(info)});
  }
  return {};
}

Result<bool> CellReader::step() {
  size_t end = std::min(result_.series.size(), next_ + kSeriesPerStep);
  // Without any series one empty scan still says what damage hid.
  if (next_ == end && next_ > 0) return false;
  CellScan scan{query_.selector.scope, query_.range, query_.period_ms, query_.needs_distribution};
  std::vector<store::SeriesInfo> part;
  for (size_t i = next_; i < end; ++i) part.push_back(result_.series[i].info);
  KANSOKU_RETURN_IF_ERROR(scan_cells(store_, scan, part, context_, result_.missing,
                                     [&](const store::SeriesPoints& points) -> Status {
                                       auto found = row_of_.find(points.id);
                                       KANSOKU_CHECK(found != row_of_.end());
                                       return fold(points, result_.series[found->second]);
                                     }));
  next_ = end;
  return next_ < result_.series.size();
}

Status CellReader::fold(const store::SeriesPoints& points, CellSeries& into) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    int64_t start = floor_to(points.timestamps_ms[i], query_.period_ms);
    if (!into.timestamps_ms.empty() && into.timestamps_ms.back() == start) {
      into.cells.back().add(points.point(i));
      continue;
    }
    KANSOKU_CHECK(into.timestamps_ms.empty() || into.timestamps_ms.back() < start);
    into.timestamps_ms.push_back(start);
    into.cells.push_back(points.point(i));
    bytes += cell_bytes(into.cells.back());
  }
  memory_bytes_ += bytes;
  return context_.charge_memory(bytes);
}

Result<CellResult> read_cells(const store::MetricStore& store, const CellQuery& query,
                              QueryContext& context) {
  CellReader reader(store, query, context);
  KANSOKU_RETURN_IF_ERROR(reader.begin());
  for (;;) {
    KANSOKU_TRY(bool more, reader.step());
    if (!more) return reader.take();
  }
}

}  // namespace kansoku::query
