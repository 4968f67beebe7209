// Functions over ranges as kernels: one series, all windows of the grid.
//
// Each computes what its namesake in rate.cpp or range_functions.cpp does, in the same order of
// operations, so that both give the same bits. Nothing is shared with them on purpose: the
// differential test would not see a mistake that both make.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "query/promql/calls.h"
#include "query/promql/column_evaluator.h"
#include "query/promql/histogram_math.h"
#include "query/promql/implementations.h"

namespace kansoku::query::promql {
namespace {

// Samples [low, high) of a series.
struct Window {
  uint32_t low = 0;
  uint32_t high = 0;
  bool empty() const { return low == high; }
  size_t size() const { return high - low; }
};

// How far a difference over a window is stretched to cover its range, as far as times alone say:
// see extrapolated() in rate.cpp. Seconds.
struct Stretch {
  double sampled = 0;
  double to_start = 0;
  double to_end = 0;
  double factor = 0;  // of the difference, per second or not
};

// The windows of one series, by step. The range of step i is (end_ms + i * stride_ms - range_ms,
// end_ms + i * stride_ms].
struct SeriesWindows {
  std::span<const int64_t> times_ms;
  std::span<const double> values;
  std::span<const double> weights;  // empty, or for how many samples each stands
  std::span<const Window> windows;
  std::span<const Stretch> stretches;  // by step; empty unless the kernel wants them
  int64_t end_ms = 0;
  int64_t stride_ms = 0;
  int64_t range_ms = 0;
  Grid grid;
  std::span<const std::vector<double>> scalars;  // by argument, then by step
  // A kernel that is told to end leaves what it has not computed as it was.
  QueryContext* context = nullptr;

  int64_t range_end(size_t step) const { return end_ms + static_cast<int64_t>(step) * stride_ms; }
  double range_seconds() const { return static_cast<double>(range_ms) / 1000; }
};

using Kernel = void (*)(const SeriesWindows&, std::span<double> out);

// `function(step)` for each step, in blocks for which the context is asked once.
template <class Function>
void each_step(const SeriesWindows& in, size_t steps, Function&& function) {
  constexpr size_t kBlock = 4'096;
  for (size_t begin = 0; begin < steps; begin += kBlock) {
    const size_t end = std::min(steps, begin + kBlock);
    if (!in.context->spend(end - begin)) return;
    for (size_t step = begin; step < end; ++step) function(step);
  }
}

// `function(window)` for each window that has samples, where it looks at a few of them.
template <class Function>
void each_edge(const SeriesWindows& in, std::span<double> out, Function&& function) {
  each_step(in, out.size(), [&](size_t step) {
    const Window window = in.windows[step];
    out[step] = window.empty() ? kAbsent : function(window);
  });
}

// The same where it looks at all of them.
template <class Function>
void each_window(const SeriesWindows& in, std::span<double> out, Function&& function) {
  for (size_t step = 0; step < out.size(); ++step) {
    const Window window = in.windows[step];
    if (!in.context->spend(1 + window.size())) return;
    out[step] = window.empty() ? kAbsent : function(window);
  }
}

// --- differences ---

struct RateKind {
  bool counter = false;
  bool per_second = false;
};

double seconds_between(int64_t from, int64_t to) { return static_cast<double>(to - from) / 1000; }

// Where a counter fell: indices of the samples after the fall.
std::vector<uint32_t> resets_of(std::span<const double> values) {
  std::vector<uint32_t> out;
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] < values[i - 1]) out.push_back(static_cast<uint32_t>(i));
  }
  return out;
}

// By how much a difference grows when it is stretched over its range.
double factor_of(const Stretch& stretch, double to_start, double seconds) {
  if (stretch.sampled == 0) return 1 / seconds;
  return (stretch.sampled + to_start + stretch.to_end) / stretch.sampled / seconds;
}

// Counters do not go below zero: the stretch to the start ends where the line through the samples
// does. Mostly that is far away, which is seen without dividing; the margin covers the rounding.
double counter_factor(const Stretch& stretch, double first, double difference, double seconds) {
  if (!(difference > 0 && first >= 0)) return stretch.factor;
  if (stretch.sampled * first > stretch.to_start * difference * (1 + 1e-9)) return stretch.factor;
  const double to_zero = stretch.sampled * (first / difference);
  return factor_of(stretch, std::min(stretch.to_start, to_zero), seconds);
}

