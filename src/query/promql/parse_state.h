// The parser's inside: one object a text. parser.h is the door.
// Thread contract: confined to one parse.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/promql/functions.h"
#include "query/promql/lexer.h"
#include "query/promql/parser.h"

namespace kansoku::query::promql {

using Unexpected = std::unexpected<ParseError>;
template <class T>
using Parsed = std::expected<T, ParseError>;
using Ok = std::expected<void, ParseError>;

#define PROMQL_TRY(declaration, ...) \
  PROMQL_TRY_IMPL(KANSOKU_CONCAT(promql_try_, __LINE__), declaration, __VA_ARGS__)
#define PROMQL_TRY_IMPL(tmp, declaration, ...)              \
  auto tmp = (__VA_ARGS__);                                 \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  declaration = std::move(*tmp)
#define PROMQL_CHECK(...)                         \
  if (auto promql_ok = (__VA_ARGS__); !promql_ok) \
  return std::unexpected(std::move(promql_ok).error())

inline Unexpected error_at(PositionRange position, std::string message) {
  return std::unexpected(ParseError{position, std::move(message)});
}

// Unary minus binds as tight as multiplication, so its operand is what a power binds.
inline constexpr int kUnaryOperandPrecedence = 6;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed<ExprPtr> whole() {
    PROMQL_CHECK(advance());
    if (token_.kind == TokenKind::End)
      return error_at(token_.position, "no expression found in input");
    PROMQL_TRY(ExprPtr expr, expression(0));
    if (token_.kind != TokenKind::End) return unexpected("");
    return expr;
  }

  Parsed<std::vector<LabelMatcher>> selector_alone() {
    PROMQL_CHECK(advance());
    if (token_.kind != TokenKind::LeftBrace && !is_name()) return unexpected("metric selector");
    PROMQL_TRY(std::unique_ptr<VectorSelector> selector, vector_selector());
    if (token_.kind != TokenKind::End) return unexpected("metric selector");
    return std::move(selector->matchers);
  }

 private:
  // --- tokens ---
  Ok advance(LexMode mode = LexMode::Expression) {
    last_end_ = token_.position.end;
    auto next = lex(text_, token_.position.end, mode);
    if (!next) return error_at(next.error().position, next.error().message);
    token_ = *next;
    return {};
  }
  // The token again, read as another mode wants it.
  Ok relex(LexMode mode) {
    auto next = lex(text_, token_.position.start, mode);
    if (!next) return error_at(next.error().position, next.error().message);
    token_ = *next;
    return {};
  }
  Parsed<Token> peek(LexMode mode = LexMode::Expression) const {
    auto next = lex(text_, token_.position.end, mode);
    if (!next) return error_at(next.error().position, next.error().message);
    return *next;
  }
  bool next_is(TokenKind kind) const {
    auto next = peek();
    return next && next->kind == kind;
  }
  Unexpected too_deep() const {
    return error_at(token_.position, "expression is nested too deeply");
  }
  Unexpected unexpected(std::string_view context, std::string_view expected = {}) const {
    std::string message = "unexpected " + token_.describe();
    if (!context.empty()) message += fmt::format(" in {}", context);
    if (!expected.empty()) message += fmt::format(", expected {}", expected);
    return error_at(token_.position, std::move(message));
  }
  Ok expect(TokenKind kind, std::string_view context, std::string_view what,
            LexMode mode = LexMode::Expression) {
    if (token_.kind != kind) return unexpected(context, what);
    return advance(mode);
  }
  bool is_name() const {
    return token_.kind == TokenKind::Identifier || token_.kind == TokenKind::MetricIdentifier;
  }
  bool is_word(std::string_view word) const {
    return token_.kind == TokenKind::Identifier && lower_ascii(token_.text) == word;
  }
  bool is_operator(std::string_view text) const {
    return token_.kind == TokenKind::Operator && token_.text == text;
  }

  // --- expressions ---
  const BinaryOpRow* binary_operator() const;
  Parsed<ExprPtr> expression(int precedence_min);
  Parsed<ExprPtr> unary();
  Parsed<ExprPtr> primary();
  Parsed<ExprPtr> postfix(ExprPtr expr);
  Parsed<ExprPtr> name_expression();
  Parsed<ExprPtr> call(const FunctionRow& row);
  Parsed<ExprPtr> aggregate(const AggregateOpRow& row);
  Parsed<std::vector<ExprPtr>> arguments(std::string_view context, bool data_selectors = false);
  Parsed<std::vector<std::string>> label_list(std::string_view context);
  Ok binary_modifiers(BinaryExpr& binary);
  Ok fill_modifier(VectorMatching& matching);
  Parsed<double> signed_number(std::string_view context);

  // --- selectors ---
  Parsed<std::unique_ptr<VectorSelector>> vector_selector();
  Parsed<LabelMatcher> matcher(VectorSelector& selector, bool& is_metric_name);
  Ok matchers(VectorSelector& selector);
  Parsed<ExprPtr> range(ExprPtr expr);
  Ok offset(Expr& expr);
  Ok at(Expr& expr);
  Ok range_mode(Expr& expr);

  // --- durations ---
  Parsed<std::unique_ptr<DurationExpr>> duration(int precedence_min, LexMode mode);
  Parsed<std::unique_ptr<DurationExpr>> duration_unary(LexMode mode);
  Parsed<std::unique_ptr<DurationExpr>> duration_primary(LexMode mode);
  Parsed<std::unique_ptr<DurationExpr>> duration_call(LexMode mode);

  std::string_view text_;
  Token token_;
  uint32_t last_end_ = 0;
  int depth_ = 0;
  // Of the tree that was made last: whoever walks it recurses as deep.
  int height_ = 0;
  bool wide_selectors_ = false;
};

struct DepthGuard {
  explicit DepthGuard(int& d) : depth(d) { ++depth; }
  ~DepthGuard() { --depth; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  int& depth;
};

}  // namespace kansoku::query::promql
