// Binary operators: between scalars, between a vector and a scalar, between vectors by matching
// labels.
#include <cmath>
#include <unordered_map>

#include "query/promql/evaluator.h"
#include "query/promql/histogram_math.h"
#include "query/promql/matching.h"

namespace kansoku::query::promql {
namespace {

struct Value {
  double f = 0;
  HistogramPtr h;
};

// What an operator makes of two values; `keep` false: nothing comes out.
struct Outcome {
  Value value;
  bool keep = true;
  bool invalid = false;  // kinds that the operator does not take
};

HistogramPtr shared(FloatHistogram histogram) {
  histogram.compact();
  return std::make_shared<const FloatHistogram>(std::move(histogram));
}

Outcome compared(const Value& left, bool keep) { return {left, keep, false}; }

Outcome floats(BinaryOp op, const Value& left, const Value& right) {
  const double a = left.f;
  const double b = right.f;
  switch (op) {
    case BinaryOp::Add:
      return {{a + b, nullptr}};
    case BinaryOp::Sub:
      return {{a - b, nullptr}};
    case BinaryOp::Mul:
      return {{a * b, nullptr}};
    case BinaryOp::Div:
      return {{a / b, nullptr}};
    case BinaryOp::Mod:
      return {{std::fmod(a, b), nullptr}};
    case BinaryOp::Pow:
      return {{std::pow(a, b), nullptr}};
    case BinaryOp::Atan2:
      return {{std::atan2(a, b), nullptr}};
    case BinaryOp::Equal:
      return compared(left, a == b);
    case BinaryOp::NotEqual:
      return compared(left, a != b);
    case BinaryOp::Greater:
      return compared(left, a > b);
    case BinaryOp::Less:
      return compared(left, a < b);
    case BinaryOp::GreaterEqual:
      return compared(left, a >= b);
    case BinaryOp::LessEqual:
      return compared(left, a <= b);
    default:
      return {{}, false, true};
  }
}

class Operator {
 public:
  Operator(const BinaryExpr& expr, Annotations& annotations)
      : expr_(expr), annotations_(annotations) {}

  Outcome apply(const Value& left, const Value& right, std::string_view metric) {
    Outcome out = !left.h && !right.h ? floats(expr_.op, left, right)
                  : left.h && right.h ? histograms(left, right, metric)
                                      : mixed(left, right);
    if (out.invalid) {
      annotations_.info(
          fmt::format("incompatible sample types encountered for binary operator {}: {} {} {}",
                      go_quoted(binary_op(expr_.op).text), left.h ? "histogram" : "float",
                      binary_op(expr_.op).text, right.h ? "histogram" : "float"),
          expr_.position);
    } else if (expr_.return_bool) {
      out.value = {out.keep ? 1.0 : 0.0, nullptr};
      out.keep = true;
    }
    return out;
  }

 private:
  Outcome mixed(const Value& left, const Value& right) const {
    const BinaryOp op = expr_.op;
    if (op == BinaryOp::Mul) {
      FloatHistogram scaled = left.h ? *left.h : *right.h;
      scaled.scale(left.h ? right.f : left.f);
      return {{0, shared(std::move(scaled))}};
    }
    if (!left.h) return {{}, false, true};
    if (op == BinaryOp::Div) {
      FloatHistogram divided = *left.h;
      divided.divide(right.f);
      return {{0, shared(std::move(divided))}};
    }
    if (op == BinaryOp::TrimUpper || op == BinaryOp::TrimLower) {
      return {{0, shared(trimmed(*left.h, right.f, op == BinaryOp::TrimUpper))}};
    }
    return {{}, false, true};
  }

  Outcome histograms(const Value& left, const Value& right, std::string_view metric) {
    switch (expr_.op) {
      case BinaryOp::Equal:
        return compared(left, left.h->same_values(*right.h));
      case BinaryOp::NotEqual:
        return compared(left, !left.h->same_values(*right.h));
      case BinaryOp::Add:
      case BinaryOp::Sub:
        break;
      default:
        return {{}, false, true};
    }
    const bool adds = expr_.op == BinaryOp::Add;
    const std::string_view name = adds ? "addition" : "subtraction";
    FloatHistogram out = *left.h;
    const JoinReport report = adds ? out.add(*right.h) : out.subtract(*right.h);
    if (report.incompatible) {
      annotations_.mixed_schemas(metric, expr_.position);
      return {{}, false, false};
    }
    if (report.collision) annotations_.reset_collision(name, expr_.position);
    if (report.reconciled) annotations_.bounds_reconciled(name, expr_.position);
    if (!adds) out.hint = signal::ResetHint::Gauge;
    return {{0, shared(std::move(out))}};
  }

