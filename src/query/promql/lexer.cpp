#include "query/promql/lexer.h"

#include <algorithm>

#include "query/promql/label_set.h"

namespace kansoku::query::promql {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

struct SymbolRow {
  std::string_view text;
  TokenKind kind;
  std::string_view name;
};
// Longest first.
constexpr std::array<SymbolRow, 27> kSymbols{{{"==", TokenKind::Operator, "=="},
                                              {"=~", TokenKind::EqualRegex, "=~"},
                                              {"!=", TokenKind::Operator, "!="},
                                              {"!~", TokenKind::NotRegex, "!~"},
                                              {"<=", TokenKind::Operator, "<="},
                                              {">=", TokenKind::Operator, ">="},
                                              {"</", TokenKind::Operator, "</"},
                                              {">/", TokenKind::Operator, ">/"},
                                              {"(", TokenKind::LeftParen, "left parenthesis"},
                                              {")", TokenKind::RightParen, "right parenthesis"},
                                              {"{", TokenKind::LeftBrace, "left brace"},
                                              {"}", TokenKind::RightBrace, "right brace"},
                                              {"[", TokenKind::LeftBracket, "left bracket"},
                                              {"]", TokenKind::RightBracket, "right bracket"},
                                              {",", TokenKind::Comma, "comma"},
                                              {":", TokenKind::Colon, "colon"},
                                              {"@", TokenKind::At, "@"},
                                              {"=", TokenKind::Assign, "="},
                                              {"+", TokenKind::Operator, "+"},
                                              {"-", TokenKind::Operator, "-"},
                                              {"*", TokenKind::Operator, "*"},
                                              {"/", TokenKind::Operator, "/"},
                                              {"%", TokenKind::Operator, "%"},
                                              {"^", TokenKind::Operator, "^"},
                                              {"<", TokenKind::Operator, "<"},
                                              {">", TokenKind::Operator, ">"},
                                              {";", TokenKind::End, ";"}}};

constexpr std::array<std::string_view, 36> kReserved{
    "and",        "or",         "unless",       "atan2",    "sum",     "avg",
    "count",      "min",        "max",          "group",    "stddev",  "stdvar",
    "topk",       "bottomk",    "count_values", "quantile", "limitk",  "limit_ratio",
    "offset",     "smoothed",   "anchored",     "by",       "without", "on",
    "ignoring",   "group_left", "group_right",  "bool",     "fill",    "fill_left",
    "fill_right", "start",      "end",          "step",     "range",   "inf"};

std::unexpected<SyntaxError> syntax_error(size_t from, size_t to, std::string message) {
  return std::unexpected(
      SyntaxError{{static_cast<uint32_t>(from), static_cast<uint32_t>(to)}, std::move(message)});
}

Token token(std::string_view text, size_t from, size_t to, TokenKind kind) {
  return {
      kind, {static_cast<uint32_t>(from), static_cast<uint32_t>(to)}, text.substr(from, to - from)};
}

std::expected<Token, SyntaxError> lex_string(std::string_view text, size_t at) {
  const char quote = text[at];
  size_t end = at + 1;
  for (; end < text.size() && text[end] != quote; ++end) {
    if (quote == '`') continue;
    if (text[end] == '\n') break;
    if (text[end] == '\\') ++end;
  }
  if (end >= text.size() || text[end] != quote) {
    return syntax_error(at, std::min(end, text.size()),
                        quote == '`' ? "unterminated raw string" : "unterminated quoted string");
  }
  return token(text, at, end + 1, TokenKind::String);
}

// Skips digits and the underscores between them.
size_t skip_digits(std::string_view text, size_t at, bool (*digit)(char)) {
  while (at < text.size() &&
         (digit(text[at]) || (text[at] == '_' && at + 1 < text.size() && digit(text[at + 1])))) {
    ++at;
  }
  return at;
}

std::expected<Token, SyntaxError> lex_number(std::string_view text, size_t at) {
  size_t end = at;
  const bool hex =
      end + 1 < text.size() && text[end] == '0' && (text[end + 1] == 'x' || text[end + 1] == 'X');
  if (hex) {
    end = skip_digits(text, end + 2, is_hex);
  } else {
    end = skip_digits(text, end, is_digit);
    const bool fraction = end < text.size() && text[end] == '.';
    if (fraction) end = skip_digits(text, end + 1, is_digit);
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      size_t exponent = end + 1;
      if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
      if (exponent < text.size() && is_digit(text[exponent]))
        end = skip_digits(text, exponent, is_digit);
    }
    if (!fraction && end < text.size() && is_alpha(text[end])) {
      size_t unit = end;
      while (unit < text.size() && is_alnum(text[unit])) ++unit;
      if (parse_duration_ms(text.substr(at, unit - at)))
        return token(text, at, unit, TokenKind::Duration);
    }
  }
  if (end < text.size() && is_alnum(text[end])) {
    while (end < text.size() && is_alnum(text[end])) ++end;
    return syntax_error(
        at, end,
        fmt::format("bad number or duration syntax: {}", go_quoted(text.substr(at, end - at))));
  }
  return token(text, at, end, TokenKind::Number);
}

