#include "base/time/iso8601.h"

#include <fmt/core.h>

#include "base/time/civil.h"

namespace kansoku {
namespace {

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view kDays = "SunMonTueWedThuFriSat";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads exactly `count` digits off the front.
template <class T>
bool take_digits(std::string_view& text, size_t count, T& value) {
  if (text.size() < count) return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Digits behind a point, as nanoseconds (further ones are ignored); how many there were.
size_t take_fraction_ns(std::string_view& text, int& ns) {
  int scale = 100'000'000;
  size_t digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    ns += (text.front() - '0') * scale;
    scale /= 10;
    ++digits;
    text.remove_prefix(1);
  }
  return digits;
}
size_t take_fraction(std::string_view& text, int& ms) {
  int ns = 0;
  const size_t digits = take_fraction_ns(text, ns);
  ms = ns / 1'000'000;
  return digits;
}

// Z, +09:00, +0900, +09 or nothing.
bool take_offset(std::string_view& text, int& minutes) {
  if (take(text, 'Z') || take(text, 'z') || text.empty()) return true;
  int sign = text.front() == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return false;
  int hours = 0, rest = 0;
  if (!take_digits(text, 2, hours)) return false;
  take(text, ':');
  if (!text.empty() && !take_digits(text, 2, rest)) return false;
  minutes = sign * (hours * 60 + rest);
  return true;
}

}  // namespace

std::string iso8601(int64_t unix_ms, IsoFraction fraction) {
  CivilTime t = civil_time(unix_ms);
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year, t.month, t.day,
                                t.hour, t.minute, t.second);
  if (fraction == IsoFraction::Always || (fraction == IsoFraction::WhenNeeded && t.ms != 0)) {
    out += fmt::format(".{:03}", t.ms);
  }
  return out + 'Z';
}

std::string iso8601_date(int64_t unix_ms) {
  CivilTime t = civil_time(unix_ms);
  return fmt::format("{:04}-{:02}-{:02}", t.year, t.month, t.day);
}

std::optional<int64_t> parse_iso8601_ns(std::string_view text) {
  CivilTime t;
  int fraction_ns = 0;
  int offset_minutes = 0;
  if (!take_digits(text, 4, t.year) || !take(text, '-') || !take_digits(text, 2, t.month) ||
      !take(text, '-') || !take_digits(text, 2, t.day)) {
    return std::nullopt;
  }
  if (take(text, 'T') || take(text, 't') || take(text, ' ')) {
    if (!take_digits(text, 2, t.hour) || !take(text, ':') || !take_digits(text, 2, t.minute)) {
      return std::nullopt;
    }
    if (take(text, ':') && !take_digits(text, 2, t.second)) return std::nullopt;
    if (take(text, '.') && take_fraction_ns(text, fraction_ns) == 0) return std::nullopt;
    if (!take_offset(text, offset_minutes)) return std::nullopt;
  }
  auto ms = unix_ms(t);
  if (!text.empty() || !ms) return std::nullopt;
  // Years that do not fit nanoseconds: 1678 to 2261 do.
  if (t.year < 1678 || t.year > 2261) return std::nullopt;
  return (*ms - offset_minutes * 60'000LL) * 1'000'000 + fraction_ns;
}

std::optional<int64_t> parse_iso8601(std::string_view text) {
  CivilTime t;
  int offset_minutes = 0;
  if (!take_digits(text, 4, t.year) || !take(text, '-') || !take_digits(text, 2, t.month) ||
      !take(text, '-') || !take_digits(text, 2, t.day)) {
    return std::nullopt;
  }
  if (take(text, 'T') || take(text, 't') || take(text, ' ')) {
    if (!take_digits(text, 2, t.hour) || !take(text, ':') || !take_digits(text, 2, t.minute)) {
      return std::nullopt;
    }
    if (take(text, ':') && !take_digits(text, 2, t.second)) return std::nullopt;
    if (take(text, '.') && take_fraction(text, t.ms) == 0) return std::nullopt;
    if (!take_offset(text, offset_minutes)) return std::nullopt;
  }
  auto ms = unix_ms(t);
  if (!text.empty() || !ms) return std::nullopt;
  return *ms - offset_minutes * 60'000LL;
}

std::string http_date(int64_t unix_ms) {
  CivilTime t = civil_time(unix_ms);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays.substr(static_cast<size_t>(weekday(unix_ms)) * 3, 3), t.day,
                     kMonths.substr(static_cast<size_t>(t.month - 1) * 3, 3), t.year, t.hour,
                     t.minute, t.second);
}

std::optional<int64_t> parse_http_date(std::string_view text) {
  CivilTime t;
  if (text.size() < 29 || text[3] != ',') return std::nullopt;
  text.remove_prefix(5);
  if (!take_digits(text, 2, t.day) || !take(text, ' ')) return std::nullopt;
  size_t month = kMonths.find(text.substr(0, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  t.month = static_cast<int>(month / 3) + 1;
  text.remove_prefix(3);
  if (!take(text, ' ') || !take_digits(text, 4, t.year) || !take(text, ' ') ||
      !take_digits(text, 2, t.hour) || !take(text, ':') || !take_digits(text, 2, t.minute) ||
      !take(text, ':') || !take_digits(text, 2, t.second)) {
    return std::nullopt;
  }
  if (take(text, '.')) take_fraction(text, t.ms);
  return text == " GMT" ? unix_ms(t) : std::nullopt;
}

}  // namespace kansoku