template <RateKind kind>
void differences(const SeriesWindows& in, std::span<double> out) {
  std::vector<uint32_t> resets;
  if constexpr (kind.counter) resets = resets_of(in.values);
  const double seconds = kind.per_second ? in.range_seconds() : 1;
  size_t next_reset = 0;
  each_step(in, out.size(), [&](size_t step) {
    const Window window = in.windows[step];
    if (window.size() < 2) {
      out[step] = kAbsent;
      return;
    }
    const double first = in.values[window.low];
    double difference = in.values[window.high - 1] - first;
    while (next_reset < resets.size() && resets[next_reset] <= window.low) ++next_reset;
    for (size_t i = next_reset; i < resets.size() && resets[i] < window.high; ++i) {
      difference += in.values[resets[i] - 1];
    }
    const Stretch& stretch = in.stretches[step];
    out[step] = difference * (kind.counter ? counter_factor(stretch, first, difference, seconds)
                                           : stretch.factor);
  });
}

template <RateKind kind>
void sums_of_deltas(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) {
    double sum = 0;
    double rest = 0;
    for (uint32_t i = window.low; i < window.high; ++i) kahan_add(in.values[i], sum, rest);
    return (sum + rest) / (kind.per_second ? in.range_seconds() : 1);
  });
}

template <bool counter>
void of_last_two(const SeriesWindows& in, std::span<double> out) {
  each_edge(in, out, [&](Window window) {
    if (window.size() < 2) return kAbsent;
    const double before = in.values[window.high - 2];
    const double now = in.values[window.high - 1];
    const double value = counter && now < before ? now : now - before;
    if (!counter) return value;
    return value / seconds_between(in.times_ms[window.high - 2], in.times_ms[window.high - 1]);
  });
}

// --- over time ---

void sums(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) {
    double sum = 0;
    double rest = 0;
    for (uint32_t i = window.low; i < window.high; ++i) kahan_add(in.values[i], sum, rest);
    return std::isinf(sum) ? sum : sum + rest;
  });
}

double weight_of(const SeriesWindows& in, Window window) {
  double out = 0;
  for (uint32_t i = window.low; i < window.high; ++i) out += in.weights[i];
  return out;
}

void weighted_sums(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) {
    double sum = 0;
    double rest = 0;
    for (uint32_t i = window.low; i < window.high; ++i)
      kahan_add(in.values[i] * in.weights[i], sum, rest);
    return std::isinf(sum) ? sum : sum + rest;
  });
}

void weighted_averages(const SeriesWindows& in, std::span<double> out) {
  weighted_sums(in, out);
  for (size_t step = 0; step < out.size(); ++step) {
    if (!in.windows[step].empty()) out[step] /= weight_of(in, in.windows[step]);
  }
}

void weighted_counts(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) { return weight_of(in, window); });
}

// The mean of the sum as long as that does not overflow, then the running mean.
double average(std::span<const double> values) {
  double sum = values.front();
  double rest = 0;
  double mean = 0;
  double count = 1;
  bool incremental = false;
  for (const double value : values.subspan(1)) {
    count += 1;
    if (!incremental) {
      double next = sum;
      double next_rest = rest;
      kahan_add(value, next, next_rest);
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
    kahan_add(value / count, mean, rest);
  }
  return incremental ? mean + rest : sum / count + rest / count;
}

std::span<const double> values_of(const SeriesWindows& in, Window window) {
  return in.values.subspan(window.low, window.size());
}

void averages(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) { return average(values_of(in, window)); });
}

