// Unary minus and binary operators over columns.
//
// Between vectors, rows are matched once for all steps. Where that does not say everything (several
// rows of one signature on the "one" side, equal labels of results, fill values) the point-by-point
// evaluator matches step by step.
#include <cmath>
#include <unordered_map>

#include "query/promql/column_evaluator.h"
#include "query/promql/group_table.h"
#include "query/promql/matching.h"

namespace kansoku::query::promql {
namespace {

// Values of two sides, one of which may be the same at every step.
struct Sides {
  std::span<const double> left;
  std::span<const double> right;
};

template <class Function>
void arithmetic(Sides sides, std::span<double> out, Function&& function) {
  for (size_t i = 0; i < out.size(); ++i) {
    const double a = sides.left[i];
    const double b = sides.right[i];
    out[i] = is_absent(a) || is_absent(b) ? kAbsent : function(a, b);
  }
}

// Comparisons let through what `shown` says, or say themselves how they went.
template <class Function>
void comparison(Sides sides, bool return_bool, std::span<const double> shown, std::span<double> out,
                Function&& holds) {
  for (size_t i = 0; i < out.size(); ++i) {
    const double a = sides.left[i];
    const double b = sides.right[i];
    if (is_absent(a) || is_absent(b)) {
      out[i] = kAbsent;
    } else if (return_bool) {
      out[i] = holds(a, b) ? 1 : 0;
    } else {
      out[i] = holds(a, b) ? shown[i] : kAbsent;
    }
  }
}

// `out` may be one of the sides.
void apply(const BinaryExpr& expr, Sides sides, std::span<const double> shown,
           std::span<double> out) {
  const auto compare = [&](auto holds) { comparison(sides, expr.return_bool, shown, out, holds); };
  switch (expr.op) {
    case BinaryOp::Add:
      return arithmetic(sides, out, [](double a, double b) { return a + b; });
    case BinaryOp::Sub:
      return arithmetic(sides, out, [](double a, double b) { return a - b; });
    case BinaryOp::Mul:
      return arithmetic(sides, out, [](double a, double b) { return a * b; });
    case BinaryOp::Div:
      return arithmetic(sides, out, [](double a, double b) { return a / b; });
    case BinaryOp::Mod:
      return arithmetic(sides, out, [](double a, double b) { return std::fmod(a, b); });
    case BinaryOp::Pow:
      return arithmetic(sides, out, [](double a, double b) { return std::pow(a, b); });
    case BinaryOp::Atan2:
      return arithmetic(sides, out, [](double a, double b) { return std::atan2(a, b); });
    case BinaryOp::Equal:
      return compare(std::equal_to<>());
    case BinaryOp::NotEqual:
      return compare(std::not_equal_to<>());
    case BinaryOp::Greater:
      return compare(std::greater<>());
    case BinaryOp::Less:
      return compare(std::less<>());
    case BinaryOp::GreaterEqual:
      return compare(std::greater_equal<>());
    default:
      return compare(std::less_equal<>());
  }
}

// What a vector-to-vector operation does, row by row.
struct Matched {
  size_t many = 0;
  size_t one = 0;
  LabelSet labels;
};

}  // namespace

Status ColumnEvaluator::unary_rows(const UnaryExpr& unary, const RowSink& sink) {
  if (!unary.negative) return rows(*unary.expr, sink);
  const auto produce = [&](const RowSink& to) {
    return rows(*unary.expr, [&](const RowView& row) {
      for (double& value : row.values) value = is_absent(value) ? value : -value;
      return to(row);
    });
  };
  if (unary.type() == ValueType::Scalar) return produce(sink);
  return without_names(produce, sink);
}

Status ColumnEvaluator::binary_rows(const BinaryExpr& binary, const RowSink& sink) {
  const bool scalar =
      binary.lhs->type() == ValueType::Scalar || binary.rhs->type() == ValueType::Scalar;
  if (scalar) return vector_scalar_rows(binary, sink);
  if (binary_op(binary.op).set) return set_rows(binary, sink);
  if (!changes_value(binary)) return vector_vector_rows(binary, sink);
  return without_names([&](const RowSink& to) { return vector_vector_rows(binary, to); }, sink);
}

Status ColumnEvaluator::vector_scalar_rows(const BinaryExpr& binary, const RowSink& sink) {
  const bool left_scalar = binary.lhs->type() == ValueType::Scalar;
  const auto* wanted = std::exchange(labels_wanted_, nullptr);
  const auto produce = [&](const RowSink& to) -> Status {
    std::vector<double> numbers;
    if (left_scalar) {
      KANSOKU_TRY(numbers, scalar(*binary.lhs));
    }
    std::optional<Columns> vector;
    labels_wanted_ = wanted;
    if (!left_scalar) {
      // The left side is evaluated first, as its errors and notes come first.
      KANSOKU_TRY(vector, columns(*binary.lhs));
      KANSOKU_TRY(numbers, scalar(*binary.rhs));
    }
    const auto one = [&](const RowView& row) {
      const Sides sides = left_scalar ? Sides{numbers, row.values} : Sides{row.values, numbers};
      apply(binary, sides, row.values, row.values);
      return to(row);
    };
    return left_scalar ? rows(*binary.rhs, one) : vector->pass_on(one);
  };
  return changes_value(binary) ? without_names(produce, sink) : produce(sink);
}

Status ColumnEvaluator::vector_vector_rows(const BinaryExpr& binary, const RowSink& sink) {
  KANSOKU_TRY(Columns left, columns(*binary.lhs));
  KANSOKU_TRY(Columns right, columns(*binary.rhs));
  const VectorMatching& matching = binary.matching;
  const bool swapped = matching.cardinality == Cardinality::OneToMany;
  const bool one_to_one = matching.cardinality == Cardinality::OneToOne;
  Columns& many = swapped ? right : left;
  Columns& one = swapped ? left : right;
  const auto step_by_step = [&]() -> Status {
    KANSOKU_TRY(const Matrix lhs, to_matrix(left, grid_, root_.context));
    KANSOKU_TRY(const Matrix rhs, to_matrix(right, grid_, root_.context));
    KANSOKU_TRY(const Matrix matrix, vector_vector(binary, lhs, rhs));
    return matrix_rows(matrix, sink);
  };
  if (matching.fill_left || matching.fill_right) return step_by_step();
  GroupTable signatures(matching.labels, matching.on);
  std::vector<size_t> one_of;  // by signature
  for (size_t i = 0; i < one.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits));
    const auto [number, fresh] = signatures.number(one.row(i).labels);
    if (!fresh) return step_by_step();
    one_of.push_back(i);
  }
  std::vector<Matched> matched;
  std::vector<bool> taken(one.size());
  std::unordered_map<LabelSet, size_t, LabelSetHash> results;
  for (size_t i = 0; i < many.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(2 * kRowUnits));
    const auto [number, fresh] = signatures.number(many.row(i).labels);
    if (number >= one_of.size()) continue;  // nothing on the other side
    const size_t other = one_of[number];
    if (one_to_one && taken[other]) return step_by_step();
    taken[other] = true;
    matched.push_back({i, other, result_labels(binary, many.row(i).labels, one.row(other).labels)});
    if (!results.try_emplace(matched.back().labels, i).second) return step_by_step();
  }
  std::vector<double> out(grid_.steps());
  for (const Matched& pair : matched) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits + out.size()));
    const std::span<const double> of_many = many.values(pair.many);
    const std::span<const double> of_one = one.values(pair.one);
    const Sides sides = swapped ? Sides{of_one, of_many} : Sides{of_many, of_one};
    apply(binary, sides, sides.left, out);
    KANSOKU_RETURN_IF_ERROR(sink({pair.labels, many.row(pair.many).drop_name, out}));
  }
  return root_.context.check();
}

