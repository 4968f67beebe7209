// Selectors, their matchers and time modifiers, ranges and subqueries.
#include <algorithm>

#include "query/promql/label_set.h"
#include "query/promql/parse_state.h"
#include "query/promql/type_check.h"
#include "store/regex.h"

namespace kansoku::query::promql {

Parsed<std::unique_ptr<VectorSelector>> Parser::vector_selector() {
  auto selector = std::make_unique<VectorSelector>();
  selector->position = token_.position;
  if (is_name()) {
    selector->name = token_.text;
    selector->matchers.push_back({std::string(kMetricName), MatchType::Equal, selector->name});
    PROMQL_CHECK(advance());
  }
  if (token_.kind == TokenKind::LeftBrace) {
    PROMQL_CHECK(matchers(*selector));
  }
  selector->position.end = last_end_;
  const bool narrow = std::ranges::any_of(selector->matchers,
                                          [](const LabelMatcher& m) { return !matches_empty(m); });
  if (!narrow && !wide_selectors_) {
    return error_at(selector->position,
                    "vector selector must contain at least one non-empty matcher");
  }
  return selector;
}

Ok Parser::matchers(VectorSelector& selector) {
  PROMQL_CHECK(advance(LexMode::Braces));
  while (token_.kind != TokenKind::RightBrace) {
    bool is_metric_name = false;
    const PositionRange position = token_.position;
    PROMQL_TRY(LabelMatcher one, matcher(selector, is_metric_name));
    if (is_metric_name) {
      if (!selector.name.empty()) {
        return error_at(position, fmt::format("metric name must not be set twice: {} or {}",
                                              go_quoted(selector.name), go_quoted(one.value)));
      }
      selector.name = one.value;
    }
    selector.matchers.push_back(std::move(one));
    if (token_.kind == TokenKind::RightBrace) break;
    if (token_.kind != TokenKind::Comma) return unexpected("label matching", "\",\" or \"}\"");
    PROMQL_CHECK(advance(LexMode::Braces));
  }
  return advance();
}

Parsed<LabelMatcher> Parser::matcher(VectorSelector& selector, bool& is_metric_name) {
  LabelMatcher out;
  const Token name = token_;
  if (name.kind == TokenKind::String) {
    auto text = unquote(name.text);
    if (!text)
      return error_at(name.position,
                      fmt::format("error unquoting string {}: invalid syntax", name.text));
    out.name = std::move(*text);
  } else if (name.kind == TokenKind::Identifier) {
    out.name = name.text;
  } else {
    return unexpected("label matching", "identifier or \"}\"");
  }
  PROMQL_CHECK(advance(LexMode::Braces));
  const bool bare = token_.kind == TokenKind::Comma || token_.kind == TokenKind::RightBrace;
  if (name.kind == TokenKind::String && bare) {
    is_metric_name = true;
    return LabelMatcher{std::string(kMetricName), MatchType::Equal, std::move(out.name)};
  }
  if (!is_valid_label_name(out.name)) {
    return error_at(name.position, fmt::format("invalid label name {}", go_quoted(out.name)));
  }
  if (token_.kind == TokenKind::Assign) {
    out.type = MatchType::Equal;
  } else if (is_operator("!=")) {
    out.type = MatchType::NotEqual;
  } else if (token_.kind == TokenKind::EqualRegex) {
    out.type = MatchType::Regex;
  } else if (token_.kind == TokenKind::NotRegex) {
    out.type = MatchType::NotRegex;
  } else {
    return unexpected("label matching", "label matching operator");
  }
  PROMQL_CHECK(advance(LexMode::Braces));
  if (token_.kind != TokenKind::String) return unexpected("label matching", "string");
  auto value = unquote(token_.text);
  if (!value)
    return error_at(token_.position,
                    fmt::format("error unquoting string {}: invalid syntax", token_.text));
  out.value = std::move(*value);
  if (out.type == MatchType::Regex || out.type == MatchType::NotRegex) {
    if (auto regex = store::Regex::compile(out.value); !regex) {
      return error_at(token_.position,
                      fmt::format("error parsing regexp: {}", regex.error().message));
    }
  }
  if (out.name == kMetricName && out.type == MatchType::Equal && !selector.name.empty()) {
    return error_at(name.position, fmt::format("metric name must not be set twice: {} or {}",
                                               go_quoted(selector.name), go_quoted(out.value)));
  }
  PROMQL_CHECK(advance(LexMode::Braces));
  return out;
}

Parsed<ExprPtr> Parser::postfix(ExprPtr expr) {
  // foo[1m:][1m:]...: a tree as deep as the text is long. Durations are trees of their own.
  for (int height = height_;; ++height) {
    if (height > kDepthMax) return too_deep();
    height_ = height;
    if (token_.kind == TokenKind::LeftBracket) {
      PROMQL_TRY(ExprPtr ranged, range(std::move(expr)));
      expr = std::move(ranged);
    } else if (is_word("offset")) {
      PROMQL_CHECK(offset(*expr));
    } else if (token_.kind == TokenKind::At) {
      PROMQL_CHECK(at(*expr));
    } else if (is_word("anchored") || is_word("smoothed")) {
      PROMQL_CHECK(range_mode(*expr));
    } else {
      return expr;
    }
  }
}

namespace {

// A literal becomes milliseconds at once, anything else waits for prepare().
void set_duration(std::unique_ptr<DurationExpr> from, int64_t& ms,
                  std::unique_ptr<DurationExpr>& expr) {
  if (from->kind == DurationExpr::Kind::Number && !from->parenthesised) {
    ms = std::llround(from->seconds * 1000);
  } else {
    expr = std::move(from);
  }
}

// What Go's time.Duration holds, 285 years in seconds.
constexpr double kSecondsMax = 9.0e9;

Ok check_range(const DurationExpr& expr) {
  const bool literal = expr.kind == DurationExpr::Kind::Number;
  if (literal && expr.seconds > kSecondsMax) {
    return error_at(expr.position, "duration out of range");
  }
  return {};
}

// Times are milliseconds, so less than half of one is nothing.
Ok check_positive(const DurationExpr& expr) {
  const bool literal = expr.kind == DurationExpr::Kind::Number;
  if (literal && !(expr.seconds >= 0.0005)) {
    return error_at(expr.position, "duration must be greater than 0");
  }
  return check_range(expr);
}

}  // namespace

Parsed<ExprPtr> Parser::range(ExprPtr expr) {
  const PositionRange open = token_.position;
  PROMQL_CHECK(advance(LexMode::Bracket));
  PROMQL_TRY(std::unique_ptr<DurationExpr> length, duration(0, LexMode::Bracket));
  PROMQL_CHECK(check_positive(*length));
  const uint32_t start = expr->position.start;
  if (token_.kind == TokenKind::RightBracket) {
    const uint32_t end = token_.position.end;
    if (expr->kind != ExprKind::VectorSelector) {
      return error_at({open.start, end}, "ranges only allowed for vector selectors");
    }
    auto matrix = std::make_unique<MatrixSelector>();
    matrix->vector.reset(static_cast<VectorSelector*>(expr.release()));
    if (matrix->vector->time.has_offset) {
      return error_at({open.start, end}, "no offset modifiers allowed before range");
    }
    if (matrix->vector->time.at != TimeModifiers::At::None) {
      return error_at({open.start, end}, "no @ modifiers allowed before range");
    }
    set_duration(std::move(length), matrix->range_ms, matrix->range_expr);
    matrix->position = {start, end};
    PROMQL_CHECK(advance());
    return matrix;
  }
  if (token_.kind != TokenKind::Colon) return unexpected("subquery or range", "\":\" or \"]\"");
  PROMQL_CHECK(advance(LexMode::Bracket));
  auto subquery = std::make_unique<SubqueryExpr>();
  set_duration(std::move(length), subquery->range_ms, subquery->range_expr);
  if (token_.kind != TokenKind::RightBracket) {
    PROMQL_TRY(std::unique_ptr<DurationExpr> step, duration(0, LexMode::Bracket));
    PROMQL_CHECK(check_positive(*step));
    set_duration(std::move(step), subquery->step_ms, subquery->step_expr);
  }
  if (token_.kind != TokenKind::RightBracket) return unexpected("subquery selector", "\"]\"");
  if (expr->type() != ValueType::Vector) {
    return error_at(expr->position,
                    fmt::format("subquery is only allowed on instant vector, got {} instead",
                                value_type_word(expr->type())));
  }
  subquery->position = {start, token_.position.end};
  subquery->expr = std::move(expr);
  PROMQL_CHECK(advance());
  return subquery;
}

namespace {

// Where the time modifiers of an expression live, null when it takes none.
TimeModifiers* time_modifiers(Expr& expr) {
  if (expr.kind == ExprKind::VectorSelector) return &as<VectorSelector>(expr).time;
  if (expr.kind == ExprKind::MatrixSelector) return &as<MatrixSelector>(expr).vector->time;
  if (expr.kind == ExprKind::Subquery) return &as<SubqueryExpr>(expr).time;
  return nullptr;
}

}  // namespace

Ok Parser::offset(Expr& expr) {
  const PositionRange position = token_.position;
  TimeModifiers* time = time_modifiers(expr);
  if (time == nullptr) {
    return error_at(expr.position,
                    "offset modifier must be preceded by an instant vector selector or range "
                    "vector selector or a subquery");
  }
  if (time->has_offset) return error_at(position, "offset may not be set multiple times");
  PROMQL_CHECK(advance());
  PROMQL_TRY(std::unique_ptr<DurationExpr> by, duration_unary(LexMode::Expression));
  time->has_offset = true;
  int64_t sign = 1;
  while (by->kind == DurationExpr::Kind::Negate && !by->parenthesised &&
         by->left->kind == DurationExpr::Kind::Number && !by->left->parenthesised) {
    sign = -sign;
    by = std::move(by->left);
  }
  PROMQL_CHECK(check_range(*by));
  set_duration(std::move(by), time->offset_ms, time->offset_expr);
  time->offset_ms *= sign;
  expr.position.end = last_end_;
  return {};
}

Ok Parser::at(Expr& expr) {
  const PositionRange position = token_.position;
  TimeModifiers* time = time_modifiers(expr);
  if (time == nullptr) {
    return error_at(expr.position,
                    "@ modifier must be preceded by an instant vector selector or range vector "
                    "selector or a subquery");
  }
  if (time->at != TimeModifiers::At::None) {
    return error_at(position, "@ <timestamp> may not be set multiple times");
  }
  PROMQL_CHECK(advance());
  if ((is_word("start") || is_word("end")) && next_is(TokenKind::LeftParen)) {
    time->at = is_word("start") ? TimeModifiers::At::Start : TimeModifiers::At::End;
    PROMQL_CHECK(advance());
    PROMQL_CHECK(advance());
    PROMQL_CHECK(expect(TokenKind::RightParen, "@", "\")\""));
  } else {
    const PositionRange number_at = token_.position;
    PROMQL_TRY(const double seconds, signed_number("@"));
    // A timestamp must fit milliseconds in 64 bits.
    if (!(std::abs(seconds) < 9.2e15)) {
      return error_at(number_at,
                      fmt::format("timestamp out of bounds for @ modifier: {}", seconds));
    }
    time->at = TimeModifiers::At::Timestamp;
    time->at_ms = std::llround(seconds * 1000);
  }
  expr.position.end = last_end_;
  return {};
}

Ok Parser::range_mode(Expr& expr) {
  const bool anchored = is_word("anchored");
  VectorSelector* selector = nullptr;
  if (expr.kind == ExprKind::VectorSelector) selector = &as<VectorSelector>(expr);
  if (expr.kind == ExprKind::MatrixSelector) selector = as<MatrixSelector>(expr).vector.get();
  if (selector == nullptr) {
    return error_at(expr.position,
                    fmt::format("{} modifier not implemented", anchored ? "anchored" : "smoothed"));
  }
  if (anchored && expr.kind == ExprKind::VectorSelector) {
    return error_at(expr.position, "anchored modifier must be preceded by a range selector");
  }
  if (selector->mode != RangeMode::Plain) {
    return error_at(token_.position, "anchored and smoothed modifiers cannot be combined");
  }
  selector->mode = anchored ? RangeMode::Anchored : RangeMode::Smoothed;
  PROMQL_CHECK(advance());
  expr.position.end = last_end_;
  return {};
}

}  // namespace kansoku::query::promql