// The largest (or smallest) value of each window: candidates in a queue, best first, each better
// than all behind it, so that a sample is looked at once however long the windows are. NaN gives
// way to everything.
template <class Better>
void best(const SeriesWindows& in, std::span<double> out) {
  const Better better;
  std::vector<uint32_t> queue;
  size_t front = 0;
  uint32_t next = 0;
  each_step(in, out.size(), [&](size_t step) {
    const Window window = in.windows[step];
    for (; next < window.high; ++next) {
      const double value = in.values[next];
      if (std::isnan(value)) continue;
      // Of equals the first stays.
      while (queue.size() > front && better(value, in.values[queue.back()])) queue.pop_back();
      queue.push_back(next);
    }
    while (front < queue.size() && queue[front] < window.low) ++front;
    if (window.empty()) {
      out[step] = kAbsent;
    } else {
      out[step] = front < queue.size() ? in.values[queue[front]] : in.values[window.low];
    }
  });
}

void counts(const SeriesWindows& in, std::span<double> out) {
  each_edge(in, out, [](Window window) { return static_cast<double>(window.size()); });
}

void present(const SeriesWindows& in, std::span<double> out) {
  each_edge(in, out, [](Window) { return 1.0; });
}

void firsts(const SeriesWindows& in, std::span<double> out) {
  each_edge(in, out, [&](Window window) { return in.values[window.low]; });
}

void lasts(const SeriesWindows& in, std::span<double> out) {
  each_edge(in, out, [&](Window window) { return in.values[window.high - 1]; });
}

double variance(std::span<const double> values) {
  double count = 0;
  double mean = 0;
  double mean_rest = 0;
  double sum = 0;
  double sum_rest = 0;
  for (const double value : values) {
    count += 1;
    const double delta = value - (mean + mean_rest);
    kahan_add(delta / count, mean, mean_rest);
    kahan_add(delta * (value - (mean + mean_rest)), sum, sum_rest);
  }
  return (sum + sum_rest) / count;
}

void variances(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) { return variance(values_of(in, window)); });
}

void deviations(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) { return std::sqrt(variance(values_of(in, window))); });
}

void quantiles(const SeriesWindows& in, std::span<double> out) {
  for (size_t step = 0; step < out.size(); ++step) {
    const Window window = in.windows[step];
    if (window.empty()) {
      out[step] = kAbsent;
      continue;
    }
    if (!in.context->spend(8 * window.size())) return;
    const std::span<const double> values = values_of(in, window);
    out[step] = quantile_of(in.scalars[0][step], {values.begin(), values.end()});
  }
}

// How many samples of each window differ from the one before in the window's eyes; pairs are judged
// once and counted up to each sample.
template <class Differs>
void pair_counts(const SeriesWindows& in, std::span<double> out, Differs&& differs) {
  std::vector<uint32_t> up_to(in.values.size());
  uint32_t count = 0;
  for (size_t i = 0; i < in.values.size(); ++i) {
    if (i > 0 && differs(in.values[i - 1], in.values[i])) ++count;
    up_to[i] = count;
  }
  each_edge(in, out, [&](Window window) {
    return static_cast<double>(up_to[window.high - 1] - up_to[window.low]);
  });
}

void resets(const SeriesWindows& in, std::span<double> out) {
  pair_counts(in, out, std::greater<>());
}

void changes(const SeriesWindows& in, std::span<double> out) {
  pair_counts(in, out, [](double before, double now) {
    return now != before && !(std::isnan(now) && std::isnan(before));
  });
}

struct Line {
  double slope = 0;
  double intercept = 0;
};

// Least squares; the intercept is taken at `at`.
Line regression(const SeriesWindows& in, Window window, int64_t at) {
  double n = 0;
  double x_sum = 0, x_rest = 0, y_sum = 0, y_rest = 0;
  double xy_sum = 0, xy_rest = 0, xx_sum = 0, xx_rest = 0;
  const double first = in.values[window.low];
  bool constant = true;
  for (uint32_t i = window.low; i < window.high; ++i) {
    const double y = in.values[i];
    constant = constant && y == first;
    n += 1;
    const double x = seconds_between(at, in.times_ms[i]);
    kahan_add(x, x_sum, x_rest);
    kahan_add(y, y_sum, y_rest);
    kahan_add(x * y, xy_sum, xy_rest);
    kahan_add(x * x, xx_sum, xx_rest);
  }
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (constant) return std::isinf(first) ? Line{kNaN, kNaN} : Line{0, first};
  x_sum += x_rest;
  y_sum += y_rest;
  const double covariance = xy_sum + xy_rest - x_sum * y_sum / n;
  const double x_variance = xx_sum + xx_rest - x_sum * x_sum / n;
  const double slope = covariance / x_variance;
  return {slope, y_sum / n - slope * x_sum / n};
}