  const BinaryExpr& expr_;
  Annotations& annotations_;
};

Value value_of(const Point& point) { return {point.f, point.h}; }

// Signatures of both sides as small numbers.
struct Signatures {
  std::vector<size_t> left;
  std::vector<size_t> right;
  size_t count = 0;
};

Result<Signatures> signatures_of(const Matrix& left, const Matrix& right,
                                 const VectorMatching& matching, QueryContext& context) {
  std::unordered_map<LabelSet, size_t, LabelSetHash> numbers;
  const auto number = [&](const Matrix& matrix) -> Result<std::vector<size_t>> {
    std::vector<size_t> out;
    for (const Series& series : matrix) {
      KANSOKU_RETURN_IF_ERROR(context.spend(kSeriesUnits));
      out.push_back(numbers.try_emplace(match_signature(series.labels, matching), numbers.size())
                        .first->second);
    }
    return out;
  };
  Signatures out;
  KANSOKU_TRY(out.left, number(left));
  KANSOKU_TRY(out.right, number(right));
  out.count = numbers.size();
  return out;
}

// One vector-to-vector operation, step by step. "many" and "one" are the sides of the matching:
// left and right, swapped for group_right.
class Matcher {
 public:
  // `signatures`: of the many side and the one side.
  Matcher(const BinaryExpr& expr, Root& root, const Matrix& left, const Matrix& right,
          Signatures signatures)
      : expr_(expr),
        options_(root.options),
        context_(root.context),
        operator_(expr, root.annotations),
        swapped_(expr.matching.cardinality == Cardinality::OneToMany),
        many_(swapped_ ? right : left),
        one_(swapped_ ? left : right),
        many_reader_(many_),
        one_reader_(one_),
        signatures_(std::move(signatures)),
        one_row_(signatures_.count, kNone),
        results_(signatures_.count) {}

  Status step(int64_t t, SeriesCollector& out);

 private:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();
  struct Pair {
    const LabelSet& many_labels;
    const LabelSet& one_labels;
    bool drop_name;
    Value many;
    Value one;
  };
  Status combine(const Pair& pair, size_t signature, int64_t t, SeriesCollector& out);
  std::unexpected<Error> duplicate(const LabelSet& a, const LabelSet& b) const;

