// The evaluator over columns: series of floats flow row by row from node to node, so that an
// aggregation over a range function holds its groups and nothing else.
//
// What has no column form here (functions of labels, native histograms, anchored and smoothed
// ranges, ...) is left to the point-by-point evaluator, node by node: it asks this one for its
// arguments. When a selection meets native histograms or start timestamps, the whole query is
// answered point by point: Root::needs_points says so. Thread contract: confined to one evaluate().
#pragma once

#include "query/promql/columns.h"
#include "query/promql/evaluator.h"

namespace kansoku::query::promql {

class ColumnEvaluator final : public Evaluator {
 public:
  using Evaluator::Evaluator;
  Result<Matrix> eval(const Expr& expr) override;
  Result<Matrix> range_vector(const Expr& expr) override;
  // The value of an instant vector or scalar expression at each step, series by series.
  Status rows(const Expr& expr, const RowSink& sink);
  Result<Columns> columns(const Expr& expr);

 protected:
  std::unique_ptr<Evaluator> on(Grid grid) const override {
    return std::make_unique<ColumnEvaluator>(root_, grid);
  }

 private:
  Status node_rows(const Expr& expr, const RowSink& sink);
  Status repeated_rows(const Expr& expr, const RowSink& sink);
  Status matrix_rows(const Matrix& matrix, const RowSink& sink);
  Status selector_rows(const VectorSelector& selector, const RowSink& sink);
  Status call_rows(const CallExpr& call, const RowSink& sink);
  // Lets `produce` make rows whose values are no longer those of the metric: the names go, or are
  // marked to go.
  Status without_names(const std::function<Status(const RowSink&)>& produce, const RowSink& sink);
  // Whether the node makes its rows one by one from those of its first vector argument, so that
  // labels which nobody looks at need not be there.
  bool passes_labels_on(const Expr& expr) const;
  // The values of a scalar argument, by step.
  Result<std::vector<double>> scalar(const Expr& expr);
  std::unexpected<Error> points_needed();
  // Memory of that many rows of values, charged as long as it is held.
  Result<MemoryHold> hold_rows(uint64_t rows);

  // column_windows.cpp
  Status range_call_rows(const CallExpr& call, const RowSink& sink);

  // column_functions.cpp
  Status function_rows(const CallExpr& call, const RowSink& sink);
  Status quantile_rows(const CallExpr& call, const RowSink& sink);

  // column_binary.cpp
  Status unary_rows(const UnaryExpr& unary, const RowSink& sink);
  Status binary_rows(const BinaryExpr& binary, const RowSink& sink);
  Status vector_scalar_rows(const BinaryExpr& binary, const RowSink& sink);
  Status vector_vector_rows(const BinaryExpr& binary, const RowSink& sink);
  Status set_rows(const BinaryExpr& binary, const RowSink& sink);

  // column_aggregate.cpp
  Status aggregate_rows(const AggregateExpr& aggregate, const RowSink& sink);
  Status quantile_aggregate_rows(const AggregateExpr& aggregate, const RowSink& sink);
  Status best_rows(const AggregateExpr& aggregate, const RowSink& sink);

  // For the next call of rows(): the labels that its receiver looks at; null: all.
  const std::vector<std::string>* labels_wanted_ = nullptr;
};

Result<Matrix> to_matrix(const Columns& columns, const Grid& grid, QueryContext& context);

// Which nodes have a column form, by kind.
bool has_columns(const Expr& expr);
bool has_window_kernel(const CallExpr& call);               // column_windows.cpp
bool has_function_kernel(const CallExpr& call);             // column_functions.cpp
bool has_aggregate_kernel(const AggregateExpr& aggregate);  // column_aggregate.cpp

}  // namespace kansoku::query::promql