void slopes(const SeriesWindows& in, std::span<double> out) {
  each_window(in, out, [&](Window window) {
    if (window.size() < 2) return kAbsent;
    return regression(in, window, in.times_ms[window.low]).slope;
  });
}

void predictions(const SeriesWindows& in, std::span<double> out) {
  for (size_t step = 0; step < out.size(); ++step) {
    const Window window = in.windows[step];
    if (window.size() < 2) {
      out[step] = kAbsent;
      continue;
    }
    if (!in.context->spend(4 * window.size())) return;
    const Line line = regression(in, window, in.grid.at(step));
    out[step] = line.slope * in.scalars[0][step] + line.intercept;
  }
}

constexpr RateKind kRate{.counter = true, .per_second = true};
constexpr RateKind kIncrease{.counter = true, .per_second = false};
constexpr RateKind kDelta{.counter = false, .per_second = false};

struct KernelRow {
  RangeFunction function;
  Kernel kernel;
  Kernel of_deltas = nullptr;  // where the points are deltas
  bool stretches = false;
  bool per_second = false;
  Kernel weighted = nullptr;  // where samples stand for several each
};
constexpr std::array<KernelRow, 20> kKernels{{
    {fn_rate, differences<kRate>, sums_of_deltas<kRate>, true, true},
    {fn_increase, differences<kIncrease>, sums_of_deltas<kIncrease>, true},
    {fn_delta, differences<kDelta>, nullptr, true},
    {fn_irate, of_last_two<true>},
    {fn_idelta, of_last_two<false>},
    {.function = fn_sum_over_time, .kernel = sums, .weighted = weighted_sums},
    {.function = fn_avg_over_time, .kernel = averages, .weighted = weighted_averages},
    {fn_min_over_time, best<std::less<>>},
    {fn_max_over_time, best<std::greater<>>},
    {.function = fn_count_over_time, .kernel = counts, .weighted = weighted_counts},
    {fn_present_over_time, present},
    {fn_first_over_time, firsts},
    {fn_last_over_time, lasts},
    {fn_stdvar_over_time, variances},
    {fn_stddev_over_time, deviations},
    {fn_quantile_over_time, quantiles},
    {fn_resets, resets},
    {fn_changes, changes},
    {fn_deriv, slopes},
    {fn_predict_linear, predictions},
}};

const KernelRow* kernel_of(const CallExpr& call) {
  const auto row = std::ranges::find(kKernels, call.function->range, &KernelRow::function);
  return call.function->range != nullptr && row != kKernels.end() ? &*row : nullptr;
}

const Expr& range_argument(const CallExpr& call) {
  for (const ExprPtr& arg : call.args) {
    if (arg->type() == ValueType::Matrix) return unwrapped(*arg);
  }
  return *call.args.front();
}

// A series as it is read.
struct SeriesSamples {
  std::span<const int64_t> times_ms;
  std::span<const double> values;
  std::span<const double> weights;  // empty, or one a sample
};

// Cuts the windows of a series and runs the kernel over them.
class WindowCutter {
 public:
  WindowCutter(const KernelRow& kernel, SeriesWindows frame, bool closed)
      : kernel_(kernel), frame_(frame), closed_(closed), windows_(frame.grid.steps()) {}

