#include "query/promql/type_check.h"

#include <algorithm>

#include "query/promql/functions.h"
#include "query/promql/label_set.h"
#include "store/regex.h"

namespace kansoku::query::promql {
namespace {

using Ok = std::expected<void, ParseError>;

std::unexpected<ParseError> error_at(PositionRange position, std::string message) {
  return std::unexpected(ParseError{position, std::move(message)});
}

constexpr std::array<BinaryOpRow, 18> kBinaryOps{{
    {BinaryOp::Add, "+", 4, false, false},
    {BinaryOp::Sub, "-", 4, false, false},
    {BinaryOp::Mul, "*", 5, false, false},
    {BinaryOp::Div, "/", 5, false, false},
    {BinaryOp::Mod, "%", 5, false, false},
    {BinaryOp::Pow, "^", 6, false, false},
    {BinaryOp::Atan2, "atan2", 5, false, false},
    {BinaryOp::Equal, "==", 3, true, false},
    {BinaryOp::NotEqual, "!=", 3, true, false},
    {BinaryOp::Greater, ">", 3, true, false},
    {BinaryOp::Less, "<", 3, true, false},
    {BinaryOp::GreaterEqual, ">=", 3, true, false},
    {BinaryOp::LessEqual, "<=", 3, true, false},
    {BinaryOp::TrimUpper, "</", 3, false, false},
    {BinaryOp::TrimLower, ">/", 3, false, false},
    {BinaryOp::And, "and", 2, false, true},
    {BinaryOp::Or, "or", 1, false, true},
    {BinaryOp::Unless, "unless", 2, false, true},
}};

constexpr std::array<AggregateOpRow, 14> kAggregateOps{{
    {AggregateOp::Sum, "sum", ValueType::None, false, "sum of the values"},
    {AggregateOp::Avg, "avg", ValueType::None, false, "average of the values"},
    {AggregateOp::Min, "min", ValueType::None, false, "smallest value; histograms are left out"},
    {AggregateOp::Max, "max", ValueType::None, false, "largest value; histograms are left out"},
    {AggregateOp::Count, "count", ValueType::None, false, "number of series"},
    {AggregateOp::Group, "group", ValueType::None, false, "1 for each group"},
    {AggregateOp::Stddev, "stddev", ValueType::None, false, "population standard deviation"},
    {AggregateOp::Stdvar, "stdvar", ValueType::None, false, "population variance"},
    {AggregateOp::Quantile, "quantile", ValueType::Scalar, false, "quantile over the series"},
    {AggregateOp::Topk, "topk", ValueType::Scalar, false, "the k largest series"},
    {AggregateOp::Bottomk, "bottomk", ValueType::Scalar, false, "the k smallest series"},
    {AggregateOp::CountValues, "count_values", ValueType::String, false,
     "number of series by value"},
    {AggregateOp::Limitk, "limitk", ValueType::Scalar, true, "any k series"},
    {AggregateOp::LimitRatio, "limit_ratio", ValueType::Scalar, true,
     "a share of the series, by hash"},
}};

Ok expect_type(const Expr& expr, ValueType wanted, std::string_view context) {
  if (expr.type() == wanted) return {};
  return error_at(expr.position,
                  fmt::format("expected type {} in {}, got {}", value_type_name(wanted), context,
                              value_type_name(expr.type())));
}

}  // namespace

std::string_view value_type_name(ValueType type) {
  constexpr std::array<std::string_view, 5> kNames{"none", "scalar", "instant vector",
                                                   "range vector", "string"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view value_type_word(ValueType type) {
  constexpr std::array<std::string_view, 5> kNames{"none", "scalar", "vector", "matrix", "string"};
  return kNames[static_cast<size_t>(type)];
}

const BinaryOpRow& binary_op(BinaryOp op) { return kBinaryOps[static_cast<size_t>(op)]; }

const BinaryOpRow* find_binary_op(std::string_view lower_case_text) {
  const auto row = std::ranges::find(kBinaryOps, lower_case_text, &BinaryOpRow::text);
  return row == kBinaryOps.end() ? nullptr : &*row;
}

const AggregateOpRow& aggregate_op(AggregateOp op) {
  return kAggregateOps[static_cast<size_t>(op)];
}

const AggregateOpRow* find_aggregate_op(std::string_view lower_case_text) {
  const auto row = std::ranges::find(kAggregateOps, lower_case_text, &AggregateOpRow::text);
  return row == kAggregateOps.end() ? nullptr : &*row;
}

ValueType CallExpr::type() const { return function->result; }

const Expr& unwrapped(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == ExprKind::Paren) inner = as<ParenExpr>(*inner).expr.get();
  return *inner;
}

Expr& unwrapped(Expr& expr) { return const_cast<Expr&>(unwrapped(static_cast<const Expr&>(expr))); }

bool matches_empty(const LabelMatcher& matcher) {
  switch (matcher.type) {
    case MatchType::Equal:
      return matcher.value.empty();
    case MatchType::NotEqual:
      return !matcher.value.empty();
    case MatchType::Regex:
    case MatchType::NotRegex: {
      auto regex = store::Regex::compile(matcher.value);
      const bool matches = regex && regex->matches("");
      return matches == (matcher.type == MatchType::Regex);
    }
  }
  return false;
}

std::expected<void, ParseError> check_binary(BinaryExpr& binary) {
  const BinaryOpRow& row = binary_op(binary.op);
  const ValueType left = binary.lhs->type();
  const ValueType right = binary.rhs->type();
  const auto operand = [](ValueType type) {
    return type == ValueType::Scalar || type == ValueType::Vector;
  };
  if (!operand(left)) {
    return error_at(binary.lhs->position,
                    "binary expression must contain only scalar and instant vector types");
  }
  if (!operand(right)) {
    return error_at(binary.rhs->position,
                    "binary expression must contain only scalar and instant vector types");
  }
  const bool scalars = left == ValueType::Scalar && right == ValueType::Scalar;
  const bool vectors = left == ValueType::Vector && right == ValueType::Vector;
  if (row.comparison && scalars && !binary.return_bool) {
    return error_at(binary.position, "comparisons between scalars must use BOOL modifier");
  }
  if (!vectors) {
    if (binary.matching.written) {
      return error_at(binary.position, "vector matching only allowed between instant vectors");
    }
    if (binary.matching.fill_left || binary.matching.fill_right) {
      return error_at(binary.position,
                      "filling in missing series only allowed between instant vectors");
    }
    if (row.set) {
      return error_at(binary.position,
                      fmt::format("set operator {} not allowed in binary scalar expression",
                                  go_quoted(row.text)));
    }
  }
  return {};
}

std::expected<void, ParseError> check_call(const CallExpr& call) {
  const FunctionRow& row = *call.function;
  const std::string name = go_quoted(row.name);
  const size_t required = row.arg_count - (row.variadic == 0 ? 0 : 1);
  const auto counted = [&](std::string_view how, size_t count) {
    return error_at(call.position, fmt::format("expected {}{} argument(s) in call to {}, got {}",
                                               how, count, name, call.args.size()));
  };
  if (row.variadic == 0 && call.args.size() != row.arg_count) return counted("", row.arg_count);
  if (row.variadic != 0 && call.args.size() < required) return counted("at least ", required);
  if (row.variadic > 0 && call.args.size() > required + static_cast<size_t>(row.variadic)) {
    return counted("at most ", required + static_cast<size_t>(row.variadic));
  }
  for (size_t i = 0; i < call.args.size(); ++i) {
    const ValueType wanted = row.args[std::min(i, row.arg_count - 1)];
    if (auto ok = expect_type(*call.args[i], wanted, fmt::format("call to function {}", name)); !ok)
      return ok;
  }
  if (row.name == "info" && call.args.size() > 1 &&
      call.args[1]->kind != ExprKind::VectorSelector) {
    return error_at(call.args[1]->position, "expected label selectors only");
  }
  if (row.name == "info" && call.args.size() > 1 &&
      !as<VectorSelector>(*call.args[1]).name.empty()) {
    return error_at(call.args[1]->position,
                    "expected label selectors only, got vector selector instead");
  }
  for (const ExprPtr& arg : call.args) {
    if (arg->kind != ExprKind::MatrixSelector) continue;
    const RangeMode mode = as<MatrixSelector>(*arg).vector->mode;
    if (mode == RangeMode::Anchored && !row.anchored) {
      return error_at(call.position,
                      fmt::format("anchored modifier can only be used with: changes, delta, "
                                  "increase, rate, resets - not with {}",
                                  row.name));
    }
    if (mode == RangeMode::Smoothed && !row.smoothed) {
      return error_at(
          call.position,
          fmt::format(
              "smoothed modifier can only be used with: delta, increase, rate - not with {}",
              row.name));
    }
  }
  return {};
}

std::expected<void, ParseError> check_aggregate(const AggregateExpr& aggregate) {
  if (auto ok = expect_type(*aggregate.expr, ValueType::Vector, "aggregation expression"); !ok)
    return ok;
  const AggregateOpRow& row = aggregate_op(aggregate.op);
  if (row.parameter == ValueType::None) return {};
  return expect_type(*aggregate.param, row.parameter, "aggregation parameter");
}

}  // namespace kansoku::query::promql