size_t skip_blank(std::string_view text, size_t at) {
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
    } else if (text[at] == '#') {
      while (at < text.size() && text[at] != '\n') ++at;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

std::expected<Token, SyntaxError> lex(std::string_view text, size_t at, LexMode mode) {
  at = skip_blank(text, at);
  if (at >= text.size()) return token(text, text.size(), text.size(), TokenKind::End);
  const char c = text[at];
  if (c == '"' || c == '\'' || c == '`') return lex_string(text, at);
  const bool point = c == '.' && at + 1 < text.size() && is_digit(text[at + 1]);
  if (is_digit(c) || point) return lex_number(text, at);
  const bool colons = mode == LexMode::Expression;
  if (is_alpha(c) || (colons && c == ':')) {
    size_t end = at;
    bool colon = false;
    while (end < text.size() && (is_alnum(text[end]) || (colons && text[end] == ':'))) {
      colon = colon || text[end] == ':';
      ++end;
    }
    if (colon && end == at + 1) return syntax_error(at, end, "unexpected character: ':'");
    return token(text, at, end, colon ? TokenKind::MetricIdentifier : TokenKind::Identifier);
  }
  for (const SymbolRow& row : kSymbols) {
    if (row.kind == TokenKind::End) continue;
    if (text.substr(at).starts_with(row.text)) {
      // {a<"b"}: no operator of that kind in a selector.
      if (mode == LexMode::Braces && (row.text[0] == '<' || row.text[0] == '>')) break;
      return token(text, at, at + row.text.size(), row.kind);
    }
  }
  size_t end = at + 1;
  while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) ++end;
  return syntax_error(
      at, end,
      fmt::format("unexpected character{}: '{}'", mode == LexMode::Braces ? " inside braces" : "",
                  text.substr(at, end - at)));
}

std::string Token::describe() const {
  switch (kind) {
    case TokenKind::End:
      return "end of input";
    case TokenKind::Identifier:
      return is_reserved_word(lower_case(text)) ? fmt::format("<{}>", lower_case(text))
                                                : fmt::format("identifier {}", go_quoted(text));
    case TokenKind::MetricIdentifier:
      return fmt::format("metric identifier {}", go_quoted(text));
    case TokenKind::Number:
      return fmt::format("number {}", go_quoted(text));
    case TokenKind::Duration:
      return fmt::format("duration {}", go_quoted(text));
    case TokenKind::String:
      return fmt::format("string {}", text);
    case TokenKind::Operator:
    case TokenKind::EqualRegex:
    case TokenKind::NotRegex:
    case TokenKind::Assign:
    case TokenKind::At:
      return fmt::format("<op:{}>", text);
    default:
      return fmt::format("{}", go_quoted(text));
  }
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_reserved_word(std::string_view lower_case_text) {
  return std::ranges::find(kReserved, lower_case_text) != kReserved.end();
}

}  // namespace kansoku::query::promql
