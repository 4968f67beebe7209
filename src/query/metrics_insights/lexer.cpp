#include "query/metrics_insights/lexer.h"

namespace kansoku::query::metrics_insights {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::expected<std::vector<Token>, Problem> run() {
    std::vector<Token> out;
    while (true) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ == text_.size()) break;
      auto token = next();
      if (!token) return std::unexpected(std::move(token).error());
      out.push_back(std::move(*token));
    }
    out.push_back({TokenKind::End, text_.size(), {}});
    return out;
  }

 private:
  std::expected<Token, Problem> next() {
    size_t begin = at_;
    char c = text_[at_];
    if (c == '\'' || c == '"') return quoted_token();
    if (is_word(c)) {
      bool digits = true;
      while (at_ < text_.size() && is_word(text_[at_])) digits = is_digit(text_[at_++]) && digits;
      return Token{digits ? TokenKind::Number : TokenKind::Word, begin,
                   std::string(text_.substr(begin, at_ - begin))};
    }
    if (text_.substr(at_).starts_with("!=")) {
      at_ += 2;
      return Token{TokenKind::Sign, begin, "!="};
    }
    constexpr std::string_view kSigns = "(),=.;";
    if (kSigns.find(c) != std::string_view::npos) {
      ++at_;
      return Token{TokenKind::Sign, begin, std::string(1, c)};
    }
    return std::unexpected(
        Problem{begin, fmt::format("unexpected {}", quoted(text_.substr(begin, 1)))});
  }

  std::expected<Token, Problem> quoted_token() {
    size_t begin = at_;
    char quote = text_[at_++];
    Token out{quote == '"' ? TokenKind::Identifier : TokenKind::Text, begin, {}};
    while (at_ < text_.size() && text_[at_] != quote) {
      bool escapes = text_[at_] == '\\' && at_ + 1 < text_.size() &&
                     (text_[at_ + 1] == '"' || text_[at_ + 1] == '\'' || text_[at_ + 1] == '\\');
      if (escapes) ++at_;
      out.text += text_[at_++];
    }
    if (at_ == text_.size()) return std::unexpected(Problem{begin, "a quote is not closed"});
    ++at_;
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::expected<std::vector<Token>, Problem> lex(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return std::unexpected(
        Problem{0, fmt::format("query of {} characters, limit {}", text.size(), kQueryBytesMax)});
  }
  return Lexer(text).run();
}

}  // namespace kansoku::query::metrics_insights
