// Functions over ranges as kernels: one series, all windows of the grid.
//
// Each computes what its namesake in rate.cpp or range_functions.cpp does, in the same order of
// operations, so that both give the same bits. Nothing is shared with them on purpose: the
// differential test would not see a mistake that both make. Thread contract: free functions.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "query/promql/evaluator.h"
#include "query/promql/functions.h"

namespace kansoku::query::promql {

// Samples [low, high) of a series.
struct Window {
  uint32_t low = 0;
  uint32_t high = 0;
  bool empty() const { return low == high; }
  size_t size() const { return high - low; }
};

// How far the difference over each window is stretched to cover its range, as far as times alone
// say: see extrapolated() in rate.cpp. Columns by step, in seconds.
struct Stretches {
  std::vector<uint32_t> first;  // the window's first sample and its last one; 0 where it has none
  std::vector<uint32_t> last;
  std::vector<double> sampled;  // from the one to the other
  std::vector<double> to_start;
  std::vector<double> to_end;
  std::vector<double> factor;     // of the difference, per second or not
  std::vector<uint32_t> without;  // steps whose windows have less than two samples
};

// The windows of one series, by step. The range of step i is (end_ms + i * stride_ms - range_ms,
// end_ms + i * stride_ms].
struct SeriesWindows {
  std::span<const int64_t> times_ms;
  std::span<const double> values;
  std::span<const double> weights;  // empty, or for how many samples each stands
  std::span<const Window> windows;
  const Stretches* stretches = nullptr;  // where the kernel wants them
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

struct KernelRow {
  RangeFunction function;
  Kernel kernel;
  Kernel of_deltas = nullptr;  // where the points are deltas
  bool stretches = false;
  bool per_second = false;
  Kernel weighted = nullptr;  // where samples stand for several each
};
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

// The kernel of a function over ranges, or null.
const KernelRow* kernel_of(RangeFunction function);

// By how much a difference grows when it is stretched over its range: `seconds` is the range for a
// rate, else 1.
inline double factor_of(double sampled, double to_start, double to_end, double seconds) {
  if (sampled == 0) return 1 / seconds;
  return (sampled + to_start + to_end) / sampled / seconds;
}
inline double seconds_between(int64_t from, int64_t to) {
  return static_cast<double>(to - from) / 1000;
}

}  // namespace kansoku::query::promql
