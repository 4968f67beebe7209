// Tokens of PromQL, made on demand. Thread contract: confined to one parse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/promql/ast.h"

namespace kansoku::query::promql {

enum class TokenKind : uint8_t {
  End,
  Identifier,
  MetricIdentifier,
  Number,
  Duration,
  String,
  LeftParen,
  RightParen,
  LeftBrace,
  RightBrace,
  LeftBracket,
  RightBracket,
  Comma,
  Colon,
  At,
  Assign,
  Operator,
  NotRegex,
  EqualRegex,
};

struct Token {
  TokenKind kind = TokenKind::End;
  PositionRange position;
  std::string_view text;
  // For people: `identifier "foo"`, `<by>`, `"("`.
  std::string describe() const;
};

// Where it went wrong, and what; the caller adds line and column.
struct SyntaxError {
  PositionRange position;
  std::string message;
};

enum class LexMode : uint8_t {
  Expression,
  Braces,   // label names: no colons
  Bracket,  // durations: `:` separates
};

// The token that begins at or after `at`.
std::expected<Token, SyntaxError> lex(std::string_view text, size_t at, LexMode mode);

// Reserved words are compared without case.
std::string lower_case(std::string_view text);
// True for words of the grammar (aggregations, operators, modifiers); they may still be metric
// names.
bool is_reserved_word(std::string_view lower_case_text);

// "1h30m" in milliseconds. The units are y, w, d, h, m, s, ms, in falling order, each at most once.
Result<int64_t> parse_duration_ms(std::string_view text);
// 1, 1e3, 0x1f, 1_000, Inf, NaN.
Result<double> parse_number(std::string_view text);
// The bytes that a quoted string stands for: Go escapes in "" and '', none in ``.
Result<std::string> unquote(std::string_view literal);
// "1h30m" again.
std::string format_duration_ms(int64_t ms);
// Go's strconv 'f' format with the fewest digits that read back as the same value.
std::string format_number(double value);

}  // namespace kansoku::query::promql
