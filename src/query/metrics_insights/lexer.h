// Words and signs of a query. Private to query/metrics_insights.
#pragma once

#include "query/metrics_insights/metrics_insights.h"

namespace kansoku::query::metrics_insights {

enum class TokenKind : uint8_t { End, Word, Identifier, Text, Number, Sign };

struct Token {
  TokenKind kind = TokenKind::End;
  size_t position = 0;
  // Of a word as written, of quoted ones without quotes and escapes; of a sign the sign.
  std::string text;
};

// Text in 'single' quotes is a value, in "double" quotes a name; a backslash takes the next quote
// or backslash as it is.
std::expected<std::vector<Token>, Problem> lex(std::string_view text);

}  // namespace kansoku::query::metrics_insights
