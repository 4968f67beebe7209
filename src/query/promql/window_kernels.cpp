#include "query/promql/window_kernels.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/simd/clones.h"
#include "query/promql/columns.h"
#include "query/promql/histogram_math.h"
#include "query/promql/implementations.h"

namespace kansoku::query::promql {
namespace {

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

// Where a counter fell: indices of the samples after the fall.
KANSOKU_CLONES size_t falls_of(const double* values, size_t count) {
  size_t falls = 0;
  for (size_t i = 1; i < count; ++i) falls += values[i] < values[i - 1] ? 1 : 0;
  return falls;
}
std::vector<uint32_t> resets_of(std::span<const double> values) {
  std::vector<uint32_t> out;
  const size_t falls = falls_of(values.data(), values.size());
  out.reserve(falls);
  for (size_t i = 1; out.size() < falls; ++i) {
    if (values[i] < values[i - 1]) out.push_back(static_cast<uint32_t>(i));
  }
  return out;
}

// Steps [begin, end) of a kernel of differences, and what it computes on the way.
struct Block {
  static constexpr size_t kSteps = 512;
  size_t begin = 0;
  size_t end = 0;
  std::array<double, kSteps> first;  // samples of the windows
  std::array<double, kSteps> difference;
};

void first_and_last(const SeriesWindows& in, Block& block) {
  const double* const values = in.values.data();
  const uint32_t* const first = in.stretches->first.data();
  const uint32_t* const last = in.stretches->last.data();
  for (size_t step = block.begin; step < block.end; ++step) {
    const double at_first = values[first[step]];
    block.first[step - block.begin] = at_first;
    block.difference[step - block.begin] = values[last[step]] - at_first;
  }
}

// What a counter had reached before it fell counts in each window that has samples of both sides.
// Windows move on with the steps: those of a reset stand side by side.
void add_resets(const SeriesWindows& in, std::span<const uint32_t> resets, Block& block) {
  size_t from = block.begin;
  for (const uint32_t reset : resets) {
    while (from < block.end && in.windows[from].high <= reset) ++from;
    const double before = in.values[reset - 1];
    for (size_t step = from; step < block.end && in.windows[step].low < reset; ++step)
      block.difference[step - block.begin] += before;
  }
}

KANSOKU_CLONES void multiply(const double* a, const double* b, size_t count, double* out) {
  for (size_t i = 0; i < count; ++i) out[i] = a[i] * b[i];
}

// Counters do not go below zero: the stretch to the start ends where the line through the samples
// does. Mostly that is far away, which is seen without dividing; the margin covers the rounding.
// How many steps are not seen to be so.
bool zero_is_far(double sampled, double to_start, double first, double difference) {
  return !(difference > 0 && first >= 0) || sampled * first > to_start * difference * (1 + 1e-9);
}
KANSOKU_CLONES size_t steps_near_zero(const double* sampled, const double* to_start,
                                      const double* first, const double* difference, size_t count) {
  size_t near = 0;
  for (size_t i = 0; i < count; ++i) {
    const bool grows = (difference[i] > 0) & (first[i] >= 0);
    const bool far = sampled[i] * first[i] > to_start[i] * difference[i] * (1 + 1e-9);
    near += static_cast<size_t>(grows & !far);
  }
  return near;
}

void stop_at_zero(const SeriesWindows& in, const Block& block, double seconds,
                  std::span<double> out) {
  const Stretches& stretches = *in.stretches;
  for (size_t step = block.begin; step < block.end; ++step) {
    const double first = block.first[step - block.begin];
    const double difference = block.difference[step - block.begin];
    const double sampled = stretches.sampled[step];
    const double to_start = stretches.to_start[step];
    if (zero_is_far(sampled, to_start, first, difference)) continue;
    const double to_zero = sampled * (first / difference);
    out[step] = difference *
                factor_of(sampled, std::min(to_start, to_zero), stretches.to_end[step], seconds);
  }
}

template <RateKind kind>
void differences(const SeriesWindows& in, std::span<double> out) {
  std::vector<uint32_t> resets;
  if constexpr (kind.counter) resets = resets_of(in.values);
  const double seconds = kind.per_second ? in.range_seconds() : 1;
  const Stretches& stretches = *in.stretches;
  Block block;
  for (; block.begin < out.size(); block.begin = block.end) {
    block.end = std::min(out.size(), block.begin + Block::kSteps);
    const size_t count = block.end - block.begin;
    if (!in.context->spend(count)) return;
    first_and_last(in, block);
    add_resets(in, resets, block);
    multiply(block.difference.data(), stretches.factor.data() + block.begin, count,
             out.data() + block.begin);
    if (kind.counter && steps_near_zero(stretches.sampled.data() + block.begin,
                                        stretches.to_start.data() + block.begin, block.first.data(),
                                        block.difference.data(), count) > 0) {
      stop_at_zero(in, block, seconds, out);
    }
  }
  for (const uint32_t step : stretches.without) out[step] = kAbsent;
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

}  // namespace

const KernelRow* kernel_of(RangeFunction function) {
  const auto row = std::ranges::find(kKernels, function, &KernelRow::function);
  return function != nullptr && row != kKernels.end() ? &*row : nullptr;
}

}  // namespace kansoku::query::promql
