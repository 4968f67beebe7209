#include "query/promql/evaluator.h"

#include <algorithm>
#include <array>

#include "query/promql/column_evaluator.h"
#include "query/promql/parser.h"
#include "query/promql/prepare.h"

namespace kansoku::query::promql {
namespace {

constexpr std::string_view kSameLabels = "vector cannot contain metrics with the same labelset";

uint64_t points_of(const Matrix& matrix) {
  uint64_t points = 0;
  for (const Series& series : matrix) points += series.points.size();
  return points;
}

// At the end of the query: names marked to go are gone.
Result<Matrix> without_marked_names(Matrix matrix, QueryContext& context) {
  bool any = false;
  for (Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kSeriesUnits));
    if (!series.drop_name) continue;
    series.labels = series.labels.without_metadata();
    series.drop_name = false;
    any = true;
  }
  if (!any) return matrix;
  return merge_same_labels(std::move(matrix), context);
}

QueryResult instant_result(const Expr& expr, Matrix matrix, int64_t t) {
  QueryResult result;
  result.type = expr.type();
  if (result.type == ValueType::Scalar) {
    result.scalar = matrix.front().points.front().f;
    return result;
  }
  for (Series& series : matrix) {
    if (series.points.empty()) continue;
    Point point = std::move(series.points.front());
    point.t = t;
    result.vector.push_back({std::move(series.labels), false, std::move(point)});
  }
  return result;
}

template <class Kind>
Result<QueryResult> result_of(const Expr& expr, Root& root) {
  // A range query of one step is a range query all the same: it answers with a matrix.
  const QueryRange range = root.range;
  const bool instant = range.step_ms == 0;
  Kind evaluator(root, {range.start_ms, range.end_ms, std::max<int64_t>(range.step_ms, 1)});
  QueryResult result;
  if (instant && expr.type() == ValueType::Matrix) {
    result.type = ValueType::Matrix;
    KANSOKU_TRY(result.matrix, evaluator.range_vector(expr));
  } else {
    KANSOKU_TRY(Matrix matrix, evaluator.eval(expr));
    KANSOKU_TRY(matrix, without_marked_names(std::move(matrix), root.context));
    if (instant) {
      result = instant_result(expr, std::move(matrix), range.start_ms);
    } else {
      result.type = ValueType::Matrix;
      result.matrix = std::move(matrix);
    }
  }
  std::ranges::sort(result.matrix,
                    [](const Series& a, const Series& b) { return a.labels < b.labels; });
  result.annotations = std::move(root.annotations);
  return result;
}

Status check_range(QueryRange range) {
  if (range.end_ms < range.start_ms)
    return invalid_argument("end of the query lies before its start");
  if (range.start_ms == range.end_ms) return {};
  if (range.step_ms <= 0) return invalid_argument("step must be positive: {} ms", range.step_ms);
  if ((range.end_ms - range.start_ms) / range.step_ms > kStepsMax) {
    return resource_exhausted("too many steps: limit {}", kStepsMax);
  }
  return {};
}

}  // namespace

bool SeriesCollector::add(const Sample& sample, int64_t t) {
  const auto [row, fresh] = rows_.try_emplace(sample.labels, series_.size());
  if (fresh) series_.push_back({sample.labels, sample.drop_name, {}});
  Series& series = series_[row->second];
  if (!series.points.empty() && series.points.back().t == t) return false;
  series.points.push_back(sample.point);
  series.points.back().t = t;
  series.points.back().st = 0;
  series.drop_name = series.drop_name && sample.drop_name;
  ++points_;
  return true;
}

const Point* StepReader::at(size_t row, int64_t t) {
  const std::vector<Point>& points = matrix_[row].points;
  size_t& next = next_[row];
  while (next < points.size() && points[next].t < t) ++next;
  return next < points.size() && points[next].t == t ? &points[next] : nullptr;
}

