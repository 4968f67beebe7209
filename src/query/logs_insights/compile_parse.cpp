#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Slot;

std::vector<std::pair<std::string, size_t>> Compiler::names_behind_as() {
  std::vector<std::pair<std::string, size_t>> out;
  do {
    const size_t begin = now().begin;
    out.emplace_back(new_name("a name"), begin);
  } while (take_sign(","));
  return out;
}

void Compiler::command_parse(size_t) {
  rows::Extract stage;
  if (now().kind == TokenKind::Text || at_sign("/")) {
    stage.text = resolve(name_of(store::kMessagePath));
  } else {
    // No division: what stands behind may begin with '/'.
    const size_t begin = now().begin;
    Lexer ahead = shared_.lexer;
    ahead.next();
    const bool is_call = now().kind == TokenKind::Word && ahead.now().kind == TokenKind::Sign &&
                         ahead.now().text == "(";
    stage.text = is_call ? primary() : resolve(field_name());
    stage.text.position = begin;
  }
  if (failed()) return;
  if (at_sign("/")) {
    const Token regex = shared_.lexer.take_regex();
    if (regex.kind == TokenKind::Bad) return fail(regex.begin, regex.end, regex.text);
    return parse_regex(std::move(stage), regex);
  }
  const Token glob = now();
  if (glob.kind != TokenKind::Text) return unexpected("a text with * or a /regex/");
  shared_.lexer.next();
  parse_glob(std::move(stage), glob);
}

void Compiler::parse_glob(rows::Extract stage, const Token& glob) {
  size_t stars = 0;
  stage.glob.emplace_back();
  for (const char c : glob.text) {
    if (c == '*') {
      ++stars;
      stage.glob.emplace_back();
    } else {
      stage.glob.back() += c;
    }
  }
  if (stars == 0) return fail(glob.begin, glob.end, "a text without * gives no field");
  expect_word("as");
  if (failed()) return;
  const size_t names_begin = now().begin;
  const auto names = names_behind_as();
  if (failed()) return;
  if (names.size() != stars) {
    return fail(names_begin, shared_.lexer.behind(),
                fmt::format("{} names for {} *", names.size(), stars));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const Slot slot = new_slot();
    stage.groups.emplace_back(i + 1, slot);
    define(names[i].first, Expression::of_slot(slot));
  }
  plan_->stages.emplace_back(std::move(stage));
}

void Compiler::parse_regex(rows::Extract stage, const Token& regex) {
  // (?<name>...) is (?P<name>...) to RE2; (?<= and (?<! stay, and are refused by it.
  std::string text;
  std::vector<std::string> names;
  for (size_t i = 0; i < regex.text.size(); ++i) {
    const std::string_view rest = std::string_view(regex.text).substr(i);
    const bool escaped = rest[0] == '\\' && rest.size() > 1;
    const bool plain =
        rest.starts_with("(?<") && rest.size() > 3 && rest[3] != '=' && rest[3] != '!';
    if (plain || rest.starts_with("(?P<")) {
      const size_t name = plain ? 3 : 4;
      names.emplace_back(rest.substr(name, rest.find('>') - name));
    }
    text += plain ? "(?P<" : std::string(rest.substr(0, escaped ? 2 : 1));
    i += plain ? 2 : escaped ? 1 : 0;
  }
  auto compiled = store::Regex::compile_search(text);
  if (!compiled) return fail(regex.begin, regex.end, compiled.error().message);
  if (names.empty()) {
    return fail(regex.begin, regex.end, "an expression without (?<name>...) gives no field");
  }
  stage.regex = std::make_shared<const store::Regex>(std::move(*compiled));
  for (const std::string& name : names) {
    const auto group = stage.regex->group_number(name);
    if (!group) return fail(regex.begin, regex.end, fmt::format("no group {}", quoted(name)));
    const Slot slot = new_slot();
    stage.groups.emplace_back(*group, slot);
    define(name, Expression::of_slot(slot));
  }
  plan_->stages.emplace_back(std::move(stage));
}

}  // namespace kansoku::query::logs_insights
