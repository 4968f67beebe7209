// Functions over a range that need no extrapolation.
#include <algorithm>
#include <cmath>

#include "query/promql/calls.h"
#include "query/promql/histogram_math.h"
#include "query/promql/implementations.h"
#include "query/promql/start_times.h"

namespace kansoku::query::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Kinds {
  size_t floats = 0;
  size_t histograms = 0;
};

Kinds kinds_of(std::span<const Point> points) {
  Kinds kinds;
  for (const Point& point : points) ++(point.h ? kinds.histograms : kinds.floats);
  return kinds;
}

std::vector<double> floats_of(std::span<const Point> points) {
  std::vector<double> out;
  out.reserve(points.size());
  for (const Point& point : points) {
    if (!point.h) out.push_back(point.f);
  }
  return out;
}

bool put(RangeCall& call, double value) {
  call.out = {.t = call.t, .f = value};
  return true;
}

bool put(RangeCall& call, FloatHistogram histogram) {
  histogram.compact();
  call.out = {
      .t = call.t, .f = 0, .h = std::make_shared<const FloatHistogram>(std::move(histogram))};
  return true;
}

// For functions that only look at floats: false where there are none. Says when histograms were
// left out.
bool floats_only(RangeCall& call, size_t floats_min = 1) {
  const Kinds kinds = kinds_of(call.points);
  if (kinds.floats > 0 && kinds.histograms > 0)
    call.annotations.histogram_ignored_in_range(call.metric(), call.position());
  return kinds.floats >= floats_min;
}

// Adds histograms of a range and remembers what is to be told of it.
class RangeHistogramSum {
 public:
  explicit RangeHistogramSum(RangeCall& call) : call_(call) {}
  void see(const FloatHistogram& histogram) {
    reset_ = reset_ || histogram.hint == signal::ResetHint::Reset;
    not_reset_ = not_reset_ || histogram.hint == signal::ResetHint::NotReset;
  }
  // False when the layouts cannot be joined.
  bool joined(const JoinReport& report) {
    reconciled_ = reconciled_ || report.reconciled;
    if (report.incompatible) call_.annotations.mixed_schemas(call_.metric(), call_.position());
    return !report.incompatible;
  }
  void tell() {
    if (reset_ && not_reset_) call_.annotations.reset_collision("aggregation", call_.position());
    if (reconciled_) call_.annotations.bounds_reconciled("aggregation", call_.position());
  }

 private:
  RangeCall& call_;
  bool reset_ = false;
  bool not_reset_ = false;
  bool reconciled_ = false;
};

bool mixed(RangeCall& call, const Kinds& kinds) {
  if (kinds.floats == 0 || kinds.histograms == 0) return false;
  call.annotations.mixed_floats_histograms(call.metric(), call.position());
  return true;
}

bool sum_histograms(RangeCall& call) {
  RangeHistogramSum told(call);
  HistogramSum sum(*call.points.front().h);
  told.see(*call.points.front().h);
  for (const Point& point : call.points.subspan(1)) {
    told.see(*point.h);
    if (!told.joined(sum.add(*point.h))) return false;
  }
  told.tell();
  return put(call, sum.total());
}

// The mean of sums as long as they do not overflow, then the running mean.
bool average_histograms(RangeCall& call) {
  RangeHistogramSum told(call);
  told.see(*call.points.front().h);
  HistogramSum sum(*call.points.front().h);
  bool incremental = false;
  double count = 1;
  for (const Point& point : call.points.subspan(1)) {
    told.see(*point.h);
    count += 1;
    if (!incremental) {
      HistogramSum next = sum;
      if (!told.joined(next.add(*point.h))) return false;
      if (!next.sum().overflowed()) {
        sum = std::move(next);
        continue;
      }
      incremental = true;
      sum.divide(count - 1);
    }
    sum.scale((count - 1) / count);
    FloatHistogram part = *point.h;
    part.divide(count);
    if (!told.joined(sum.add(part))) return false;
  }
  told.tell();
  if (!incremental) sum.divide(count);
  return put(call, sum.total());
}

double average_floats(std::span<const Point> points) {
  double sum = points.front().f;
  double rest = 0;
  double mean = 0;
  double count = 1;
  bool incremental = false;
  for (const Point& point : points.subspan(1)) {
    count += 1;
    if (!incremental) {
      double next = sum;
      double next_rest = rest;
      kahan_add(point.f, next, next_rest);
      if (!std::isinf(next)) {
        sum = next;
        rest = next_rest;
        continue;
      }
      incremental = true;
      mean = sum / (count - 1);
      rest /= count - 1;
    }
    const double q = (count - 1) / count;
    mean *= q;
    rest *= q;
    kahan_add(point.f / count, mean, rest);
  }
  return incremental ? mean + rest : sum / count + rest / count;
}

