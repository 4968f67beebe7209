// Words and signs of a query, one ahead of the parser: what '/' begins depends on where it stands.
// Private to query/logs_insights.
#pragma once

#include "query/logs_insights/logs_insights.h"

namespace kansoku::query::logs_insights {

enum class TokenKind : uint8_t { End, Word, Name, Text, Number, Sign, Bad };

struct Token {
  TokenKind kind = TokenKind::End;
  size_t begin = 0;
  size_t end = 0;
  // Of a word as written, of `names` and 'texts' without quotes and escapes, of Bad what is wrong.
  std::string text;
  double number = 0;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { next(); }
  const Token& now() const { return token_; }
  void next();
  // From the sign '/' that is now to the next one that has no '\' before it; Bad without one.
  Token take_regex();
  std::string_view text() const { return text_; }
  // Where the token before ended.
  size_t behind() const { return behind_; }
  // The character right behind the token that is now.
  char following() const { return token_.end < text_.size() ? text_[token_.end] : '\0'; }

 private:
  void skip();
  Token read();
  Token quoted_text();
  Token number();
  std::string_view text_;
  size_t at_ = 0;
  size_t behind_ = 0;
  Token token_;
};

}  // namespace kansoku::query::logs_insights