namespace {

// At which steps a signature has a value, on one side.
class Presence {
 public:
  Presence(size_t steps) : steps_(steps) {}
  void add(size_t signature, std::span<const double> values) {
    if (seen_.size() < (signature + 1) * steps_) seen_.resize((signature + 1) * steps_);
    for (size_t i = 0; i < steps_; ++i) {
      if (!is_absent(values[i])) seen_[signature * steps_ + i] = 1;
    }
  }
  bool at(size_t signature, size_t step) const {
    const size_t i = signature * steps_ + step;
    return i < seen_.size() && seen_[i] != 0;
  }

 private:
  size_t steps_;
  std::vector<uint8_t> seen_;
};

}  // namespace

Status ColumnEvaluator::set_rows(const BinaryExpr& binary, const RowSink& sink) {
  KANSOKU_TRY(Columns left, columns(*binary.lhs));
  KANSOKU_TRY(Columns right, columns(*binary.rhs));
  const bool is_or = binary.op == BinaryOp::Or;
  GroupTable signatures(binary.matching.labels, binary.matching.on);
  Presence present(grid_.steps());
  // `and` and `unless` look at the right, `or` at the left.
  Columns& looked_at = is_or ? left : right;
  Columns& filtered = is_or ? right : left;
  MemoryHold hold(root_.context);
  KANSOKU_RETURN_IF_ERROR(hold.hold(looked_at.size() * grid_.steps()));
  for (size_t i = 0; i < looked_at.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits + grid_.steps()));
    present.add(signatures.number(looked_at.row(i).labels).number, looked_at.values(i));
  }
  const bool keeps_present = binary.op == BinaryOp::And;
  for (size_t i = 0; i < filtered.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits + grid_.steps()));
    const size_t number = signatures.number(filtered.row(i).labels).number;
    const std::span<double> values = filtered.values(i);
    for (size_t step = 0; step < values.size(); ++step) {
      if (present.at(number, step) != keeps_present) values[step] = kAbsent;
    }
  }
  if (!is_or) return left.pass_on(sink);
  // A series of the right whose labels are also on the left goes on where that one ends.
  for (size_t i = 0; i < right.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits + grid_.steps()));
    KANSOKU_RETURN_IF_ERROR(left.add(right.view(i)));
  }
  KANSOKU_TRY(Columns merged, merge_same_labels(std::move(left), root_.context));
  return merged.pass_on(sink);
}

}  // namespace kansoku::query::promql
