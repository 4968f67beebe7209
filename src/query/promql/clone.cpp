#include "query/promql/parser.h"

namespace kansoku::query::promql {
namespace {

std::unique_ptr<DurationExpr> clone_duration(const std::unique_ptr<DurationExpr>& from) {
  if (!from) return nullptr;
  auto out = std::make_unique<DurationExpr>();
  out->kind = from->kind;
  out->position = from->position;
  out->seconds = from->seconds;
  out->written_as_duration = from->written_as_duration;
  out->parenthesised = from->parenthesised;
  out->left = clone_duration(from->left);
  out->right = clone_duration(from->right);
  return out;
}

TimeModifiers clone_time(const TimeModifiers& from) {
  return {from.at, from.at_ms, from.offset_ms, clone_duration(from.offset_expr), from.has_offset};
}

std::unique_ptr<VectorSelector> clone_selector(const VectorSelector& from) {
  auto out = std::make_unique<VectorSelector>();
  out->position = from.position;
  out->name = from.name;
  out->matchers = from.matchers;
  out->time = clone_time(from.time);
  out->mode = from.mode;
  out->detect_resets = from.detect_resets;
  return out;
}

// The copy of a node whose members are values and child expressions.
ExprPtr clone_operator(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Paren: {
      auto out = std::make_unique<ParenExpr>();
      out->expr = clone(*as<ParenExpr>(expr).expr);
      return out;
    }
    case ExprKind::Unary: {
      auto out = std::make_unique<UnaryExpr>();
      out->negative = as<UnaryExpr>(expr).negative;
      out->expr = clone(*as<UnaryExpr>(expr).expr);
      return out;
    }
    case ExprKind::Binary: {
      const auto& from = as<BinaryExpr>(expr);
      auto out = std::make_unique<BinaryExpr>();
      out->op = from.op;
      out->lhs = clone(*from.lhs);
      out->rhs = clone(*from.rhs);
      out->return_bool = from.return_bool;
      out->matching = from.matching;
      return out;
    }
    case ExprKind::Aggregate: {
      const auto& from = as<AggregateExpr>(expr);
      auto out = std::make_unique<AggregateExpr>();
      out->op = from.op;
      out->expr = clone(*from.expr);
      if (from.param) out->param = clone(*from.param);
      out->grouping = from.grouping;
      out->without = from.without;
      out->grouped = from.grouped;
      return out;
    }
    default: {
      const auto& from = as<CallExpr>(expr);
      auto out = std::make_unique<CallExpr>();
      out->function = from.function;
      for (const ExprPtr& arg : from.args) out->args.push_back(clone(*arg));
      return out;
    }
  }
}

ExprPtr clone_node(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Number: {
      auto out = std::make_unique<NumberLiteral>();
      out->value = as<NumberLiteral>(expr).value;
      out->written_as_duration = as<NumberLiteral>(expr).written_as_duration;
      return out;
    }
    case ExprKind::String: {
      auto out = std::make_unique<StringLiteral>();
      out->value = as<StringLiteral>(expr).value;
      return out;
    }
    case ExprKind::VectorSelector:
      return clone_selector(as<VectorSelector>(expr));
    case ExprKind::MatrixSelector: {
      const auto& from = as<MatrixSelector>(expr);
      auto out = std::make_unique<MatrixSelector>();
      out->vector = clone_selector(*from.vector);
      out->range_ms = from.range_ms;
      out->range_expr = clone_duration(from.range_expr);
      return out;
    }
    case ExprKind::Subquery: {
      const auto& from = as<SubqueryExpr>(expr);
      auto out = std::make_unique<SubqueryExpr>();
      out->expr = clone(*from.expr);
      out->range_ms = from.range_ms;
      out->step_ms = from.step_ms;
      out->range_expr = clone_duration(from.range_expr);
      out->step_expr = clone_duration(from.step_expr);
      out->time = clone_time(from.time);
      return out;
    }
    default:
      return clone_operator(expr);
  }
}

}  // namespace

ExprPtr clone(const Expr& expr) {
  ExprPtr out = clone_node(expr);
  out->position = expr.position;
  return out;
}

}  // namespace kansoku::query::promql
