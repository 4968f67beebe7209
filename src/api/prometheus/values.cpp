#include "api/prometheus/values.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace kansoku::api::prometheus {
namespace {

// Two or four digits at `at`; -1 when they are none.
int digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int out = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

// "Z", "+09:00"; minutes east, or nothing.
std::optional<int> zone_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  int hours = digits(text, 1, 2);
  int minutes = digits(text, 4, 2);
  if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

std::optional<int64_t> parse_rfc3339_ms(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  if (text[10] != 'T' && text[10] != 't') return std::nullopt;
  int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (year < 0 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59) {
    return std::nullopt;
  }
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  size_t at = 19;
  int64_t ms = 0;
  if (text[at] == '.') {
    int64_t scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
      ms += scale * (text[at] - '0');
    }
    if (at == 20) return std::nullopt;
  }
  auto zone = zone_minutes(text.substr(at));
  if (!zone) return std::nullopt;
  int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  int64_t seconds = days * 86'400 + hour * 3'600 + (minute - *zone) * 60 + second;
  return seconds * 1'000 + ms;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  int64_t ms;
};
// From long to short; each at most once, as the reference parser has it.
constexpr std::array<Unit, 7> kUnits{{{"y", 365LL * 86'400'000},
                                      {"w", 7LL * 86'400'000},
                                      {"d", 86'400'000},
                                      {"h", 3'600'000},
                                      {"m", 60'000},
                                      {"s", 1'000},
                                      {"ms", 1}}};

std::optional<int64_t> parse_units_ms(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  size_t unit = 0;
  while (!text.empty()) {
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || text[0] == '-') return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    while (unit < kUnits.size() && kUnits[unit].name != text.substr(0, letters)) ++unit;
    if (unit == kUnits.size()) return std::nullopt;
    int64_t part = 0;
    if (__builtin_mul_overflow(number, kUnits[unit].ms, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    text.remove_prefix(letters);
    ++unit;
  }
  return total;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool append_utf8(uint32_t rune, std::string& out) {
  if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) return false;
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xc0 | rune >> 6);
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xe0 | rune >> 12);
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | rune >> 18);
    out += static_cast<char>(0x80 | (rune >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  }
  return true;
}

}  // namespace

Result<int64_t> parse_time_ms(std::string_view text) {
  if (auto seconds = parse_number(text)) {
    double ms = std::round(*seconds * 1'000);
    if (!(std::abs(ms) <= static_cast<double>(kTimeMaxMs))) {
      return invalid_argument("cannot parse {} to a valid timestamp", quoted(text));
    }
    return static_cast<int64_t>(ms);
  }
  if (auto ms = parse_rfc3339_ms(text)) return *ms;
  if (text == "-292273086-05-16T16:47:06Z") return kTimeMinMs;
  if (text == "292277025-08-18T07:12:54.999999999Z") return kTimeMaxMs;
  return invalid_argument("cannot parse {} to a valid timestamp", quoted(text));
}

Result<int64_t> parse_duration_ms(std::string_view text) {
  if (auto seconds = parse_number(text)) {
    double ms = *seconds * 1'000;
    if (!(std::abs(ms) <= static_cast<double>(kTimeMaxMs))) {
      return invalid_argument("cannot parse {} to a valid duration. It overflows int64",
                              quoted(text));
    }
    return static_cast<int64_t>(ms);
  }
  if (auto ms = parse_units_ms(text)) return *ms;
  return invalid_argument("cannot parse {} to a valid duration", quoted(text));
}

std::string rfc3339(int64_t time_ms) {
  std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(time_ms)};
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date{day};
  int64_t ms = (time - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60, ms % 1'000);
}

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  double magnitude = std::abs(value);
  bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  // 1e21 and more never come here in fixed form: 21 digits, sign, point, and at most 17 + 6 behind.
  std::array<char, 64> buffer;
  auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed);
  return error == std::errc() ? std::string(buffer.data(), end) : std::string("NaN");
}

std::string format_timestamp(int64_t time_ms) {
  uint64_t magnitude =
      time_ms < 0 ? 0 - static_cast<uint64_t>(time_ms) : static_cast<uint64_t>(time_ms);
  std::string out = time_ms < 0 ? "-" : "";
  out += fmt::format("{}", magnitude / 1'000);
  if (magnitude % 1'000 != 0) out += fmt::format(".{:03}", magnitude % 1'000);
  return out;
}

bool is_legacy_label_name(std::string_view name) {
  if (name.empty() || !is_letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_legacy_metric_name(std::string_view name) {
  if (name.empty() || is_digit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

std::string unescape_label_name(std::string_view name) {
  constexpr std::string_view kPrefix = "U__";
  std::string original(name);
  if (!name.starts_with(kPrefix)) return original;
  name.remove_prefix(kPrefix.size());
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '_') {
      out += name[i];
      continue;
    }
    if (++i >= name.size()) return original;
    if (name[i] == '_') {
      out += '_';
      continue;
    }
    size_t end = name.find('_', i);
    // Six digits hold U+10FFFF.
    if (end == std::string_view::npos || end - i > 6) return original;
    uint32_t rune = 0;
    auto [stop, error] = std::from_chars(name.data() + i, name.data() + end, rune, 16);
    if (error != std::errc() || stop != name.data() + end || !append_utf8(rune, out)) {
      return original;
    }
    i = end;
  }
  return out;
}

std::string underscore_escaped(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if ((c & 0xc0) == 0x80) continue;  // one '_' a character
    bool good = is_letter(c) || c == ':' || (is_digit(c) && i > 0);
    out += good ? c : '_';
  }
  return out;
}

}  // namespace kansoku::api::prometheus
