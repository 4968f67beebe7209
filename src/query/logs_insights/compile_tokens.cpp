#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"

namespace kansoku::query::logs_insights {

void Compiler::fail(size_t begin, size_t end, std::string message) {
  if (shared_.problem) return;
  const size_t size = shared_.lexer.text().size();
  shared_.problem =
      Problem{std::min(begin, size), std::min(std::max(begin, end), size), std::move(message)};
}

void Compiler::unexpected(std::string_view wanted) {
  const Token& token = now();
  if (token.kind == TokenKind::End) {
    return fail_here(fmt::format("the query ends where {} is expected", wanted));
  }
  if (token.kind == TokenKind::Bad) return fail_here(token.text);
  fail_here(fmt::format("{} where {} is expected", quoted(token.text), wanted));
}

bool Compiler::at_sign(std::string_view sign) const {
  return !failed() && now().kind == TokenKind::Sign && now().text == sign;
}
bool Compiler::at_word(std::string_view word) const {
  return !failed() && now().kind == TokenKind::Word && equals_ignore_case(now().text, word);
}
bool Compiler::take_sign(std::string_view sign) {
  if (!at_sign(sign)) return false;
  shared_.lexer.next();
  return true;
}
bool Compiler::take_word(std::string_view word) {
  if (!at_word(word)) return false;
  shared_.lexer.next();
  return true;
}
void Compiler::expect_sign(std::string_view sign) {
  if (!take_sign(sign)) unexpected(sign);
}
void Compiler::expect_word(std::string_view word) {
  if (!take_word(word)) unexpected(word);
}

std::string Compiler::new_name(std::string_view wanted) {
  if (now().kind != TokenKind::Word && now().kind != TokenKind::Name) {
    unexpected(wanted);
    return {};
  }
  std::string out = now().text;
  shared_.lexer.next();
  return out;
}

std::string Compiler::text_literal(std::string_view wanted) {
  if (now().kind != TokenKind::Text) {
    unexpected(wanted);
    return {};
  }
  std::string out = now().text;
  shared_.lexer.next();
  return out;
}

uint64_t Compiler::whole_number(std::string_view wanted, uint64_t most) {
  const Token token = now();
  const bool whole = token.kind == TokenKind::Number &&
                     token.text.find_first_not_of("0123456789") == std::string::npos;
  if (!whole) {
    unexpected(wanted);
    return 0;
  }
  if (token.number > static_cast<double>(most)) {
    fail_here(fmt::format("{} where at most {} is allowed", token.text, most));
    return 0;
  }
  shared_.lexer.next();
  return static_cast<uint64_t>(token.number);
}

std::string_view Compiler::slice(size_t begin) const {
  return shared_.lexer.text().substr(begin, shared_.lexer.behind() - begin);
}

}  // namespace kansoku::query::logs_insights