  const BinaryExpr& expr_;
  const EvaluateOptions& options_;
  QueryContext& context_;
  Operator operator_;
  bool swapped_;
  const Matrix& many_;
  const Matrix& one_;
  StepReader many_reader_;
  StepReader one_reader_;
  Signatures signatures_;
  std::vector<size_t> one_row_;  // by signature: the row of the "one" side at this step
  std::vector<std::vector<LabelSet>> results_;
  std::vector<bool> matched_;
};

std::unexpected<Error> Matcher::duplicate(const LabelSet& a, const LabelSet& b) const {
  return invalid_argument(
      "found duplicate series for the match group {} on the {} hand-side of the operation: [{}, "
      "{}];many-to-many "
      "matching not allowed: matching labels must be unique on one side",
      match_signature(a, expr_.matching).to_string(), swapped_ ? "left" : "right", a.to_string(),
      b.to_string());
}

Status Matcher::combine(const Pair& pair, size_t signature, int64_t t, SeriesCollector& out) {
  const Value& left = swapped_ ? pair.one : pair.many;
  const Value& right = swapped_ ? pair.many : pair.one;
  Outcome outcome = operator_.apply(left, right, pair.many_labels.get(kMetricName));
  if (!outcome.keep) return {};
  Sample sample{result_labels(expr_, pair.many_labels, pair.one_labels), pair.drop_name, {}};
  if (changes_value(expr_)) drop_name(options_, sample.labels, sample.drop_name);
  sample.point = {.t = t, .f = outcome.value.f, .h = std::move(outcome.value.h)};
  std::vector<LabelSet>& seen = results_[signature];
  if (expr_.matching.cardinality == Cardinality::OneToOne) {
    if (!seen.empty()) {
      return invalid_argument(
          "multiple matches for labels: many-to-one matching must be explicit "
          "(group_left/group_right)");
    }
  }
  seen.push_back(sample.labels);
  if (out.add(sample, t)) return {};
  if (expr_.matching.cardinality == Cardinality::OneToOne) {
    return invalid_argument("vector cannot contain metrics with the same labelset");
  }
  return invalid_argument(
      "multiple matches for labels: grouping labels must ensure unique matches");
}

Status Matcher::step(int64_t t, SeriesCollector& out) {
  const auto empty = [&](const Matrix& side, StepReader& reader) {
    for (size_t row = 0; row < side.size(); ++row) {
      if (reader.at(row, t) != nullptr) return false;
    }
    return true;
  };
  // Where a side is empty nothing can match, be the other as ambiguous as it may.
  const bool fills = expr_.matching.fill_left || expr_.matching.fill_right;
  if (!fills && (empty(many_, many_reader_) || empty(one_, one_reader_))) return {};
  one_row_.assign(signatures_.count, kNone);
  matched_.assign(signatures_.count, false);
  for (std::vector<LabelSet>& seen : results_) seen.clear();
  for (size_t row = 0; row < one_.size(); ++row) {
    KANSOKU_RETURN_IF_ERROR(context_.spend(kPointUnits));
    if (one_reader_.at(row, t) == nullptr) continue;
    size_t& of_signature = one_row_[signatures_.right[row]];
    if (of_signature != kNone) return duplicate(one_[row].labels, one_[of_signature].labels);
    of_signature = row;
  }
  const VectorMatching& matching = expr_.matching;
  // As in Prometheus 3.14, group_right swaps the sides but not what fills them.
  const std::optional<double>& fill_many = matching.fill_left;
  const std::optional<double>& fill_one = matching.fill_right;
  for (size_t row = 0; row < many_.size(); ++row) {
    const Point* point = many_reader_.at(row, t);
    KANSOKU_RETURN_IF_ERROR(context_.spend(point == nullptr ? kPointUnits : kSeriesUnits));
    if (point == nullptr) continue;
    const size_t number = signatures_.left[row];
    const size_t other = one_row_[number];
    if (other == kNone && !fill_one) continue;
    matched_[number] = true;
    const LabelSet filled =
        other == kNone ? match_signature(many_[row].labels, matching) : LabelSet();
    const Pair pair{
        many_[row].labels, other == kNone ? filled : one_[other].labels, many_[row].drop_name,
        value_of(*point),
        other == kNone ? Value{*fill_one, nullptr} : value_of(*one_reader_.at(other, t))};
    KANSOKU_RETURN_IF_ERROR(combine(pair, number, t, out));
  }
  if (!fill_many) return {};
  for (size_t row = 0; row < one_.size(); ++row) {
    const Point* point = one_reader_.at(row, t);
    KANSOKU_RETURN_IF_ERROR(context_.spend(kPointUnits));
    if (point == nullptr || matched_[signatures_.right[row]]) continue;
    const LabelSet filled = match_signature(one_[row].labels, matching);
    const Pair pair{filled, one_[row].labels, false, Value{*fill_many, nullptr}, value_of(*point)};
    KANSOKU_RETURN_IF_ERROR(combine(pair, signatures_.right[row], t, out));
  }
  return {};
}

}  // namespace

Result<Matrix> Evaluator::binary(const BinaryExpr& binary) {
  KANSOKU_TRY(Matrix left, eval(*binary.lhs));
  KANSOKU_TRY(Matrix right, eval(*binary.rhs));
  const bool left_scalar = binary.lhs->type() == ValueType::Scalar;
  const bool right_scalar = binary.rhs->type() == ValueType::Scalar;
  if (left_scalar && right_scalar) return scalar_scalar(binary, left, right);
  if (right_scalar) return vector_scalar(binary, std::move(left), right, false);
  if (left_scalar) return vector_scalar(binary, std::move(right), left, true);
  if (binary_op(binary.op).set) return set_operation(binary, left, right);
  return vector_vector(binary, left, right);
}

Result<Matrix> Evaluator::scalar_scalar(const BinaryExpr& binary, const Matrix& left,
                                        const Matrix& right) {
  Matrix out = constant(0);
  for (size_t i = 0; i < grid_.steps(); ++i) {
    const Outcome outcome =
        floats(binary.op, value_of(left.front().points[i]), value_of(right.front().points[i]));
    if (outcome.invalid) {
      return invalid_argument("operator {} not allowed for scalar operations",
                              go_quoted(binary_op(binary.op).text));
    }
    const bool comparison = binary_op(binary.op).comparison;
    out.front().points[i].f = comparison ? (outcome.keep ? 1 : 0) : outcome.value.f;
  }
  return out;
}

Result<Matrix> Evaluator::vector_scalar(const BinaryExpr& binary, Matrix vector,
                                        const Matrix& scalar, bool swapped) {
  Operator operation(binary, root_.annotations);
  const bool filters = binary_op(binary.op).comparison && !binary.return_bool;
  Matrix out;
  for (Series& series : vector) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kSeriesUnits + kPointUnits * series.points.size()));
    Series result{series.labels, series.drop_name, {}};
    if (changes_value(binary)) drop_name(root_.options, result.labels, result.drop_name);
    for (const Point& point : series.points) {
      const Value of_vector = value_of(point);
      const Value of_scalar = value_of(scalar.front().points[grid_.index(point.t)]);
      Outcome outcome = swapped
                            ? operation.apply(of_scalar, of_vector, series.labels.get(kMetricName))
                            : operation.apply(of_vector, of_scalar, series.labels.get(kMetricName));
      if (!outcome.keep) continue;
      // A filter lets through what the vector says, also from the right-hand side.
      if (filters) outcome.value = of_vector;
      result.points.push_back(
          {.t = point.t, .f = outcome.value.f, .h = std::move(outcome.value.h)});
    }
    if (!result.points.empty()) out.push_back(std::move(result));
  }
  return merge_same_labels(std::move(out), root_.context);
}

