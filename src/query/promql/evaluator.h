// The evaluator's inside: one object a time grid (the query, each subquery). See evaluate.h for the
// door.
//
// Every expression becomes a matrix whose points lie on the grid; scalars are one series without
// labels. Thread contract: confined to one evaluate().
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "query/promql/calls.h"
#include "query/promql/evaluate.h"
#include "query/promql/functions.h"

namespace kansoku::query::promql {

struct Grid {
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
  size_t steps() const { return end < start ? 0 : static_cast<size_t>((end - start) / step) + 1; }
  int64_t at(size_t i) const { return start + static_cast<int64_t>(i) * step; }
  size_t index(int64_t t) const { return static_cast<size_t>((t - start) / step); }
};

// What all grids of one query share.
struct Root {
  SeriesSource& source;
  const EvaluateOptions& options;
  QueryContext& context;
  Annotations annotations;
  QueryRange range;
  // Set by the evaluator over columns when it cannot answer.
  bool needs_points = false;
  bool instant() const { return range.start_ms == range.end_ms; }
};

// Collects the outputs of steps into series.
class SeriesCollector {
 public:
  // False when the labels were there at this time already.
  bool add(const Sample& sample, int64_t t);
  Matrix take() { return std::move(series_); }
  uint64_t points() const { return points_; }

 private:
  std::unordered_map<LabelSet, size_t, LabelSetHash> rows_;
  Matrix series_;
  uint64_t points_ = 0;
};

// Walks a matrix step by step.
class StepReader {
 public:
  explicit StepReader(const Matrix& matrix) : matrix_(matrix), next_(matrix.size(), 0) {}
  // The point of series `row` at `t`, or null. Times must not fall between calls.
  const Point* at(size_t row, int64_t t);
  void gather(int64_t t, Vector& out);
  const Matrix& matrix() const { return matrix_; }

 private:
  const Matrix& matrix_;
  std::vector<size_t> next_;
};

// What a function over a range wants the points for.
Use use_of(const FunctionRow& function);

// Series read for a range selector or made by a subquery, with the windows to cut from them.
struct RangeInput {
  std::vector<SourceSeries> series;
  std::vector<bool> drop_name;  // empty: none
  int64_t range_ms = 0;
  RangeMode mode = RangeMode::Plain;
  const TimeModifiers* time = nullptr;
};

class Evaluator {
 public:
  Evaluator(Root& root, Grid grid) : root_(root), grid_(grid) {}
  virtual ~Evaluator() = default;
  virtual Result<Matrix> eval(const Expr& expr);
  // A range vector at the only step of the grid, as a result of its own.
  virtual Result<Matrix> range_vector(const Expr& expr);

 protected:
  // One of the same kind, for another grid of this query.
  virtual std::unique_ptr<Evaluator> on(Grid grid) const {
    return std::make_unique<Evaluator>(root_, grid);
  }
  Result<Matrix> eval_node(const Expr& expr);
  Result<Matrix> repeated(const Expr& expr);
  Matrix constant(double value) const;

  // selectors.cpp
  int64_t reference(const TimeModifiers& time, int64_t t) const;
  Selection selection_of(const VectorSelector& selector, int64_t before_ms, int64_t after_ms,
                         Use use) const;
  // The steps at which a subquery is evaluated; none is a grid of no steps.
  Result<Grid> subquery_grid(const SubqueryExpr& subquery) const;
  Result<std::vector<SourceSeries>> read(const VectorSelector& selector, int64_t before_ms,
                                         int64_t after_ms, Use use);
  Result<Matrix> instant_selector(const VectorSelector& selector);
  bool smoothed_point(const VectorSelector& selector, const SourceSeries& series, int64_t reference,
                      Point& out);
  Result<RangeInput> range_input(const Expr& expr, Use use);
  Result<RangeInput> subquery_input(const SubqueryExpr& subquery);
  std::span<const Point> window(const RangeInput& input, const SourceSeries& series, int64_t t,
                                size_t& low, size_t& high) const;
  bool in_lookback(int64_t point_t, int64_t reference) const;

  // evaluator.cpp
  Result<Matrix> call(const CallExpr& call);
  Result<Matrix> range_call(const CallExpr& call);
  Result<Matrix> vector_call(const CallExpr& call);
  Result<Matrix> unary(const UnaryExpr& unary);
  Result<Matrix> checked(Matrix matrix);
  Status charge(uint64_t points);
  Status fits_memory(uint64_t points);

  // label_functions.cpp
  Result<Matrix> absent(const CallExpr& call);
  Result<Matrix> absent_over_time(const CallExpr& call);
  Result<Matrix> label_replace(const CallExpr& call);
  Result<Matrix> label_join(const CallExpr& call);
  Result<Matrix> sample_times(const CallExpr& call, bool start);

  // info.cpp
  Result<Matrix> info(const CallExpr& call);

  // binary.cpp
  Result<Matrix> binary(const BinaryExpr& binary);
  Result<Matrix> scalar_scalar(const BinaryExpr& binary, const Matrix& left, const Matrix& right);
  Result<Matrix> vector_scalar(const BinaryExpr& binary, Matrix vector, const Matrix& scalar,
                               bool swapped);
  Result<Matrix> vector_vector(const BinaryExpr& binary, const Matrix& left, const Matrix& right);
  Result<Matrix> set_operation(const BinaryExpr& binary, const Matrix& left, const Matrix& right);

  // aggregate.cpp
  Result<Matrix> aggregate(const AggregateExpr& aggregate);

  Root& root_;
  Grid grid_;
};

Status too_many_samples();
// The whole number of a `k`, cut to the number of series.
Result<size_t> count_parameter(double k, size_t series);
// What a series costs beside its points, and a point, in units of QueryContext::spend().
inline constexpr uint64_t kSeriesUnits = 256;
inline constexpr uint64_t kPointUnits = 8;
// Numbers of rows in the order of their labels.
std::vector<size_t> order_by_labels(size_t rows, const std::function<LabelSet(size_t)>& labels_of);
// Series of equal labels become one; an error where two have a point at the same time.
Result<Matrix> merge_same_labels(Matrix matrix, QueryContext& context);
// Labels after a function changed the value: the name goes now, or is marked to go.
void drop_name(const EvaluateOptions& options, LabelSet& labels, bool& marked);
// The literal of a string argument.
const std::string& string_argument(const CallExpr& call, size_t i);

}  // namespace kansoku::query::promql
