// Arithmetic of durations in brackets and behind `offset`.
#include "query/promql/parse_state.h"

namespace kansoku::query::promql {
namespace {

using DurationPtr = std::unique_ptr<DurationExpr>;

struct DurationOpRow {
  std::string_view text;
  DurationExpr::Kind kind;
  int precedence;
};
constexpr std::array<DurationOpRow, 6> kDurationOps{{{"+", DurationExpr::Kind::Add, 1},
                                                     {"-", DurationExpr::Kind::Sub, 1},
                                                     {"*", DurationExpr::Kind::Mul, 2},
                                                     {"/", DurationExpr::Kind::Div, 2},
                                                     {"%", DurationExpr::Kind::Mod, 2},
                                                     {"^", DurationExpr::Kind::Pow, 4}}};
constexpr int kDurationUnaryOperand = 4;

DurationPtr duration_node(DurationExpr::Kind kind, PositionRange position) {
  auto node = std::make_unique<DurationExpr>();
  node->kind = kind;
  node->position = position;
  return node;
}

}  // namespace

Parsed<DurationPtr> Parser::duration(int precedence_min, LexMode mode) {
  const DepthGuard guard(depth_);
  if (depth_ > kDepthMax) return too_deep();
  PROMQL_TRY(DurationPtr left, duration_unary(mode));
  for (;;) {
    if (height_ > kDepthMax) return too_deep();
    const DurationOpRow* row = nullptr;
    for (const DurationOpRow& candidate : kDurationOps) {
      if (is_operator(candidate.text)) row = &candidate;
    }
    if (row == nullptr || row->precedence < precedence_min) return left;
    const int left_height = height_;
    PROMQL_CHECK(advance(mode));
    const bool right_associative = row->kind == DurationExpr::Kind::Pow;
    PROMQL_TRY(DurationPtr right, duration(row->precedence + (right_associative ? 0 : 1), mode));
    height_ = std::max(left_height, height_) + 1;
    DurationPtr node = duration_node(row->kind, {left->position.start, right->position.end});
    node->left = std::move(left);
    node->right = std::move(right);
    left = std::move(node);
  }
}

Parsed<DurationPtr> Parser::duration_unary(LexMode mode) {
  if (!is_operator("-") && !is_operator("+")) return duration_primary(mode);
  const bool negative = is_operator("-");
  const uint32_t start = token_.position.start;
  PROMQL_CHECK(advance(mode));
  // An offset takes one operand only: `offset -2 ^ 2` is the power of what was offset.
  PROMQL_TRY(DurationPtr operand, mode == LexMode::Bracket ? duration(kDurationUnaryOperand, mode)
                                                           : duration_primary(mode));
  if (!negative) return operand;
  ++height_;
  DurationPtr node = duration_node(DurationExpr::Kind::Negate, {start, operand->position.end});
  node->left = std::move(operand);
  return node;
}

Parsed<DurationPtr> Parser::duration_primary(LexMode mode) {
  const Token token = token_;
  height_ = 1;
  if (token.kind == TokenKind::Number || token.kind == TokenKind::Duration) {
    DurationPtr node = duration_node(DurationExpr::Kind::Number, token.position);
    node->written_as_duration = token.kind == TokenKind::Duration;
    node->seconds = node->written_as_duration
                        ? static_cast<double>(*parse_duration_ms(token.text)) / 1000
                        : parse_number(token.text).value_or(0);
    PROMQL_CHECK(advance(mode == LexMode::Bracket ? mode : LexMode::Expression));
    return node;
  }
  if (token.kind == TokenKind::LeftParen) {
    PROMQL_CHECK(advance(LexMode::Bracket));
    PROMQL_TRY(DurationPtr inner, duration(0, LexMode::Bracket));
    if (token_.kind != TokenKind::RightParen) return unexpected("duration expression", "\")\"");
    inner->parenthesised = true;
    PROMQL_CHECK(advance(mode));
    return inner;
  }
  if (token.kind == TokenKind::Identifier) return duration_call(mode);
  return unexpected(mode == LexMode::Bracket ? "subquery or range" : "offset",
                    "number, duration, step(), or range()");
}

Parsed<DurationPtr> Parser::duration_call(LexMode mode) {
  const Token name = token_;
  const std::string word = lower_ascii(name.text);
  struct Row {
    std::string_view word;
    DurationExpr::Kind kind;
    bool two;
  };
  constexpr std::array<Row, 6> kCalls{{{"step", DurationExpr::Kind::Step, false},
                                       {"range", DurationExpr::Kind::Range, false},
                                       {"start", DurationExpr::Kind::Start, false},
                                       {"end", DurationExpr::Kind::End, false},
                                       {"min_of", DurationExpr::Kind::MinOf, true},
                                       {"max_of", DurationExpr::Kind::MaxOf, true}}};
  const Row* row = nullptr;
  for (const Row& candidate : kCalls) {
    if (candidate.word == word) row = &candidate;
  }
  if (row == nullptr)
    return unexpected("duration expression", "number, duration, step(), or range()");
  PROMQL_CHECK(advance(LexMode::Bracket));
  PROMQL_CHECK(expect(TokenKind::LeftParen, "duration expression", "\"(\"", LexMode::Bracket));
  DurationPtr node = duration_node(row->kind, name.position);
  if (row->two) {
    PROMQL_TRY(node->left, duration(0, LexMode::Bracket));
    const int left_height = height_;
    PROMQL_CHECK(expect(TokenKind::Comma, "duration expression", "\",\"", LexMode::Bracket));
    PROMQL_TRY(node->right, duration(0, LexMode::Bracket));
    height_ = std::max(left_height, height_) + 1;
  }
  if (token_.kind != TokenKind::RightParen) return unexpected("duration expression", "\")\"");
  node->position.end = token_.position.end;
  PROMQL_CHECK(advance(mode));
  return node;
}

}  // namespace kansoku::query::promql