void StepReader::gather(int64_t t, Vector& out) {
  out.clear();
  for (size_t row = 0; row < matrix_.size(); ++row) {
    if (const Point* point = at(row, t))
      out.push_back({matrix_[row].labels, matrix_[row].drop_name, *point});
  }
}

void drop_name(const EvaluateOptions& options, LabelSet& labels, bool& marked) {
  if (options.delayed_name_removal) {
    marked = true;
  } else {
    labels = labels.without_metadata();
  }
}

void VectorCall::put(const Sample& from, double value) {
  Sample sample{from.labels, from.drop_name, {.t = t, .f = value}};
  drop_name(options, sample.labels, sample.drop_name);
  out.push_back(std::move(sample));
}

const std::string& string_argument(const CallExpr& call, size_t i) {
  return as<StringLiteral>(unwrapped(*call.args[i])).value;
}

Result<Matrix> merge_same_labels(Matrix matrix, QueryContext& context) {
  std::unordered_map<LabelSet, size_t, LabelSetHash> rows;
  Matrix out;
  for (Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kSeriesUnits));
    const auto [row, fresh] = rows.try_emplace(series.labels, out.size());
    if (fresh) {
      out.push_back(std::move(series));
      continue;
    }
    KANSOKU_RETURN_IF_ERROR(context.spend(kPointUnits * series.points.size()));
    Series& into = out[row->second];
    std::vector<Point> joined;
    joined.reserve(into.points.size() + series.points.size());
    std::ranges::merge(into.points, series.points, std::back_inserter(joined), {}, &Point::t,
                       &Point::t);
    const auto same_time = [](const Point& a, const Point& b) { return a.t == b.t; };
    if (std::ranges::adjacent_find(joined, same_time) != joined.end())
      return invalid_argument("{}", kSameLabels);
    into.points = std::move(joined);
    into.drop_name = into.drop_name && series.drop_name;
  }
  return out;
}

// What one node holds must fit the budget; it goes away with the node.
Status Evaluator::fits_memory(uint64_t points) {
  const uint64_t bytes = points * sizeof(Point);
  KANSOKU_RETURN_IF_ERROR(root_.context.charge_memory(bytes));
  root_.context.release_memory(bytes);
  return {};
}

Status Evaluator::charge(uint64_t points) {
  KANSOKU_RETURN_IF_ERROR(root_.context.check());
  KANSOKU_RETURN_IF_ERROR(fits_memory(points));
  return points > root_.options.samples_max ? too_many_samples() : Status();
}

Status too_many_samples() {
  return resource_exhausted(
      "query processing would load too many samples into memory in query execution");
}

Result<Matrix> Evaluator::checked(Matrix matrix) {
  KANSOKU_RETURN_IF_ERROR(charge(points_of(matrix)));
  return matrix;
}

Matrix Evaluator::constant(double value) const {
  Series series;
  series.points.reserve(grid_.steps());
  for (size_t i = 0; i < grid_.steps(); ++i)
    series.points.push_back({.t = grid_.at(i), .f = value});
  Matrix out;
  out.push_back(std::move(series));
  return out;
}

Result<Matrix> Evaluator::eval(const Expr& expr) {
  KANSOKU_RETURN_IF_ERROR(root_.context.check());
  const Expr& inner = unwrapped(expr);
  const bool worthwhile = inner.kind != ExprKind::Number && inner.kind != ExprKind::String;
  if (grid_.steps() > 1 && worthwhile && is_step_invariant(inner)) return repeated(inner);
  // A scalar has a value at every step, whatever the data are.
  if (inner.type() == ValueType::Scalar) KANSOKU_RETURN_IF_ERROR(charge(grid_.steps()));
  KANSOKU_TRY(Matrix matrix, eval_node(inner));
  return checked(std::move(matrix));
}