// Of points that stand for several each; the sums overflow only where the plain ones do.
double weighted_sum(const RangeCall& call) {
  double sum = 0;
  double rest = 0;
  for (size_t i = 0; i < call.points.size(); ++i)
    kahan_add(call.points[i].f * call.weight(i), sum, rest);
  return std::isinf(sum) ? sum : sum + rest;
}

// The point that `better(value, best)` chooses, the first to begin with.
template <class Better>
const Point* choose(std::span<const Point> points, Better&& better) {
  const Point* best = nullptr;
  for (const Point& point : points) {
    if (point.h) continue;
    if (best == nullptr || better(point.f, best->f) || std::isnan(best->f)) best = &point;
  }
  return best;
}

template <class Better>
bool chosen_value(RangeCall& call, Better&& better) {
  if (!floats_only(call)) return false;
  return put(call, choose(call.points, better)->f);
}

template <class Better>
bool chosen_time(RangeCall& call, Better&& better) {
  if (!floats_only(call)) return false;
  return put(call, static_cast<double>(choose(call.points, better)->t) / 1000);
}

double variance(std::span<const Point> points) {
  double count = 0;
  double mean = 0;
  double mean_rest = 0;
  double sum = 0;
  double sum_rest = 0;
  for (const Point& point : points) {
    if (point.h) continue;
    count += 1;
    const double delta = point.f - (mean + mean_rest);
    kahan_add(delta / count, mean, mean_rest);
    kahan_add(delta * (point.f - (mean + mean_rest)), sum, sum_rest);
  }
  return (sum + sum_rest) / count;
}

struct Line {
  double slope = 0;
  double intercept = 0;
};

// Least squares through the floats; the intercept is taken at `at`.
Line regression(std::span<const Point> points, int64_t at) {
  double n = 0;
  double x_sum = 0, x_rest = 0, y_sum = 0, y_rest = 0;
  double xy_sum = 0, xy_rest = 0, xx_sum = 0, xx_rest = 0;
  double first = 0;
  bool constant = true;
  for (const Point& point : points) {
    if (point.h) continue;
    if (n == 0) first = point.f;
    constant = constant && point.f == first;
    n += 1;
    const double x = static_cast<double>(point.t - at) / 1000;
    kahan_add(x, x_sum, x_rest);
    kahan_add(point.f, y_sum, y_rest);
    kahan_add(x * point.f, xy_sum, xy_rest);
    kahan_add(x * x, xx_sum, xx_rest);
  }
  if (constant) return std::isinf(first) ? Line{kNaN, kNaN} : Line{0, first};
  x_sum += x_rest;
  y_sum += y_rest;
  const double covariance = xy_sum + xy_rest - x_sum * y_sum / n;
  const double x_variance = xx_sum + xx_rest - x_sum * x_sum / n;
  const double slope = covariance / x_variance;
  return {slope, y_sum / n - slope * x_sum / n};
}

bool enough_for_line(RangeCall& call) { return floats_only(call, 2); }

// From the newest point at or before the range on, for `anchored`; nothing when no point is in the
// range.
std::span<const Point> anchored(const RangeCall& call) {
  if (call.mode != RangeMode::Anchored) return call.points;
  size_t inside = 0;
  while (inside < call.points.size() && call.points[inside].t <= call.range_start) ++inside;
  if (inside == call.points.size()) return {};
  return call.points.subspan(inside > 0 ? inside - 1 : 0);
}

template <class Differs>
bool count_pairs(RangeCall& call, Differs&& differs) {
  const std::span<const Point> points = anchored(call);
  if (points.empty()) return false;
  size_t count = 0;
  for (size_t i = 1; i < points.size(); ++i) count += differs(points[i - 1], points[i]);
  return put(call, static_cast<double>(count));
}

}  // namespace

bool fn_sum_over_time(RangeCall& call) {
  const Kinds kinds = kinds_of(call.points);
  if (mixed(call, kinds)) return false;
  if (kinds.floats == 0) return sum_histograms(call);
  if (!call.weights.empty()) return put(call, weighted_sum(call));
  double sum = 0;
  double rest = 0;
  for (const Point& point : call.points) kahan_add(point.f, sum, rest);
  return put(call, std::isinf(sum) ? sum : sum + rest);
}

bool fn_avg_over_time(RangeCall& call) {
  const Kinds kinds = kinds_of(call.points);
  if (mixed(call, kinds)) return false;
  if (kinds.floats == 0) return average_histograms(call);
  if (!call.weights.empty()) return put(call, weighted_sum(call) / call.points_count());
  return put(call, average_floats(call.points));
}

