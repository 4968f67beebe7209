#include <charconv>

#include "base/text/ascii.h"
#include "query/log_filter/tree.h"

namespace kansoku::query::log_filter {
namespace {

using Failed = std::optional<Problem>;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Bytes of UTF-8 sequences count as letters.
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || (!is_digit(text.back()) && text.back() != '.')) return std::nullopt;
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) {
    return std::nullopt;
  }
  return out;
}

// The position of the first character that expressions of filter patterns do not have, or npos
// (user guide, "Supported regex syntax").
size_t foreign_character(std::string_view regex) {
  constexpr std::string_view kSigns = " :_#=@/;,-^$?[]{}|\\*+.";
  for (size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '\\') {
      if (++i == regex.size()) return i - 1;
      const char c = regex[i];
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
      if (letter && std::string_view("dDwWsSx").find(c) == std::string_view::npos) return i - 1;
      continue;
    }
    if (!is_word(regex[i]) && kSigns.find(regex[i]) == std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

class Parser {
 public:
  Parser(std::string_view text, Pattern::Tree& out) : text_(text), out_(out) {}

  Failed run() {
    if (text_.size() > kPatternBytesMax) {
      return Problem{kPatternBytesMax,
                     fmt::format("pattern of {} bytes, limit {}", text_.size(), kPatternBytesMax)};
    }
    skip_blanks();
    if (at_ == text_.size()) return std::nullopt;
    if (text_[at_] == '{') return json();
    if (text_[at_] == '[') return fields();
    return terms();
  }

 private:
  Problem here(std::string message) const { return {at_, std::move(message)}; }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool at(std::string_view sign) const { return text_.substr(at_).starts_with(sign); }
  bool take(std::string_view sign) {
    skip_blanks();
    if (!at(sign)) return false;
    at_ += sign.size();
    return true;
  }
  // A word of the language: capitals as documented, any case taken.
  bool take_word(std::string_view word) {
    skip_blanks();
    const std::string_view rest = text_.substr(at_);
    if (rest.size() < word.size() || !equals_ignore_case(rest.substr(0, word.size()), word)) {
      return false;
    }
    if (rest.size() > word.size() && is_word(rest[word.size()])) return false;
    at_ += word.size();
    return true;
  }

  Failed quoted_text(std::string& out) {
    const size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() &&
                          (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      if (escape) ++at_;
      out += text_[at_++];
    }
    if (at_ == text_.size()) return Problem{begin, "text in quotes without an end"};
    ++at_;
    return std::nullopt;
  }

  Failed regex(std::shared_ptr<const store::Regex>& out, std::string& expression) {
    const size_t begin = at_++;
    const size_t end = text_.find('%', at_);
    if (end == std::string_view::npos) return Problem{begin, "expression in % without an end"};
    expression = text_.substr(at_, end - at_);
    if (expression.empty()) return Problem{begin, "empty expression"};
    if (const size_t foreign = foreign_character(expression); foreign != std::string::npos) {
      return Problem{at_ + foreign, fmt::format("{} is not supported in an expression",
                                                quoted(expression.substr(foreign, 1)))};
    }
    auto compiled = store::Regex::compile_search(expression);
    if (!compiled) return Problem{begin, compiled.error().message};
    if (++out_.regexes > kRegexesMax) {
      return Problem{begin, fmt::format("more than {} expressions", kRegexesMax)};
    }
    out = std::make_shared<const store::Regex>(std::move(*compiled));
    at_ = end + 1;
    return std::nullopt;
  }

  Failed term() {
    Term term;
    if (text_[at_] == '?') {
      term.kind = Term::Kind::Optional;
      ++at_;
    } else if (text_[at_] == '-') {
      term.kind = Term::Kind::Excluded;
      ++at_;
    }
    skip_blanks();
    if (at_ == text_.size()) return here("the pattern ends where a term is expected");
    const size_t begin = at_;
    if (text_[at_] == '"') {
      if (Failed wrong = quoted_text(term.text)) return wrong;
    } else if (text_[at_] == '%') {
      if (Failed wrong = regex(term.regex, term.regex_text)) return wrong;
    } else {
      while (at_ < text_.size() && is_word(text_[at_])) term.text += text_[at_++];
      if (at_ < text_.size() && !is_blank(text_[at_])) {
        const size_t end = std::min(text_.find_first_of(" \t\r\n", begin), text_.size());
        return here(
            fmt::format("invalid character in term {}; a term with other than letters, "
                        "digits and _ stands in double quotes",
                        quoted(text_.substr(begin, end - begin))));
      }
    }
    if (!term.regex && term.text.empty()) return Problem{begin, "empty term"};
    out_.terms.push_back(std::move(term));
    return std::nullopt;
  }

  Failed terms() {
    out_.shape = Shape::Terms;
    while (at_ < text_.size()) {
      if (Failed wrong = term()) return wrong;
      if (at_ < text_.size() && !is_blank(text_[at_])) return here("a blank is expected");
      skip_blanks();
    }
    const Term& only = out_.terms[0];
    const bool blank =
        !only.regex && only.kind == Term::Kind::Required && trimmed(only.text, kBlanks).empty();
    if (out_.terms.size() == 1 && blank) out_.shape = Shape::Everything;
    return std::nullopt;
  }

  Failed operand(Operand& out, std::string_view ends) {
    skip_blanks();
    if (at_ == text_.size()) return here("the pattern ends where a value is expected");
    std::string expression;
    if (text_[at_] == '%') return regex(out.regex, expression);
    if (text_[at_] == '"') {
      if (Failed wrong = quoted_text(out.text)) return wrong;
    } else {
      const size_t begin = at_;
      while (at_ < text_.size() && !is_blank(text_[at_]) && !at("&&") && !at("||") &&
             ends.find(text_[at_]) == std::string_view::npos) {
        out.text += text_[at_++];
      }
      if (at_ == begin) return here("a value is expected");
      out.number = number_of(out.text);
    }
    out.wildcard = out.text.find('*') != std::string::npos;
    return std::nullopt;
  }

  Failed comparison(Condition& out, std::string_view ends) {
    struct Row {
      std::string_view sign;
      Op op;
    };
    constexpr std::array<Row, 6> kOperators{{{"!=", Op::NotEqual},
                                             {"<=", Op::LessOrEqual},
                                             {">=", Op::GreaterOrEqual},
                                             {"=", Op::Equal},
                                             {"<", Op::Less},
                                             {">", Op::Greater}}};
    const auto row = std::ranges::find_if(kOperators, [&](const Row& one) { return at(one.sign); });
    if (row == kOperators.end()) return here("one of = != < <= > >= is expected");
    at_ += row->sign.size();
    out.op = row->op;
    skip_blanks();
    const size_t begin = at_;
    if (Failed wrong = operand(out.operand, ends)) return wrong;
    const bool numbers = out.op != Op::Equal && out.op != Op::NotEqual;
    if (numbers && !out.operand.number) {
      return Problem{begin, fmt::format("{} compares with a number", row->sign)};
    }
    return std::nullopt;
  }

  Failed json_comparison(Condition& out) {
    skip_blanks();
    const size_t begin = at_;
    auto steps = parse_selector(text_, at_);
    if (!steps) return std::move(steps).error();
    out.steps = std::move(*steps);
    out.selector = text_.substr(begin, at_ - begin);
    if (take_word("IS")) {
      if (take_word("NULL")) {
        out.op = Op::IsNull;
      } else if (take_word("TRUE")) {
        out.op = Op::IsTrue;
      } else if (take_word("FALSE")) {
        out.op = Op::IsFalse;
      } else {
        return here("NULL, TRUE or FALSE is expected");
      }
      return std::nullopt;
    }
    if (take_word("NOT")) {
      if (!take_word("EXISTS")) return here("EXISTS is expected");
      out.op = Op::NotExists;
      return std::nullopt;
    }
    skip_blanks();
    return comparison(out, ")}");
  }

  Failed field_comparison(Condition& out) {
    skip_blanks();
    const size_t begin = at_;
    if (at("$")) ++at_;
    const size_t name_begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ == name_begin) return here("the name of a field is expected");
    const std::string name(text_.substr(name_begin, at_ - name_begin));
    const auto known = std::ranges::find(out_.names, name);
    out.field = static_cast<size_t>(known - out_.names.begin());
    const bool fresh = known == out_.names.end();
    if (fresh) out_.names.push_back(name);
    skip_blanks();
    const bool bare = at_ == text_.size() || text_[at_] == ',' || text_[at_] == ']' ||
                      text_[at_] == ')' || at("&&") || at("||");
    if (!bare) return comparison(out, ",])");
    if (!fresh) return Problem{begin, fmt::format("the field {} is there already", name)};
    out.kind = Condition::Kind::And;  // of nothing: it holds
    return std::nullopt;
  }

  Failed primary(Condition& out, size_t depth) {
    if (depth > kDepthMax) return here(fmt::format("deeper than {} levels", kDepthMax));
    if (!take("(")) {
      return out_.shape == Shape::Json ? json_comparison(out) : field_comparison(out);
    }
    if (Failed wrong = either(out, depth + 1)) return wrong;
    if (!take(")")) return here(") is expected");
    return std::nullopt;
  }
  Failed both(Condition& out, size_t depth) {
    return joined(out, "&&", Condition::Kind::And,
                  [&](Condition& child) { return primary(child, depth); });
  }
  Failed either(Condition& out, size_t depth) {
    return joined(out, "||", Condition::Kind::Or,
                  [&](Condition& child) { return both(child, depth); });
  }
  template <class Part>
  Failed joined(Condition& out, std::string_view sign, Condition::Kind kind, Part part) {
    if (Failed wrong = part(out)) return wrong;
    if (!take(sign)) return std::nullopt;
    Condition whole;
    whole.kind = kind;
    whole.children.push_back(std::move(out));
    do {
      if (Failed wrong = part(whole.children.emplace_back())) return wrong;
    } while (take(sign));
    out = std::move(whole);
    return std::nullopt;
  }

  Failed behind() {
    skip_blanks();
    if (at_ < text_.size()) return here("the pattern ends before this");
    return std::nullopt;
  }

  Failed json() {
    out_.shape = Shape::Json;
    ++at_;
    out_.condition.emplace();
    if (Failed wrong = either(*out_.condition, 0)) return wrong;
    if (!take("}")) return here("} is expected");
    return behind();
  }

  Failed field(Condition& all) {
    skip_blanks();
    if (at("...")) {
      if (out_.ellipses.size() == 2) return here("more than two ellipses");
      if (!out_.ellipses.empty() && out_.ellipses.back() == out_.names.size()) {
        return here("one ellipsis behind another");
      }
      at_ += 3;
      out_.ellipses.push_back(out_.names.size());
      return std::nullopt;
    }
    if (at(",") || at("]")) {  // a field without a name
      out_.names.emplace_back();
      return std::nullopt;
    }
    Condition condition;
    if (Failed wrong = either(condition, 0)) return wrong;
    const bool holds = condition.kind == Condition::Kind::And && condition.children.empty();
    if (!holds) all.children.push_back(std::move(condition));
    return std::nullopt;
  }

  Failed fields() {
    out_.shape = Shape::Fields;
    ++at_;
    if (take("]")) {  // asks for nothing
      out_.shape = Shape::Everything;
      return behind();
    }
    Condition all;
    all.kind = Condition::Kind::And;
    do {
      if (Failed wrong = field(all)) return wrong;
    } while (take(","));
    if (!take("]")) return here("a comma or ] is expected");
    if (!all.children.empty()) out_.condition = std::move(all);
    return behind();
  }

  std::string_view text_;
  Pattern::Tree& out_;
  size_t at_ = 0;
};

std::unexpected<Problem> problem(size_t position, std::string message) {
  return std::unexpected(Problem{position, std::move(message)});
}

// What stands in brackets: a number, *, or a name in quotes.
std::expected<Selector::Step, Problem> bracket_step(std::string_view text, size_t& at) {
  const size_t begin = at++;
  Selector::Step out;
  if (at < text.size() && (text[at] == '\'' || text[at] == '"')) {
    const char quote = text[at];
    const size_t end = text.find(quote, at + 1);
    if (end == std::string_view::npos) return problem(at, "a name in quotes without an end");
    out.name = text.substr(at + 1, end - at - 1);
    at = end + 1;
  } else if (text.substr(at).starts_with('*')) {
    out.kind = Selector::Step::Kind::AnyItem;
    ++at;
  } else {
    out.kind = Selector::Step::Kind::Item;
    const auto [end, error] =
        std::from_chars(text.data() + at, text.data() + text.size(), out.item);
    if (error != std::errc()) return problem(at, "a number, * or a name in quotes is expected");
    at = static_cast<size_t>(end - text.data());
  }
  if (at == text.size() || text[at] != ']') return problem(begin, "[ without ]");
  ++at;
  return out;
}

}  // namespace

