#include "query/promql/memory_source.h"

#include <algorithm>

#include "query/promql/matchers.h"

namespace kansoku::query::promql {
namespace {

// A chunk of Prometheus' storage begins with each reset; the first histogram of a chunk comes back
// as "unknown" (prometheus/prometheus issue 15346), the others as "not reset".
void derive_hints(std::vector<Point>& points) {
  const FloatHistogram* previous = nullptr;
  HistogramPtr held;
  for (Point& point : points) {
    if (!point.h) {
      // A stale marker is part of its chunk, any other float ends it.
      if (!is_stale(point.f)) previous = nullptr;
      continue;
    }
    if (point.h->hint == signal::ResetHint::Gauge) {
      previous = nullptr;
      continue;
    }
    FloatHistogram copy = *point.h;
    const bool reset = previous == nullptr || copy.hint == signal::ResetHint::Reset ||
                       (copy.hint = signal::ResetHint::Unknown, copy.reset_since(*previous)) ||
                       copy.custom_values != previous->custom_values ||
                       copy.schema != previous->schema ||
                       copy.zero_threshold != previous->zero_threshold;
    copy.hint = reset ? signal::ResetHint::Unknown : signal::ResetHint::NotReset;
    held = point.h;
    point.h = std::make_shared<const FloatHistogram>(std::move(copy));
    previous = point.h.get();
  }
}

}  // namespace

void MemorySource::add(const LabelSet& labels, Point point) {
  Stored& stored = series_[labels];
  stored.changed = true;
  stored.points[point.t] = std::move(point);
}

void MemorySource::finish() {
  for (auto& [labels, stored] : series_) {
    if (!stored.changed) continue;
    stored.sorted.clear();
    for (const auto& [t, point] : stored.points) stored.sorted.push_back(point);
    derive_hints(stored.sorted);
    stored.changed = false;
  }
}

Result<std::vector<SourceSeries>> MemorySource::select(const Selection& selection,
                                                       QueryContext& context) {
  KANSOKU_TRY(const CompiledMatchers matchers, CompiledMatchers::compile(selection.matchers));
  std::vector<SourceSeries> out;
  for (const auto& [labels, stored] : series_) {
    if (!matchers.matches(labels)) continue;
    const auto begin = std::ranges::lower_bound(stored.sorted, selection.begin_ms, {}, &Point::t);
    const auto end = std::ranges::upper_bound(stored.sorted, selection.end_ms, {}, &Point::t);
    if (begin >= end) continue;
    KANSOKU_RETURN_IF_ERROR(context.charge_series(1));
    KANSOKU_RETURN_IF_ERROR(context.charge_points(static_cast<uint64_t>(end - begin)));
    out.push_back({labels, {begin, end}});
  }
  return out;
}

}  // namespace kansoku::query::promql
