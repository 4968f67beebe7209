// Calls of functions over ranges: windows are cut once for all series of the same times, and the
// kernels run over them.
#include <algorithm>
#include <numeric>

#include "base/simd/clones.h"
#include "query/promql/calls.h"
#include "query/promql/column_evaluator.h"
#include "query/promql/implementations.h"
#include "query/promql/window_kernels.h"

namespace kansoku::query::promql {
namespace {

KANSOKU_CLONES size_t absent_values(const double* values, size_t count) {
  size_t absent = 0;
  for (size_t i = 0; i < count; ++i) absent += is_absent(values[i]) ? 1 : 0;
  return absent;
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
    if (absent_values(in.values.data(), in.values.size()) > 0) samples = without_absent(in);
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
    frame_.stretches = &stretches_;
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
    Stretches& out = stretches_;
    out.without.clear();
    for (auto* column : {&out.first, &out.last}) column->assign(windows_.size(), 0);
    for (auto* column : {&out.sampled, &out.to_start, &out.to_end, &out.factor})
      column->assign(windows_.size(), 0);
    const double seconds = kernel_.per_second ? frame_.range_seconds() : 1;
    each_step(frame_, windows_.size(), [&](size_t step) {
      const Window window = windows_[step];
      if (window.size() < 2) {
        out.without.push_back(static_cast<uint32_t>(step));
        return;
      }
      out.first[step] = window.low;
      out.last[step] = window.high - 1;
      const int64_t first_ms = times_ms[window.low];
      const int64_t last_ms = times_ms[window.high - 1];
      const double sampled = seconds_between(first_ms, last_ms);
      double samples = static_cast<double>(window.size());
      if (!weights.empty()) {
        if (!frame_.context->spend(window.size())) return;
        const auto of_window = weights.subspan(window.low, window.size());
        samples = std::accumulate(of_window.begin(), of_window.end(), 0.0);
      }
      const double average = sampled / std::max(samples - 1, 1.0);
      const auto reach = [&](int64_t from, int64_t to) {
        const double distance = seconds_between(from, to);
        return distance >= average * 1.1 ? average / 2 : distance;
      };
      out.sampled[step] = sampled;
      out.to_start[step] = reach(frame_.range_end(step) - frame_.range_ms, first_ms);
      out.to_end[step] = reach(last_ms, frame_.range_end(step));
      out.factor[step] = factor_of(sampled, out.to_start[step], out.to_end[step], seconds);
    });
  }

  const KernelRow& kernel_;
  SeriesWindows frame_;
  bool closed_;
  bool any_ = false;
  std::vector<int64_t> cut_times_ms_;  // to which the windows belong
  std::vector<double> cut_weights_;
  std::vector<Window> windows_;
  Stretches stretches_;
  std::vector<int64_t> times_ms_;
  std::vector<double> values_;
  std::vector<double> weights_;
};

}  // namespace

bool has_window_kernel(const CallExpr& call) {
  if (kernel_of(call.function->range) == nullptr) return false;
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
  constexpr uint64_t kStretchColumns = 5;
  constexpr uint64_t kRows = sizeof(Window) / sizeof(double) + kStretchColumns + 1;
  KANSOKU_TRY(const MemoryHold hold, hold_rows(kRows));
  WindowCutter cutter(*kernel_of(call.function->range), frame, root_.options.closed_ranges);
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
