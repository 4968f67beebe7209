#include "query/promql/prepare.h"

#include <algorithm>
#include <cmath>

#include "query/promql/functions.h"

namespace kansoku::query::promql {
namespace {

double seconds_of(const DurationExpr& expr, const QueryRange& range) {
  using Kind = DurationExpr::Kind;
  const auto left = [&] { return seconds_of(*expr.left, range); };
  const auto right = [&] { return seconds_of(*expr.right, range); };
  switch (expr.kind) {
    case Kind::Number:
      return expr.seconds;
    case Kind::Step:
      return static_cast<double>(range.step_ms) / 1000;
    case Kind::Range:
      return static_cast<double>(range.end_ms - range.start_ms) / 1000;
    case Kind::Start:
      return static_cast<double>(range.start_ms) / 1000;
    case Kind::End:
      return static_cast<double>(range.end_ms) / 1000;
    case Kind::Negate:
      return -left();
    case Kind::Add:
      return left() + right();
    case Kind::Sub:
      return left() - right();
    case Kind::Mul:
      return left() * right();
    case Kind::Div:
      return left() / right();
    case Kind::Mod:
      return std::fmod(left(), right());
    case Kind::Pow:
      return std::pow(left(), right());
    case Kind::MinOf:
      return std::min(left(), right());
    case Kind::MaxOf:
      return std::max(left(), right());
  }
  return 0;
}

Status set_ms(const std::unique_ptr<DurationExpr>& expr, const QueryRange& range, bool positive,
              int64_t& ms) {
  if (!expr) return {};
  const double seconds = seconds_of(*expr, range);
  // 285 years, what Go's time.Duration holds.
  if (!(std::abs(seconds) < 9.0e9))
    return invalid_argument("duration is out of range: {}s", seconds);
  if (positive && seconds <= 0) return invalid_argument("duration must be greater than 0");
  ms = std::llround(seconds * 1000);
  if (positive && ms <= 0) return invalid_argument("duration must be greater than 0");
  return {};
}

enum class HistogramUse : uint8_t { Whole, Totals };

// Walks the tree; `use` is what the nearest function above needs of histograms.
Status visit(Expr& expr, const QueryRange& range, HistogramUse use) {
  switch (expr.kind) {
    case ExprKind::Number:
    case ExprKind::String:
      return {};
    case ExprKind::VectorSelector: {
      auto& selector = as<VectorSelector>(expr);
      selector.detect_resets = use == HistogramUse::Totals;
      return set_ms(selector.time.offset_expr, range, false, selector.time.offset_ms);
    }
    case ExprKind::MatrixSelector: {
      auto& matrix = as<MatrixSelector>(expr);
      KANSOKU_RETURN_IF_ERROR(set_ms(matrix.range_expr, range, true, matrix.range_ms));
      return visit(*matrix.vector, range, use);
    }
    case ExprKind::Subquery: {
      auto& subquery = as<SubqueryExpr>(expr);
      KANSOKU_RETURN_IF_ERROR(set_ms(subquery.range_expr, range, true, subquery.range_ms));
      KANSOKU_RETURN_IF_ERROR(set_ms(subquery.step_expr, range, true, subquery.step_ms));
      KANSOKU_RETURN_IF_ERROR(
          set_ms(subquery.time.offset_expr, range, false, subquery.time.offset_ms));
      // Steps may repeat a sample, so a reset must not be marked on it.
      return visit(*subquery.expr, range, HistogramUse::Whole);
    }
    case ExprKind::Paren:
      return visit(*as<ParenExpr>(expr).expr, range, use);
    case ExprKind::Unary:
      return visit(*as<UnaryExpr>(expr).expr, range, use);
    case ExprKind::Binary: {
      auto& binary = as<BinaryExpr>(expr);
      const bool trims = binary.op == BinaryOp::TrimUpper || binary.op == BinaryOp::TrimLower;
      const HistogramUse below = trims ? HistogramUse::Whole : use;
      KANSOKU_RETURN_IF_ERROR(visit(*binary.lhs, range, below));
      return visit(*binary.rhs, range, below);
    }
    case ExprKind::Aggregate: {
      auto& aggregate = as<AggregateExpr>(expr);
      if (aggregate.param)
        KANSOKU_RETURN_IF_ERROR(visit(*aggregate.param, range, HistogramUse::Whole));
      return visit(*aggregate.expr, range, use);
    }
    case ExprKind::Call: {
      auto& call = as<CallExpr>(expr);
      const std::string_view name = call.function->name;
      if (name == "histogram_count" || name == "histogram_sum" || name == "histogram_avg") {
        use = HistogramUse::Totals;
      } else if (name.starts_with("histogram_")) {
        use = HistogramUse::Whole;
      }
      for (ExprPtr& arg : call.args) KANSOKU_RETURN_IF_ERROR(visit(*arg, range, use));
      return {};
    }
  }
  return {};
}

// Functions whose value depends on the evaluation time although their arguments do not.
bool uses_evaluation_time(const CallExpr& call) {
  const std::string_view name = call.function->name;
  constexpr std::array<std::string_view, 12> kNames{
      "time",        "timestamp",   "predict_linear", "day_of_month",
      "day_of_week", "day_of_year", "days_in_month",  "hour",
      "minute",      "month",       "year",           "start_timestamp"};
  return std::ranges::find(kNames, name) != kNames.end();
}

bool fixed(const TimeModifiers& time) { return time.at != TimeModifiers::At::None; }

}  // namespace

Status prepare(Expr& expr, QueryRange range) { return visit(expr, range, HistogramUse::Whole); }

bool is_step_invariant(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Number:
    case ExprKind::String:
      return true;
    case ExprKind::VectorSelector:
      return fixed(as<VectorSelector>(expr).time);
    case ExprKind::MatrixSelector:
      return fixed(as<MatrixSelector>(expr).vector->time);
    case ExprKind::Subquery:
      return fixed(as<SubqueryExpr>(expr).time);
    case ExprKind::Paren:
      return is_step_invariant(*as<ParenExpr>(expr).expr);
    case ExprKind::Unary:
      return is_step_invariant(*as<UnaryExpr>(expr).expr);
    case ExprKind::Binary:
      return is_step_invariant(*as<BinaryExpr>(expr).lhs) &&
             is_step_invariant(*as<BinaryExpr>(expr).rhs);
    case ExprKind::Aggregate: {
      const auto& aggregate = as<AggregateExpr>(expr);
      return is_step_invariant(*aggregate.expr) &&
             (!aggregate.param || is_step_invariant(*aggregate.param));
    }
    case ExprKind::Call: {
      const auto& call = as<CallExpr>(expr);
      if (uses_evaluation_time(call)) return false;
      // The data selector of info() is no series of its own.
      const bool info = call.function->special == SpecialFunction::Info;
      for (size_t i = 0; i < call.args.size(); ++i) {
        if (info && i == 1) continue;
        if (!is_step_invariant(*call.args[i])) return false;
      }
      return true;
    }
  }
  return false;
}

}  // namespace kansoku::query::promql