// Evaluated once, and said again at each step.
Result<Matrix> Evaluator::repeated(const Expr& expr) {
  KANSOKU_TRY(Matrix matrix, on({grid_.start, grid_.start, 1})->eval(expr));
  KANSOKU_RETURN_IF_ERROR(charge(matrix.size() * grid_.steps()));
  for (Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits * grid_.steps()));
    const Point point = series.points.front();
    series.points.assign(grid_.steps(), point);
    for (size_t i = 0; i < grid_.steps(); ++i) series.points[i].t = grid_.at(i);
  }
  return matrix;
}

Result<Matrix> Evaluator::eval_node(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Number:
      return constant(as<NumberLiteral>(expr).value);
    case ExprKind::String:
      return Matrix{};
    case ExprKind::VectorSelector:
      return instant_selector(as<VectorSelector>(expr));
    case ExprKind::Unary:
      return unary(as<UnaryExpr>(expr));
    case ExprKind::Binary:
      return binary(as<BinaryExpr>(expr));
    case ExprKind::Aggregate:
      return aggregate(as<AggregateExpr>(expr));
    case ExprKind::Call:
      return call(as<CallExpr>(expr));
    case ExprKind::Paren:
      return eval_node(*as<ParenExpr>(expr).expr);
    case ExprKind::MatrixSelector:
    case ExprKind::Subquery:
      break;
  }
  return invalid_argument(
      "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
}

Result<Matrix> Evaluator::unary(const UnaryExpr& unary) {
  KANSOKU_TRY(Matrix matrix, eval(*unary.expr));
  if (!unary.negative) return matrix;
  const bool scalar = unary.type() == ValueType::Scalar;
  for (Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits * series.points.size()));
    if (!scalar) drop_name(root_.options, series.labels, series.drop_name);
    for (Point& point : series.points) {
      point.f = -point.f;
      if (!point.h) continue;
      FloatHistogram negated = *point.h;
      negated.scale(-1);
      point.h = std::make_shared<const FloatHistogram>(std::move(negated));
    }
  }
  return merge_same_labels(std::move(matrix), root_.context);
}

Result<Matrix> Evaluator::call(const CallExpr& call) {
  const FunctionRow& row = *call.function;
  if (!root_.instant() && (row.name.starts_with("sort"))) {
    root_.annotations.warn(
        "sort is ineffective for range queries since results are always ordered by labels",
        call.position);
  }
  switch (row.special) {
    case SpecialFunction::None:
      break;
    case SpecialFunction::Absent:
      return absent(call);
    case SpecialFunction::AbsentOverTime:
      return absent_over_time(call);
    case SpecialFunction::Info:
      return info(call);
    case SpecialFunction::LabelReplace:
      return label_replace(call);
    case SpecialFunction::LabelJoin:
      return label_join(call);
    case SpecialFunction::Timestamp:
      return sample_times(call, false);
    case SpecialFunction::StartTimestamp:
      return sample_times(call, true);
  }
  return row.range != nullptr ? range_call(call) : vector_call(call);
}

Use use_of(const FunctionRow& function) {
  struct Row {
    std::string_view name;
    Use use;
  };
  constexpr std::array<Row, 7> kUses{{{"rate", Use::Increase},
                                      {"increase", Use::Increase},
                                      {"min_over_time", Use::Min},
                                      {"max_over_time", Use::Max},
                                      {"avg_over_time", Use::Mean},
                                      {"sum_over_time", Use::Mean},
                                      {"count_over_time", Use::Mean}}};
  const auto found = std::ranges::find(kUses, function.name, &Row::name);
  return found == kUses.end() ? Use::Values : found->use;
}

