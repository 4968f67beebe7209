#include "query/logs_insights/lexer.h"

#include <charconv>

namespace kansoku::query::logs_insights {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void Lexer::skip() {
  while (at_ < text_.size()) {
    if (text_[at_] == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (is_space(text_[at_])) {
      ++at_;
    } else {
      return;
    }
  }
}

void Lexer::next() {
  behind_ = token_.end;
  skip();
  const size_t begin = at_;
  token_ = read();
  token_.begin = begin;
  token_.end = at_;
}

Token Lexer::read() {
  if (at_ == text_.size()) return {};
  const char c = text_[at_];
  if (c == '"' || c == '\'' || c == '`') return quoted_text();
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
    return number();
  }
  Token out;
  const size_t begin = at_;
  if (is_word(c)) {
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    out.kind = TokenKind::Word;
  } else {
    out.kind = TokenKind::Sign;
    const std::string_view two = text_.substr(at_, 2);
    const bool pair = two == "!=" || two == "<=" || two == ">=" || two == "=~";
    at_ += pair ? 2 : 1;
    if (!pair && std::string_view("=<>()[]{},|+-*/%^.:").find(c) == std::string_view::npos) {
      out.kind = TokenKind::Bad;
      out.text = fmt::format("unexpected character {}", quoted(text_.substr(begin, 1)));
      return out;
    }
  }
  out.text = text_.substr(begin, at_ - begin);
  return out;
}

// A backslash takes the next quote or backslash as it is; others stay, for expressions in texts.
Token Lexer::quoted_text() {
  const char quote = text_[at_++];
  Token out;
  out.kind = quote == '`' ? TokenKind::Name : TokenKind::Text;
  while (at_ < text_.size() && text_[at_] != quote) {
    const bool escape = quote != '`' && text_[at_] == '\\' && at_ + 1 < text_.size() &&
                        (text_[at_ + 1] == quote || text_[at_ + 1] == '\\');
    if (escape) ++at_;
    out.text += text_[at_++];
  }
  if (at_ == text_.size()) return {.kind = TokenKind::Bad, .text = "quotes without an end"};
  ++at_;
  if (out.kind == TokenKind::Name && out.text.empty()) {
    return {.kind = TokenKind::Bad, .text = "an empty name"};
  }
  return out;
}

Token Lexer::number() {
  Token out;
  out.kind = TokenKind::Number;
  const size_t begin = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
    ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
  // An exponent, unless it is a word right behind ("5e" is a number and a word).
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    size_t end = at_ + 1;
    if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
    if (end < text_.size() && is_digit(text_[end])) {
      while (end < text_.size() && is_digit(text_[end])) ++end;
      at_ = end;
    }
  }
  out.text = text_.substr(begin, at_ - begin);
  const auto parsed =
      std::from_chars(out.text.data(), out.text.data() + out.text.size(), out.number);
  if (parsed.ec != std::errc()) return {.kind = TokenKind::Bad, .text = "a number out of range"};
  return out;
}

Token Lexer::take_regex() {
  Token out;
  out.begin = token_.begin;
  at_ = token_.begin + 1;
  while (at_ < text_.size() && text_[at_] != '/') {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      if (text_[at_ + 1] != '/') out.text += '\\';
      ++at_;
    }
    out.text += text_[at_++];
  }
  if (at_ == text_.size()) {
    out.kind = TokenKind::Bad;
    out.text = "an expression without its second /";
    out.end = at_;
    return out;
  }
  ++at_;
  out.kind = TokenKind::Text;
  out.end = at_;
  token_.end = at_;
  next();
  return out;
}

}  // namespace kansoku::query::logs_insights
