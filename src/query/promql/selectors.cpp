// Selectors and subqueries: what is read, at which times, and the windows cut from it.
#include <algorithm>

#include "query/promql/evaluator.h"

namespace kansoku::query::promql {
namespace {

// Resets that only show when one sample is compared with the one before it, marked while reading:
// the totals that histogram_count() needs no longer say so.
void mark_resets(std::vector<Point>& points) {
  const FloatHistogram* previous = nullptr;
  for (Point& point : points) {
    if (!point.h) {
      previous = nullptr;
      continue;
    }
    const FloatHistogram* current = point.h.get();
    HistogramPtr marked;
    if (previous != nullptr && current->hint == signal::ResetHint::Unknown) {
      FloatHistogram copy = *current;
      copy.hint =
          current->reset_since(*previous) ? signal::ResetHint::Reset : signal::ResetHint::NotReset;
      marked = std::make_shared<const FloatHistogram>(std::move(copy));
    }
    // The original stays alive in `marked`'s place as long as it is looked at.
    if (marked) point.h = marked;
    previous = point.h.get();
  }
}

bool stale(const Point& point) { return !point.h && is_stale(point.f); }

void leave_out_stale(SourceSeries& series) {
  if (!series.weights.empty()) {
    size_t kept = 0;
    for (size_t i = 0; i < series.points.size(); ++i) {
      if (!stale(series.points[i])) series.weights[kept++] = series.weights[i];
    }
    series.weights.resize(kept);
  }
  std::erase_if(series.points, stale);
}

// Steps of a subquery may repeat a sample, so what its hint says of the one before no longer holds.
void forget_resets(std::vector<Point>& points) {
  for (Point& point : points) {
    if (!point.h) continue;
    const signal::ResetHint hint = point.h->hint;
    if (hint != signal::ResetHint::Reset && hint != signal::ResetHint::NotReset) continue;
    FloatHistogram copy = *point.h;
    copy.hint = signal::ResetHint::Unknown;
    point.h = std::make_shared<const FloatHistogram>(std::move(copy));
  }
}

double interpolated(const Point& a, const Point& b, int64_t t) {
  return a.f + (b.f - a.f) * static_cast<double>(t - a.t) / static_cast<double>(b.t - a.t);
}

}  // namespace

int64_t Evaluator::reference(const TimeModifiers& time, int64_t t) const {
  switch (time.at) {
    case TimeModifiers::At::None:
      break;
    case TimeModifiers::At::Timestamp:
      t = time.at_ms;
      break;
    case TimeModifiers::At::Start:
      t = root_.range.start_ms;
      break;
    case TimeModifiers::At::End:
      t = root_.range.end_ms;
      break;
  }
  return t - time.offset_ms;
}

// What lies between `before_ms` before the first and `after_ms` after the last reference time.
Selection Evaluator::selection_of(const VectorSelector& selector, int64_t before_ms,
                                  int64_t after_ms, Use use) const {
  const int64_t last = grid_.at(grid_.steps() - 1);
  return {.matchers = selector.matchers,
          .begin_ms = reference(selector.time, grid_.start) - before_ms +
                      (root_.options.closed_ranges ? 0 : 1),
          .end_ms = reference(selector.time, last) + after_ms,
          .use = use};
}

Result<std::vector<SourceSeries>> Evaluator::read(const VectorSelector& selector, int64_t before_ms,
                                                  int64_t after_ms, Use use) {
  const Selection selection = selection_of(selector, before_ms, after_ms, use);
  KANSOKU_TRY(auto series, root_.source.select(selection, root_.context));
  uint64_t points = 0;
  for (const SourceSeries& one : series) points += one.points.size();
  KANSOKU_RETURN_IF_ERROR(fits_memory(points));
  if (selector.detect_resets) {
    for (SourceSeries& one : series) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(4 * kPointUnits * one.points.size()));
      mark_resets(one.points);
    }
  }
  return series;
}

bool Evaluator::in_lookback(int64_t point_t, int64_t at) const {
  const int64_t oldest = at - root_.options.lookback_ms;
  return root_.options.closed_ranges ? point_t >= oldest : point_t > oldest;
}

bool Evaluator::smoothed_point(const VectorSelector& selector, const SourceSeries& series,
                               int64_t at, Point& out) {
  const auto after = std::ranges::lower_bound(series.points, at, {}, &Point::t);
  if (after != series.points.end() && after->t == at) {
    out = *after;
    return true;
  }
  if (after == series.points.begin() || !in_lookback(std::prev(after)->t, at)) return false;
  const Point& left = *std::prev(after);
  if (after == series.points.end() || after->t > at + root_.options.lookback_ms) {
    out = left;
    return true;
  }
  const Point& right = *after;
  if (!left.h != !right.h) {
    root_.annotations.mixed_floats_histograms(series.labels.get(kMetricName), selector.position);
    return false;
  }
  out = left;
  if (!left.h) {
    out.f = interpolated(left, right, at);
    return true;
  }
  FloatHistogram between = *right.h;
  JoinReport report = between.subtract(*left.h);
  if (report.incompatible) {
    root_.annotations.mixed_schemas(series.labels.get(kMetricName), selector.position);
    return false;
  }
  if (report.reconciled) root_.annotations.bounds_reconciled("subtraction", selector.position);
  between.scale(static_cast<double>(at - left.t) / static_cast<double>(right.t - left.t));
  report = between.add(*left.h);
  if (report.reconciled) root_.annotations.bounds_reconciled("addition", selector.position);
  between.compact();
  out.h = std::make_shared<const FloatHistogram>(std::move(between));
  return true;
}