std::expected<Steps, Problem> parse_selector(std::string_view text, size_t& position) {
  if (position == text.size() || text[position] != '$') {
    return problem(position, "a selector that begins with $ is expected");
  }
  ++position;
  Steps out;
  while (position < text.size() && (text[position] == '.' || text[position] == '[')) {
    const bool dot = text[position] == '.';
    if (dot) ++position;
    if (position < text.size() && text[position] == '[') {
      auto step = bracket_step(text, position);
      if (!step) return std::unexpected(std::move(step).error());
      out.push_back(std::move(*step));
      continue;
    }
    const size_t begin = position;
    const auto in_name = [](char c) { return is_word(c) || c == '-' || c == '@' || c == ':'; };
    while (position < text.size() && in_name(text[position])) ++position;
    if (position == begin) return problem(position, "the name of a member is expected");
    out.push_back({.name = std::string(text.substr(begin, position - begin))});
  }
  if (out.empty()) return problem(position, "a member is expected behind $");
  return out;
}

std::expected<Pattern, Problem> Pattern::parse(std::string_view text) {
  auto tree = std::make_shared<Tree>();
  if (Failed wrong = Parser(text, *tree).run()) return std::unexpected(std::move(*wrong));
  return Pattern(std::move(tree));
}

}  // namespace kansoku::query::log_filter
