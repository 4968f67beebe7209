#include "base/text/ascii.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {
namespace {

using rows::Function;
using rows::RowCall;
using rows::Value;

constexpr std::string_view kWhite = " \t\r\n\f\v";

std::string_view argument(RowCall& c, size_t i) { return text_of(c.arguments[i], c.arena); }
bool missing(const RowCall& c) {
  return std::ranges::any_of(c.arguments, [](const Value& one) { return one.is_null(); });
}
bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

// The byte at which a code point begins; the end of the text where there are fewer.
size_t byte_of(std::string_view text, int64_t code_point) {
  size_t at = 0;
  for (; at < text.size() && code_point > 0; --code_point) {
    ++at;
    while (at < text.size() && continues(text[at])) ++at;
  }
  return at;
}

Value run_isempty(RowCall& c) { return Value::of_bool(argument(c, 0).empty()); }
Value run_isblank(RowCall& c) { return Value::of_bool(trimmed(argument(c, 0), kWhite).empty()); }
Value run_concat(RowCall& c) {
  std::string out;
  for (size_t i = 0; i < c.arguments.size(); ++i) out += argument(c, i);
  return Value::of_text(c.arena.keep(out));
}
Value trim(RowCall& c, bool left, bool right) {
  if (missing(c)) return {};
  std::string_view text = argument(c, 0);
  const std::string_view set = c.arguments.size() > 1 ? argument(c, 1) : kWhite;
  if (left) text.remove_prefix(std::min(text.find_first_not_of(set), text.size()));
  if (right) text = text.substr(0, text.find_last_not_of(set) + 1);
  return Value::of_text(text);
}
Value run_trim(RowCall& c) { return trim(c, true, true); }
Value run_ltrim(RowCall& c) { return trim(c, true, false); }
Value run_rtrim(RowCall& c) { return trim(c, false, true); }
Value run_strlen(RowCall& c) {
  if (missing(c)) return {};
  const std::string_view text = argument(c, 0);
  return Value::of_int(std::ranges::count_if(text, [](char one) { return !continues(one); }));
}
Value run_toupper(RowCall& c) {
  if (missing(c)) return {};
  std::string out(argument(c, 0));
  for (char& one : out) one = one >= 'a' && one <= 'z' ? static_cast<char>(one - 'a' + 'A') : one;
  return Value::of_text(c.arena.keep(out));
}
Value run_tolower(RowCall& c) {
  if (missing(c)) return {};
  return Value::of_text(c.arena.keep(lower_ascii(argument(c, 0))));
}
Value run_substr(RowCall& c) {
  const auto from = number_of(c.arguments[1]);
  if (c.arguments[0].is_null() || !from || *from < 0) return {};
  std::string_view text = argument(c, 0);
  text.remove_prefix(byte_of(text, static_cast<int64_t>(std::min(*from, 1e9))));
  if (c.arguments.size() > 2) {
    const auto length = number_of(c.arguments[2]);
    if (!length || *length < 0) return {};
    text = text.substr(0, byte_of(text, static_cast<int64_t>(std::min(*length, 1e9))));
  }
  return Value::of_text(text);
}
Value run_replace(RowCall& c) {
  if (missing(c)) return {};
  std::string_view text = argument(c, 0);
  const std::string_view from = argument(c, 1);
  const std::string_view to = argument(c, 2);
  if (from.empty()) return Value::of_text(text);
  std::string out;
  // Text that grows without bound is cut where events end too.
  while (out.size() < store::kEventBytesMax) {
    const size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    out += to;
    text.remove_prefix(at + from.size());
  }
  return Value::of_text(c.arena.keep(out));
}
Value run_strcontains(RowCall& c) {
  if (missing(c)) return Value::of_int(0);
  return Value::of_int(argument(c, 0).find(argument(c, 1)) != std::string_view::npos ? 1 : 0);
}

constexpr std::array kTable = std::to_array<Function>({
    {"isempty", 1, 1, run_isempty, nullptr, nullptr, "string", "isempty(text)",
     "whether the field is missing or an empty text"},
    {"isblank", 1, 1, run_isblank, nullptr, nullptr, "string", "isblank(text)",
     "whether it is missing, empty or white space only"},
    {"concat", 1, 64, run_concat, nullptr, nullptr, "string", "concat(a, b, ...)",
     "the texts one behind the other"},
    {"ltrim", 1, 2, run_ltrim, nullptr, nullptr, "string", "ltrim(text), ltrim(text, characters)",
     "without white space, or the characters, on the left"},
    {"rtrim", 1, 2, run_rtrim, nullptr, nullptr, "string", "rtrim(text), rtrim(text, characters)",
     "without white space, or the characters, on the right"},
    {"trim", 1, 2, run_trim, nullptr, nullptr, "string", "trim(text), trim(text, characters)",
     "without white space, or the characters, on both sides"},
    {"strlen", 1, 1, run_strlen, nullptr, nullptr, "string", "strlen(text)",
     "length in Unicode code points"},
    {"toupper", 1, 1, run_toupper, nullptr, nullptr, "string", "toupper(text)",
     "in capitals (ASCII)"},
    {"tolower", 1, 1, run_tolower, nullptr, nullptr, "string", "tolower(text)",
     "in small letters (ASCII)"},
    {"substr", 2, 3, run_substr, nullptr, nullptr, "string",
     "substr(text, from), substr(text, from, length)", "a part; the first code point is 0"},
    {"replace", 3, 3, run_replace, nullptr, nullptr, "string", "replace(text, from, to)",
     "with every `from` replaced"},
    {"strcontains", 2, 2, run_strcontains, nullptr, nullptr, "string", "strcontains(text, part)",
     "1 where the text contains the part, else 0"},
});

}  // namespace

std::span<const rows::Function> text_functions() { return kTable; }

}  // namespace kansoku::query::logs_insights