Result<Matrix> Evaluator::instant_selector(const VectorSelector& selector) {
  const bool smoothed = selector.mode == RangeMode::Smoothed;
  const int64_t lookback = root_.options.lookback_ms;
  KANSOKU_TRY(auto all, read(selector, lookback, smoothed ? lookback : 0, Use::Instant));
  Matrix out;
  for (SourceSeries& series : all) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kSeriesUnits));
    if (smoothed) std::erase_if(series.points, stale);
    Series result{series.labels, false, {}};
    size_t next = 0;
    for (size_t step = 0; step < grid_.steps(); ++step) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits));
      const int64_t t = grid_.at(step);
      const int64_t at = reference(selector.time, t);
      Point point;
      if (smoothed) {
        if (!smoothed_point(selector, series, at, point)) continue;
      } else {
        while (next < series.points.size() && series.points[next].t <= at) ++next;
        if (next == 0) continue;
        const Point& last = series.points[next - 1];
        if (!in_lookback(last.t, at) || stale(last)) continue;
        point = last;
      }
      point.t = t;
      result.points.push_back(std::move(point));
    }
    if (!result.points.empty()) out.push_back(std::move(result));
  }
  return out;
}

Result<RangeInput> Evaluator::range_input(const Expr& expr, Use use) {
  if (expr.kind == ExprKind::Subquery) return subquery_input(as<SubqueryExpr>(expr));
  const auto& matrix = as<MatrixSelector>(expr);
  RangeInput input;
  input.range_ms = matrix.range_ms;
  input.mode = matrix.vector->mode;
  input.time = &matrix.vector->time;
  const int64_t lookback = root_.options.lookback_ms;
  const int64_t before = matrix.range_ms + (input.mode == RangeMode::Plain ? 0 : lookback);
  KANSOKU_TRY(input.series,
              read(*matrix.vector, before, input.mode == RangeMode::Smoothed ? lookback : 0, use));
  for (SourceSeries& series : input.series) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits * series.points.size()));
    leave_out_stale(series);
  }
  return input;
}

Result<Grid> Evaluator::subquery_grid(const SubqueryExpr& subquery) const {
  const int64_t step = subquery.step_ms != 0 ? subquery.step_ms : root_.options.subquery_step_ms;
  const int64_t first = reference(subquery.time, grid_.start) - subquery.range_ms;
  // The first multiple of the step within the range, whose left end is open.
  int64_t start = step * (first / step);
  if (root_.options.closed_ranges ? start < first : start <= first) start += step;
  const Grid grid{start, reference(subquery.time, grid_.at(grid_.steps() - 1)), step};
  if (grid.steps() > static_cast<size_t>(kStepsMax) || grid.steps() > root_.options.samples_max) {
    return resource_exhausted(
        "query processing would load too many samples into memory in query execution: "
        "a subquery of {} steps",
        grid.steps());
  }
  return grid;
}

Result<RangeInput> Evaluator::subquery_input(const SubqueryExpr& subquery) {
  KANSOKU_TRY(const Grid grid, subquery_grid(subquery));
  RangeInput input;
  input.range_ms = subquery.range_ms;
  input.time = &subquery.time;
  if (grid.steps() == 0) return input;
  KANSOKU_TRY(Matrix matrix, on(grid)->eval(*subquery.expr));
  for (Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kSeriesUnits + kPointUnits * series.points.size()));
    forget_resets(series.points);
    // Start timestamps belong to samples; steps are no samples.
    for (Point& point : series.points) point.st = 0;
    input.series.push_back({std::move(series.labels), std::move(series.points)});
    input.drop_name.push_back(series.drop_name);
  }
  return input;
}

std::span<const Point> Evaluator::window(const RangeInput& input, const SourceSeries& series,
                                         int64_t t, size_t& low, size_t& high) const {
  const int64_t lookback = root_.options.lookback_ms;
  const int64_t end =
      reference(*input.time, t) + (input.mode == RangeMode::Smoothed ? lookback : 0);
  const int64_t start =
      reference(*input.time, t) - input.range_ms - (input.mode == RangeMode::Plain ? 0 : lookback);
  const std::vector<Point>& points = series.points;
  const auto too_old = [&](const Point& point) {
    return root_.options.closed_ranges ? point.t < start : point.t <= start;
  };
  while (low < points.size() && too_old(points[low])) ++low;
  high = std::max(high, low);
  while (high < points.size() && points[high].t <= end) ++high;
  return {points.data() + low, high - low};
}

Result<Matrix> Evaluator::range_vector(const Expr& expr) {
  KANSOKU_TRY(RangeInput input, range_input(expr, Use::Values));
  Matrix out;
  for (size_t i = 0; i < input.series.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(
        root_.context.spend(kSeriesUnits + kPointUnits * input.series[i].points.size()));
    size_t low = 0;
    size_t high = 0;
    const auto points = window(input, input.series[i], grid_.start, low, high);
    if (points.empty()) continue;
    Series series{input.series[i].labels, false, {points.begin(), points.end()}};
    if (!input.drop_name.empty() && input.drop_name[i])
      series.labels = series.labels.without_metadata();
    out.push_back(std::move(series));
  }
  return checked(std::move(out));
}

}  // namespace kansoku::query::promql
