#include "query/promql/column_evaluator.h"

#include <algorithm>

#include "query/promql/implementations.h"
#include "query/promql/parser.h"
#include "query/promql/prepare.h"

namespace kansoku::query::promql {

Result<Matrix> to_matrix(const Columns& columns, const Grid& grid, QueryContext& context) {
  Matrix out;
  for (size_t i = 0; i < columns.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kRowUnits + 2 * columns.steps()));
    const std::span<const double> values = columns.values(i);
    Series series{columns.row(i).labels, columns.row(i).drop_name, {}};
    const auto present = std::ranges::count_if(values, [](double v) { return !is_absent(v); });
    if (present == 0) continue;
    series.points.reserve(static_cast<size_t>(present));
    for (size_t step = 0; step < values.size(); ++step) {
      if (!is_absent(values[step]))
        series.points.push_back({.t = grid.at(step), .f = values[step], .h = nullptr});
    }
    out.push_back(std::move(series));
  }
  return out;
}

bool has_columns(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::VectorSelector:
      return as<VectorSelector>(expr).mode != RangeMode::Smoothed;
    case ExprKind::Unary:
      return true;
    case ExprKind::Binary: {
      const auto& binary = as<BinaryExpr>(expr);
      const bool trims = binary.op == BinaryOp::TrimUpper || binary.op == BinaryOp::TrimLower;
      return !trims && binary.type() == ValueType::Vector;
    }
    case ExprKind::Aggregate:
      return has_aggregate_kernel(as<AggregateExpr>(expr));
    case ExprKind::Call:
      return has_window_kernel(as<CallExpr>(expr)) || has_function_kernel(as<CallExpr>(expr));
    default:
      return false;
  }
}

std::unexpected<Error> ColumnEvaluator::points_needed() {
  root_.needs_points = true;
  return internal_error("the points of this query are no plain floats");
}

Result<Matrix> ColumnEvaluator::eval(const Expr& expr) {
  if (!has_columns(unwrapped(expr))) return Evaluator::eval(expr);
  KANSOKU_TRY(const Columns all, columns(expr));
  KANSOKU_TRY(Matrix matrix, to_matrix(all, grid_, root_.context));
  return checked(std::move(matrix));
}

Result<Columns> ColumnEvaluator::columns(const Expr& expr) {
  Columns out(root_.context, grid_.steps());
  KANSOKU_RETURN_IF_ERROR(rows(expr, [&](const RowView& row) { return out.add(row); }));
  return out;
}

Status ColumnEvaluator::rows(const Expr& expr, const RowSink& sink) {
  KANSOKU_RETURN_IF_ERROR(root_.context.check());
  const Expr& inner = unwrapped(expr);
  const auto* wanted = std::exchange(labels_wanted_, nullptr);
  if (passes_labels_on(inner)) labels_wanted_ = wanted;
  const bool literal = inner.kind == ExprKind::Number || inner.kind == ExprKind::String;
  if (grid_.steps() > 1 && !literal && is_step_invariant(inner)) return repeated_rows(inner, sink);
  if (has_columns(inner)) return node_rows(inner, sink);
  KANSOKU_TRY(const Matrix matrix, Evaluator::eval(inner));
  return matrix_rows(matrix, sink);
}

bool ColumnEvaluator::passes_labels_on(const Expr& expr) const {
  // Where names go at once, rows are merged by all their labels.
  if (!root_.options.delayed_name_removal) return false;
  switch (expr.kind) {
    case ExprKind::VectorSelector:
    case ExprKind::Unary:
      return true;
    case ExprKind::Binary:
      return as<BinaryExpr>(expr).lhs->type() == ValueType::Scalar ||
             as<BinaryExpr>(expr).rhs->type() == ValueType::Scalar;
    case ExprKind::Call: {
      const auto& call = as<CallExpr>(expr);
      return has_window_kernel(call) ||
             (has_function_kernel(call) && call.function->vector != fn_histogram_quantile);
    }
    default:
      return false;
  }
}

Status ColumnEvaluator::node_rows(const Expr& expr, const RowSink& sink) {
  switch (expr.kind) {
    case ExprKind::VectorSelector:
      return selector_rows(as<VectorSelector>(expr), sink);
    case ExprKind::Unary:
      return unary_rows(as<UnaryExpr>(expr), sink);
    case ExprKind::Binary:
      return binary_rows(as<BinaryExpr>(expr), sink);
    case ExprKind::Aggregate:
      return aggregate_rows(as<AggregateExpr>(expr), sink);
    default:
      return call_rows(as<CallExpr>(expr), sink);
  }
}

// Evaluated once, and said again at each step.
Status ColumnEvaluator::repeated_rows(const Expr& expr, const RowSink& sink) {
  ColumnEvaluator once(root_, {grid_.start, grid_.start, 1});
  once.labels_wanted_ = std::exchange(labels_wanted_, nullptr);
  std::vector<double> values;
  return once.rows(expr, [&](const RowView& row) -> Status {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(grid_.steps()));
    values.assign(grid_.steps(), row.values.front());
    return sink({row.labels, row.drop_name, values});
  });
}