Result<Matrix> Evaluator::vector_vector(const BinaryExpr& binary, const Matrix& left,
                                        const Matrix& right) {
  const bool swapped = binary.matching.cardinality == Cardinality::OneToMany;
  KANSOKU_TRY(Signatures signatures, signatures_of(swapped ? right : left, swapped ? left : right,
                                                   binary.matching, root_.context));
  Matcher matcher(binary, root_, left, right, std::move(signatures));
  SeriesCollector collector;
  for (size_t i = 0; i < grid_.steps(); ++i) {
    KANSOKU_RETURN_IF_ERROR(matcher.step(grid_.at(i), collector));
    KANSOKU_RETURN_IF_ERROR(charge(collector.points()));
  }
  return collector.take();
}

Result<Matrix> Evaluator::set_operation(const BinaryExpr& binary, const Matrix& left,
                                        const Matrix& right) {
  KANSOKU_TRY(const Signatures signatures,
              signatures_of(left, right, binary.matching, root_.context));
  StepReader left_reader(left);
  StepReader right_reader(right);
  SeriesCollector collector;
  for (size_t i = 0; i < grid_.steps(); ++i) {
    const int64_t t = grid_.at(i);
    std::vector<bool> in_left(signatures.count, false);
    std::vector<bool> in_right(signatures.count, false);
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits * (left.size() + right.size())));
    for (size_t row = 0; row < left.size(); ++row) {
      if (left_reader.at(row, t) != nullptr) in_left[signatures.left[row]] = true;
    }
    for (size_t row = 0; row < right.size(); ++row) {
      if (right_reader.at(row, t) != nullptr) in_right[signatures.right[row]] = true;
    }
    for (size_t row = 0; row < left.size(); ++row) {
      const Point* point = left_reader.at(row, t);
      if (point == nullptr) continue;
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kSeriesUnits));
      const bool other = in_right[signatures.left[row]];
      if (binary.op == BinaryOp::Or || other == (binary.op == BinaryOp::And)) {
        collector.add({left[row].labels, left[row].drop_name, *point}, t);
      }
    }
    for (size_t row = 0; binary.op == BinaryOp::Or && row < right.size(); ++row) {
      const Point* point = right_reader.at(row, t);
      if (point == nullptr || in_left[signatures.right[row]]) continue;
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kSeriesUnits));
      if (!collector.add({right[row].labels, right[row].drop_name, *point}, t)) {
        return invalid_argument("vector cannot contain metrics with the same labelset");
      }
    }
    KANSOKU_RETURN_IF_ERROR(charge(collector.points()));
  }
  return collector.take();
}

}  // namespace kansoku::query::promql