bool fn_count_over_time(RangeCall& call) { return put(call, call.points_count()); }
bool fn_present_over_time(RangeCall& call) { return put(call, 1); }

bool fn_first_over_time(RangeCall& call) {
  call.out = call.points.front();
  return true;
}
bool fn_last_over_time(RangeCall& call) {
  call.out = call.points.back();
  return true;
}
bool fn_ts_of_first_over_time(RangeCall& call) {
  return put(call, static_cast<double>(call.points.front().t) / 1000);
}
bool fn_ts_of_last_over_time(RangeCall& call) {
  return put(call, static_cast<double>(call.points.back().t) / 1000);
}

bool fn_max_over_time(RangeCall& call) { return chosen_value(call, std::greater<>()); }
bool fn_min_over_time(RangeCall& call) { return chosen_value(call, std::less<>()); }
bool fn_ts_of_max_over_time(RangeCall& call) { return chosen_time(call, std::greater_equal<>()); }
bool fn_ts_of_min_over_time(RangeCall& call) { return chosen_time(call, std::less_equal<>()); }

bool fn_stdvar_over_time(RangeCall& call) {
  return floats_only(call) && put(call, variance(call.points));
}
bool fn_stddev_over_time(RangeCall& call) {
  return floats_only(call) && put(call, std::sqrt(variance(call.points)));
}

bool fn_mad_over_time(RangeCall& call) {
  if (!floats_only(call)) return false;
  std::vector<double> values = floats_of(call.points);
  if (std::ranges::any_of(values, [](double v) { return std::isnan(v); })) return put(call, kNaN);
  const double median = quantile_of(0.5, values);
  for (double& value : values) value = std::abs(value - median);
  return put(call, quantile_of(0.5, std::move(values)));
}

bool fn_quantile_over_time(RangeCall& call) {
  const Kinds kinds = kinds_of(call.points);
  if (kinds.floats == 0) return false;
  const double q = call.scalars[0];
  if (std::isnan(q) || q < 0 || q > 1) call.annotations.bad_quantile(q, call.position());
  floats_only(call);
  return put(call, quantile_of(q, floats_of(call.points)));
}

bool fn_deriv(RangeCall& call) {
  if (!enough_for_line(call)) return false;
  // A time near the points loses fewer digits.
  const auto first = std::ranges::find_if(call.points, [](const Point& point) { return !point.h; });
  return put(call, regression(call.points, first->t).slope);
}

bool fn_predict_linear(RangeCall& call) {
  if (!enough_for_line(call)) return false;
  const Line line = regression(call.points, call.t);
  return put(call, line.slope * call.scalars[0] + line.intercept);
}

bool fn_double_exponential_smoothing(RangeCall& call) {
  const double level_factor = call.scalars[0];
  const double trend_factor = call.scalars[1];
  const auto in_range = [](double factor) { return factor > 0 && factor < 1; };
  if (!in_range(level_factor)) {
    call.error = Error{
        ErrorCode::InvalidArgument,
        fmt::format("invalid smoothing factor. Expected: 0 < sf < 1, got: {:f}", level_factor),
        {}};
    return false;
  }
  if (!in_range(trend_factor)) {
    call.error =
        Error{ErrorCode::InvalidArgument,
              fmt::format("invalid trend factor. Expected: 0 < tf < 1, got: {:f}", trend_factor),
              {}};
    return false;
  }
  if (!floats_only(call, 2)) return false;
  const std::vector<double> values = floats_of(call.points);
  double previous = 0;
  double level = values[0];
  double trend = values[1] - values[0];
  for (size_t i = 1; i < values.size(); ++i) {
    if (i > 1) trend = trend_factor * (level - previous) + (1 - trend_factor) * trend;
    previous = level;
    level = level_factor * values[i] + (1 - level_factor) * (previous + trend);
  }
  return put(call, level);
}

bool fn_resets(RangeCall& call) {
  const bool starts = call.options.start_timestamps;
  return count_pairs(call, [&](const Point& before, const Point& now) {
    if (!before.h != !now.h) return true;
    if (starts && is_start_reset(before, now)) return true;
    return now.h ? now.h->reset_since(*before.h) : now.f < before.f;
  });
}

bool fn_changes(RangeCall& call) {
  return count_pairs(call, [](const Point& before, const Point& now) {
    if (!before.h != !now.h) return true;
    if (now.h) return !now.h->same_values(*before.h);
    return now.f != before.f && !(std::isnan(now.f) && std::isnan(before.f));
  });
}

}  // namespace kansoku::query::promql