Result<Matrix> Evaluator::range_call(const CallExpr& call) {
  const FunctionRow& row = *call.function;
  RangeInput input;
  std::vector<Matrix> scalars;
  bool subquery = false;
  for (const ExprPtr& arg : call.args) {
    if (arg->type() == ValueType::Matrix) {
      subquery = unwrapped(*arg).kind == ExprKind::Subquery;
      KANSOKU_TRY(input, range_input(unwrapped(*arg), use_of(row)));
    } else {
      KANSOKU_TRY(Matrix scalar, eval(*arg));
      scalars.push_back(std::move(scalar));
    }
  }
  Matrix out;
  uint64_t points = 0;
  std::vector<double> values(scalars.size());
  for (size_t i = 0; i < input.series.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.check());
    const SourceSeries& series = input.series[i];
    Series result{series.labels, !input.drop_name.empty() && input.drop_name[i], {}};
    if (!row.keeps_name) drop_name(root_.options, result.labels, result.drop_name);
    size_t low = 0;
    size_t high = 0;
    for (size_t step = 0; step < grid_.steps(); ++step) {
      const int64_t t = grid_.at(step);
      const std::span<const Point> in_window = window(input, series, t, low, high);
      if (in_window.empty()) continue;
      KANSOKU_RETURN_IF_ERROR(charge(points + in_window.size()));
      for (size_t s = 0; s < scalars.size(); ++s) values[s] = scalars[s].front().points[step].f;
      const int64_t end = reference(*input.time, t);
      std::span<const double> weights = series.weights;
      if (!weights.empty()) weights = weights.subspan(low, in_window.size());
      RangeCall one{.expr = call,
                    .options = root_.options,
                    .annotations = root_.annotations,
                    .scalars = values,
                    .labels = series.labels,
                    .points = in_window,
                    .weights = weights,
                    .t = t,
                    .range_start = end - input.range_ms,
                    .range_end = end,
                    .range_ms = input.range_ms,
                    .mode = input.mode,
                    .deltas = series.deltas,
                    .subquery = subquery,
                    .out = {},
                    .error = {}};
      if (row.range(one)) {
        one.out.t = t;
        result.points.push_back(std::move(one.out));
        ++points;
      }
      if (one.error) return std::unexpected(std::move(*one.error));
    }
    if (!result.points.empty()) out.push_back(std::move(result));
  }
  return merge_same_labels(std::move(out), root_.context);
}

Result<Matrix> Evaluator::vector_call(const CallExpr& call) {
  std::vector<Matrix> args;
  for (const ExprPtr& arg : call.args) {
    Matrix matrix;
    if (arg->type() != ValueType::String) {
      KANSOKU_TRY(matrix, eval(*arg));
    }
    args.push_back(std::move(matrix));
  }
  std::vector<StepReader> readers(args.begin(), args.end());
  VectorCall one{.expr = call,
                 .options = root_.options,
                 .annotations = root_.annotations,
                 .range = root_.range,
                 .args = std::vector<Vector>(args.size()),
                 .out = {},
                 .error = {}};
  SeriesCollector collector;
  for (size_t step = 0; step < grid_.steps(); ++step) {
    one.t = grid_.at(step);
    one.out.clear();
    for (size_t i = 0; i < readers.size(); ++i) readers[i].gather(one.t, one.args[i]);
    call.function->vector(one);
    if (one.error) return std::unexpected(std::move(*one.error));
    for (const Sample& sample : one.out) {
      if (!collector.add(sample, one.t)) return invalid_argument("{}", kSameLabels);
    }
    KANSOKU_RETURN_IF_ERROR(charge(collector.points()));
  }
  return collector.take();
}

Result<QueryResult> evaluate(const Expr& expr, QueryRange range, SeriesSource& source,
                             const EvaluateOptions& options, QueryContext& context) {
  KANSOKU_RETURN_IF_ERROR(check_range(range));
  const ExprPtr prepared = clone(expr);
  KANSOKU_RETURN_IF_ERROR(prepare(*prepared, range));
  const Expr& inner = unwrapped(*prepared);
  if (inner.kind == ExprKind::String) {
    QueryResult result;
    result.type = ValueType::String;
    result.string = as<StringLiteral>(inner).value;
    return result;
  }
  if (options.columns) {
    Root root{source, options, context, {}, range};
    Result<QueryResult> result = result_of<ColumnEvaluator>(inner, root);
    if (!root.needs_points) return result;
  }
  Root root{source, options, context, {}, range};
  return result_of<Evaluator>(inner, root);
}

}  // namespace kansoku::query::promql