Status ColumnEvaluator::matrix_rows(const Matrix& matrix, const RowSink& sink) {
  std::vector<double> values;
  for (const Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits + grid_.steps()));
    values.assign(grid_.steps(), kAbsent);
    for (const Point& point : series.points) {
      if (point.h) return points_needed();
      values[grid_.index(point.t)] = point.f;
    }
    KANSOKU_RETURN_IF_ERROR(sink({series.labels, series.drop_name, values}));
  }
  return {};
}

Result<MemoryHold> ColumnEvaluator::hold_rows(uint64_t rows) {
  MemoryHold hold(root_.context);
  KANSOKU_RETURN_IF_ERROR(hold.hold(rows * grid_.steps() * sizeof(double)));
  return hold;
}

Result<std::vector<double>> ColumnEvaluator::scalar(const Expr& expr) {
  std::vector<double> out;
  KANSOKU_RETURN_IF_ERROR(rows(expr, [&](const RowView& row) {
    out.assign(row.values.begin(), row.values.end());
    return Status();
  }));
  return out;
}

Status ColumnEvaluator::without_names(const std::function<Status(const RowSink&)>& produce,
                                      const RowSink& sink) {
  if (root_.options.delayed_name_removal) {
    return produce([&](const RowView& row) { return sink({row.labels, true, row.values}); });
  }
  // Labels that differed in the name alone are the same now.
  Columns all(root_.context, grid_.steps());
  KANSOKU_RETURN_IF_ERROR(produce([&](const RowView& row) {
    return all.add({row.labels.without_metadata(), row.drop_name, row.values});
  }));
  KANSOKU_TRY(Columns merged, merge_same_labels(std::move(all), root_.context));
  return merged.pass_on(sink);
}

Status ColumnEvaluator::selector_rows(const VectorSelector& selector, const RowSink& sink) {
  Selection selection = selection_of(selector, root_.options.lookback_ms, 0, Use::Instant);
  selection.labels_wanted = std::exchange(labels_wanted_, nullptr);
  const int64_t first = reference(selector.time, grid_.start);
  const int64_t stride = selector.time.at == TimeModifiers::At::None ? grid_.step : 0;
  const size_t steps = grid_.steps();
  KANSOKU_TRY(const MemoryHold hold, hold_rows(1));
  std::vector<double> values(steps);
  return root_.source.scan(selection, root_.context, [&](const SourceColumns& series) -> Status {
    if (series.needs_points) return points_needed();
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(steps));
    const std::span<const int64_t> times = series.times_ms;
    bool any = false;
    size_t next = 0;
    int64_t at = first;
    for (size_t step = 0; step < steps; ++step, at += stride) {
      while (next < times.size() && times[next] <= at) ++next;
      const bool there = next > 0 && in_lookback(times[next - 1], at);
      // A stale marker is what an absent value looks like.
      values[step] = there ? series.values[next - 1] : kAbsent;
      any = any || !is_absent(values[step]);
    }
    return any ? sink({series.labels, false, values}) : Status();
  });
}

// What a point costs again on its way into the answer: as a value, and as text.
constexpr uint64_t kAnswerBytes = 48;

Result<Matrix> ColumnEvaluator::range_vector(const Expr& expr) {
  const bool plain = expr.kind == ExprKind::MatrixSelector &&
                     as<MatrixSelector>(expr).vector->mode == RangeMode::Plain;
  if (!plain) return Evaluator::range_vector(expr);
  const auto& selector = as<MatrixSelector>(expr);
  const Selection selection = selection_of(*selector.vector, selector.range_ms, 0, Use::Values);
  Matrix out;
  MemoryHold hold(root_.context);
  uint64_t points = 0;
  const auto one = [&](const SourceColumns& series) -> Status {
    if (series.needs_points) return points_needed();
    points += series.values.size();
    KANSOKU_RETURN_IF_ERROR(hold.hold(points * (sizeof(Point) + kAnswerBytes)));
    if (points > root_.options.samples_max) return too_many_samples();
    Series result{series.labels, false, {}};
    result.points.reserve(series.values.size());
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (!is_absent(series.values[i]))
        result.points.push_back({.t = series.times_ms[i], .f = series.values[i], .h = nullptr});
    }
    if (!result.points.empty()) out.push_back(std::move(result));
    return {};
  };
  KANSOKU_RETURN_IF_ERROR(root_.source.scan(selection, root_.context, one));
  return out;
}

Status ColumnEvaluator::call_rows(const CallExpr& call, const RowSink& sink) {
  if (has_window_kernel(call)) return range_call_rows(call, sink);
  return function_rows(call, sink);
}

}  // namespace kansoku::query::promql
