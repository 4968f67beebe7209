// Durations, numbers and strings as PromQL writes them.
#include <bit>

#include "query/promql/lexer.h"

namespace kansoku::query::promql {
namespace {

struct DurationUnit {
  std::string_view text;
  int64_t ms;
};
// In the order in which they may be written.
constexpr std::array<DurationUnit, 7> kUnits{{{"y", 365LL * 86'400'000},
                                              {"w", 7LL * 86'400'000},
                                              {"d", 86'400'000},
                                              {"h", 3'600'000},
                                              {"m", 60'000},
                                              {"s", 1'000},
                                              {"ms", 1}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

struct EscapeRow {
  char letter;
  char byte;
};
constexpr std::array<EscapeRow, 10> kEscapes{{{'a', '\a'},
                                              {'b', '\b'},
                                              {'f', '\f'},
                                              {'n', '\n'},
                                              {'r', '\r'},
                                              {'t', '\t'},
                                              {'v', '\v'},
                                              {'\\', '\\'},
                                              {'\'', '\''},
                                              {'"', '"'}}};

// One escape after the backslash at `at`; advances over it. False when it is not one.
bool append_escape(std::string_view body, size_t& at, std::string& out) {
  if (at >= body.size()) return false;
  const char letter = body[at++];
  for (const EscapeRow& row : kEscapes) {
    if (row.letter == letter) {
      out += row.byte;
      return true;
    }
  }
  size_t digits = 0;
  int base = 16;
  bool unicode = false;
  if (letter == 'x') {
    digits = 2;
  } else if (letter == 'u') {
    digits = 4;
    unicode = true;
  } else if (letter == 'U') {
    digits = 8;
    unicode = true;
  } else if (letter >= '0' && letter <= '7') {
    digits = 3;
    base = 8;
    --at;
  } else {
    return false;
  }
  if (at + digits > body.size()) return false;
  uint32_t code = 0;
  const char* begin = body.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + digits, code, base);
  if (error != std::errc() || end != begin + digits) return false;
  at += digits;
  if (unicode) {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    append_utf8(out, code);
  } else {
    if (code > 0xff) return false;
    out += static_cast<char>(code);
  }
  return true;
}

}  // namespace

Result<int64_t> parse_duration_ms(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return invalid_argument("empty duration string");
  size_t unit_from = 0;
  int64_t total = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t digits_at = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data() + digits_at, text.data() + at, count);
    if (at == digits_at || error != std::errc()) {
      return invalid_argument("not a valid duration string: {}", quoted(text));
    }
    const size_t unit_at = at;
    while (at < text.size() && !is_digit(text[at])) ++at;
    const std::string_view name = text.substr(unit_at, at - unit_at);
    size_t unit = unit_from;
    while (unit < kUnits.size() && kUnits[unit].text != name) ++unit;
    if (unit == kUnits.size())
      return invalid_argument("not a valid duration string: {}", quoted(text));
    int64_t part = 0;
    if (__builtin_mul_overflow(count, kUnits[unit].ms, &part) ||
        __builtin_add_overflow(total, part, &total) ||
        total > std::numeric_limits<int64_t>::max() / 1'000'000) {
      return invalid_argument("duration out of range");
    }
    unit_from = unit + 1;
  }
  return total;
}

Result<double> parse_number(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  std::string_view body = digits;
  bool negative = false;
  if (!body.empty() && (body[0] == '+' || body[0] == '-')) {
    negative = body[0] == '-';
    body.remove_prefix(1);
  }
  const std::string lower = lower_case(body);
  double value = 0;
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (lower.starts_with("0x")) {
    uint64_t whole = 0;
    const auto [end, error] =
        std::from_chars(lower.data() + 2, lower.data() + lower.size(), whole, 16);
    if (error != std::errc() || end != lower.data() + lower.size()) {
      return invalid_argument("error parsing number: {}", quoted(text));
    }
    value = static_cast<double>(whole);
  } else {
    if (body.empty() || body[0] == '+' || body[0] == '-') {
      return invalid_argument("error parsing number: {}", quoted(text));
    }
    const auto [end, error] = std::from_chars(lower.data(), lower.data() + lower.size(), value);
    if (end != lower.data() + lower.size() || error == std::errc::invalid_argument) {
      return invalid_argument("error parsing number: {}", quoted(text));
    }
    // from_chars leaves the value alone when it is out of range; strtod gives the limit that Go
    // gives.
    if (error == std::errc::result_out_of_range) value = std::strtod(lower.c_str(), nullptr);
  }
  return negative ? -value : value;
}

Result<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back())
    return invalid_argument("invalid syntax");
  const char quote = literal.front();
  const std::string_view body = literal.substr(1, literal.size() - 2);
  if (quote == '`') return std::string(body);
  std::string out;
  for (size_t at = 0; at < body.size();) {
    const char c = body[at++];
    if (c == '\n' || c == quote) return invalid_argument("invalid syntax");
    if (c != '\\') {
      out += c;
    } else if (!append_escape(body, at, out)) {
      return invalid_argument("invalid syntax");
    }
  }
  return out;
}

std::string format_duration_ms(int64_t ms) {
  if (ms == 0) return "0s";
  std::string out;
  if (ms < 0) {
    out = "-";
    ms = -ms;
  }
  for (const DurationUnit& unit : kUnits) {
    // Years and weeks only where nothing smaller remains, as Prometheus prints them.
    const bool coarse = unit.text == "y" || unit.text == "w";
    if (coarse && ms % unit.ms != 0) continue;
    if (ms / unit.ms == 0) continue;
    out += fmt::format("{}{}", ms / unit.ms, unit.text);
    ms %= unit.ms;
  }
  return out;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 512> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), end};
}

}  // namespace kansoku::query::promql
