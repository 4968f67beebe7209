// PromQL 3.x: text to syntax tree, with types checked, and back to text.
//
// Thread contract: free functions, free-threaded.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "query/promql/ast.h"

namespace kansoku::query::promql {

// Nested deeper than this is refused: the parser and the evaluator recurse.
inline constexpr int kDepthMax = 200;
inline constexpr size_t kQueryBytesMax = 1 << 20;

struct ParseError {
  PositionRange position;
  std::string message;
  // "1:5: parse error: unexpected ...", line and column counted from 1, in bytes.
  std::string to_string(std::string_view text) const;
};

std::expected<ExprPtr, ParseError> parse(std::string_view text);
// A selector alone, as `match[]` of the HTTP API takes it.
std::expected<std::vector<LabelMatcher>, ParseError> parse_selector(std::string_view text);

// "1:5" of a byte offset.
std::string line_and_column(std::string_view text, uint32_t at);

// One line, as Prometheus prints expressions.
std::string to_string(const Expr& expr);
std::string to_string(const DurationExpr& expr);
// Many lines where one would be longer than 100 characters (the API's format_query).
std::string pretty(const Expr& expr);
// A deep copy.
ExprPtr clone(const Expr& expr);

}  // namespace kansoku::query::promql