  // False: no window has a sample.
  bool run(const SeriesSamples& in, bool deltas, std::span<double> out) {
    SeriesSamples samples = in;
    if (std::ranges::any_of(in.values, is_absent)) samples = without_absent(in);
    const std::span<const int64_t> times_ms = samples.times_ms;
    const std::span<const double> weights = samples.weights;
    // Series of one target have the same times, and so the same windows.
    if (!std::ranges::equal(times_ms, cut_times_ms_) ||
        !std::ranges::equal(weights, cut_weights_)) {
      cut_times_ms_.assign(times_ms.begin(), times_ms.end());
      cut_weights_.assign(weights.begin(), weights.end());
      any_ = cut(times_ms);
      if (kernel_.stretches) stretch(times_ms, weights);
    }
    if (!any_) return false;
    frame_.times_ms = times_ms;
    frame_.values = samples.values;
    frame_.weights = weights;
    frame_.windows = windows_;
    frame_.stretches = stretches_;
    Kernel kernel = deltas && kernel_.of_deltas ? kernel_.of_deltas : kernel_.kernel;
    if (!weights.empty() && kernel_.weighted != nullptr) kernel = kernel_.weighted;
    kernel(frame_, out);
    return true;
  }
  std::span<const Window> windows() const { return windows_; }

 private:
  SeriesSamples without_absent(const SeriesSamples& in) {
    times_ms_.clear();
    values_.clear();
    weights_.clear();
    for (size_t i = 0; i < in.values.size(); ++i) {
      if (is_absent(in.values[i])) continue;
      times_ms_.push_back(in.times_ms[i]);
      values_.push_back(in.values[i]);
      if (!in.weights.empty()) weights_.push_back(in.weights[i]);
    }
    return {times_ms_, values_, weights_};
  }
  bool cut(std::span<const int64_t> times_ms) {
    uint32_t low = 0;
    uint32_t high = 0;
    bool any = false;
    const auto count = static_cast<uint32_t>(times_ms.size());
    int64_t end = frame_.end_ms;
    each_step(frame_, windows_.size(), [&](size_t step) {
      Window& window = windows_[step];
      // The first time that is in the range.
      const int64_t start = end - frame_.range_ms + (closed_ ? 0 : 1);
      while (low < count && times_ms[low] < start) ++low;
      high = std::max(high, low);
      while (high < count && times_ms[high] <= end) ++high;
      window = {low, high};
      any = any || low < high;
      end += frame_.stride_ms;
    });
    return any;
  }

  // The difference is stretched to the edges of the range where the samples nearly reach them, else
  // by half the distance of samples.
  void stretch(std::span<const int64_t> times_ms, std::span<const double> weights) {
    stretches_.assign(windows_.size(), {});
    const double seconds = kernel_.per_second ? frame_.range_seconds() : 1;
    each_step(frame_, windows_.size(), [&](size_t step) {
      const Window window = windows_[step];
      if (window.size() < 2) return;
      const int64_t first_ms = times_ms[window.low];
      const int64_t last_ms = times_ms[window.high - 1];
      Stretch& out = stretches_[step];
      out.to_start = seconds_between(frame_.range_end(step) - frame_.range_ms, first_ms);
      out.to_end = seconds_between(last_ms, frame_.range_end(step));
      out.sampled = seconds_between(first_ms, last_ms);
      double samples = static_cast<double>(window.size());
      if (!weights.empty()) {
        if (!frame_.context->spend(window.size())) return;
        const auto of_window = weights.subspan(window.low, window.size());
        samples = std::accumulate(of_window.begin(), of_window.end(), 0.0);
      }
      const double average = out.sampled / std::max(samples - 1, 1.0);
      const double threshold = average * 1.1;
      if (out.to_start >= threshold) out.to_start = average / 2;
      if (out.to_end >= threshold) out.to_end = average / 2;
      out.factor = factor_of(out, out.to_start, seconds);
    });
  }

  const KernelRow& kernel_;
  SeriesWindows frame_;
  bool closed_;
  bool any_ = false;
  std::vector<int64_t> cut_times_ms_;  // to which the windows belong
  std::vector<double> cut_weights_;
  std::vector<Window> windows_;
  std::vector<Stretch> stretches_;
  std::vector<int64_t> times_ms_;
  std::vector<double> values_;
  std::vector<double> weights_;
};

}  // namespace

bool has_window_kernel(const CallExpr& call) {
  if (kernel_of(call) == nullptr) return false;
  const Expr& range = range_argument(call);
  if (range.kind == ExprKind::Subquery) return true;
  return as<MatrixSelector>(range).vector->mode == RangeMode::Plain;
}

Status ColumnEvaluator::range_call_rows(const CallExpr& call, const RowSink& sink) {
  const auto* wanted = std::exchange(labels_wanted_, nullptr);
  std::vector<std::vector<double>> scalars;
  for (const ExprPtr& arg : call.args) {
    if (arg->type() == ValueType::Matrix) continue;
    KANSOKU_TRY(scalars.emplace_back(), scalar(*arg));
  }
  const Expr& range = range_argument(call);
  const bool subquery = range.kind == ExprKind::Subquery;
  const TimeModifiers& time =
      subquery ? as<SubqueryExpr>(range).time : as<MatrixSelector>(range).vector->time;
  const SeriesWindows frame{
      .end_ms = reference(time, grid_.start),
      .stride_ms = time.at == TimeModifiers::At::None ? grid_.step : 0,
      .range_ms = subquery ? as<SubqueryExpr>(range).range_ms : as<MatrixSelector>(range).range_ms,
      .grid = grid_,
      .scalars = scalars,
      .context = &root_.context};
  // The windows, what stretches them, and the results.
  constexpr uint64_t kRows = (sizeof(Window) + sizeof(Stretch)) / sizeof(double) + 1;
  KANSOKU_TRY(const MemoryHold hold, hold_rows(kRows));
  WindowCutter cutter(*kernel_of(call), frame, root_.options.closed_ranges);
  const RangeFunction function = call.function->range;
  const bool counter = function == fn_rate || function == fn_increase;
  const PositionRange position = call.args.front()->position;
  std::vector<double> out(grid_.steps());
  const auto one = [&](const LabelSet& labels, bool drop_name, const SeriesSamples& samples,
                       bool deltas, const RowSink& to) -> Status {
    const bool any = cutter.run(samples, deltas, out);
    if (root_.context.ended()) return root_.context.check();
    if (!any) return {};
    if (counter && !deltas && !subquery) tell_odd_name(labels, position, root_.annotations);
    for (size_t i = 0; function == fn_quantile_over_time && i < out.size(); ++i) {
      const double q = scalars[0][i];
      if (!cutter.windows()[i].empty() && !(q >= 0 && q <= 1))
        root_.annotations.bad_quantile(q, position);
    }
    return to({labels, drop_name, out});
  };
  const auto produce = [&](const RowSink& to) -> Status {
    if (!subquery) {
      const MatrixSelector& selector = as<MatrixSelector>(range);
      Selection selection =
          selection_of(*selector.vector, selector.range_ms, 0, use_of(*call.function));
      // Counters are told by their names.
      std::vector<std::string> with_name;
      if (wanted != nullptr && counter) {
        with_name = *wanted;
        with_name.insert(with_name.end(), {std::string(kMetricName), "__type__"});
      }
      selection.labels_wanted = wanted != nullptr && counter ? &with_name : wanted;
      return root_.source.scan(selection, root_.context, [&](const SourceColumns& series) {
        if (series.needs_points) return Status(points_needed());
        return one(series.labels, false, {series.times_ms, series.values, series.weights},
                   series.deltas, to);
      });
    }
    KANSOKU_TRY(const Grid steps, subquery_grid(as<SubqueryExpr>(range)));
    if (steps.steps() == 0) return {};
    MemoryHold times_hold(root_.context);
    KANSOKU_RETURN_IF_ERROR(times_hold.hold(steps.steps() * 2 * sizeof(int64_t)));
    std::vector<int64_t> times_ms;
    times_ms.reserve(steps.steps());
    for (size_t i = 0; i < steps.steps(); ++i) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(1));
      times_ms.push_back(steps.at(i));
    }
    ColumnEvaluator inner(root_, steps);
    inner.labels_wanted_ = wanted;
    uint64_t values = 0;
    return inner.rows(*as<SubqueryExpr>(range).expr, [&](const RowView& row) -> Status {
      // Rows come one by one, but a query of more steps than it could hold is a mistake.
      values += row.values.size();
      if (values > root_.options.samples_max) return too_many_samples();
      return one(row.labels, row.drop_name, {times_ms, row.values, {}}, false, to);
    });
  };
  return call.function->keeps_name ? produce(sink) : without_names(produce, sink);
}

}  // namespace kansoku::query::promql
