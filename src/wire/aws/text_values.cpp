// Values as text: base64, dates, numbers.
#include <fmt/core.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "wire/aws/protocol.h"

namespace kansoku::aws {
namespace {

using describe::Timestamp;
namespace ch = std::chrono;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view kDays = "SunMonTueWedThuFriSat";

constexpr std::array<int8_t, 256> base64_table() {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return table;
}

struct Civil {
  ch::year_month_day date;
  int64_t second_of_day = 0;
  int ms = 0;
};

Civil civil(Timestamp time) {
  int64_t day_ms = 86'400'000;
  int64_t days = time.ms / day_ms - (time.ms % day_ms < 0 ? 1 : 0);
  int64_t rest = time.ms - days * day_ms;
  return {ch::year_month_day{ch::sys_days{ch::days{days}}}, rest / 1000,
          static_cast<int>(rest % 1000)};
}

// Reads exactly `count` digits off the front.
bool take_digits(std::string_view& text, size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
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

struct Parts {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0, offset_minutes = 0;
};

bool to_timestamp(const Parts& p, Timestamp& time) {
  ch::year_month_day date{ch::year{p.year}, ch::month{static_cast<unsigned>(p.month)},
                          ch::day{static_cast<unsigned>(p.day)}};
  if (!date.ok() || p.hour > 24 || p.minute > 59 || p.second > 60) return false;
  int64_t days = ch::sys_days{date}.time_since_epoch().count();
  int64_t seconds = days * 86'400 + p.hour * 3'600 + p.minute * 60 + p.second;
  time.ms = (seconds - p.offset_minutes * 60) * 1000 + p.ms;
  return true;
}

// 2023-11-14T22:13:20.123+09:00; the time, its seconds, the fraction and the zone may be absent.
bool parse_iso8601(std::string_view text, Timestamp& time) {
  Parts p;
  if (!take_digits(text, 4, p.year) || !take(text, '-') || !take_digits(text, 2, p.month) ||
      !take(text, '-') || !take_digits(text, 2, p.day)) {
    return false;
  }
  if (take(text, 'T') || take(text, 't') || take(text, ' ')) {
    if (!take_digits(text, 2, p.hour) || !take(text, ':') || !take_digits(text, 2, p.minute)) {
      return false;
    }
    if (take(text, ':') && !take_digits(text, 2, p.second)) return false;
    if (take(text, '.')) {
      int scale = 100, digits = 0;
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        p.ms += (text.front() - '0') * scale;
        scale /= 10;
        ++digits;
        text.remove_prefix(1);
      }
      if (digits == 0) return false;
    }
    if (!take(text, 'Z') && !take(text, 'z') && !text.empty()) {
      int sign = text.front() == '-' ? -1 : 1;
      if (!take(text, '+') && !take(text, '-')) return false;
      int hours = 0, minutes = 0;
      if (!take_digits(text, 2, hours)) return false;
      take(text, ':');
      if (!text.empty() && !take_digits(text, 2, minutes)) return false;
      p.offset_minutes = sign * (hours * 60 + minutes);
    }
  }
  return text.empty() && to_timestamp(p, time);
}

// Tue, 29 Apr 2014 18:30:38 GMT, with an optional fraction.
bool parse_http_date(std::string_view text, Timestamp& time) {
  Parts p;
  if (text.size() < 29 || text[3] != ',') return false;
  text.remove_prefix(5);
  if (!take_digits(text, 2, p.day) || !take(text, ' ')) return false;
  size_t month = kMonths.find(text.substr(0, 3));
  if (month == std::string_view::npos || month % 3 != 0) return false;
  p.month = static_cast<int>(month / 3) + 1;
  text.remove_prefix(3);
  if (!take(text, ' ') || !take_digits(text, 4, p.year) || !take(text, ' ') ||
      !take_digits(text, 2, p.hour) || !take(text, ':') || !take_digits(text, 2, p.minute) ||
      !take(text, ':') || !take_digits(text, 2, p.second)) {
    return false;
  }
  if (take(text, '.')) {
    int scale = 100;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      p.ms += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  return text == " GMT" && to_timestamp(p, time);
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t left = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) {
      word = word << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += k <= left ? kAlphabet[(word >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return out;
}

bool base64_decode(std::string_view text, std::string& bytes) {
  static constexpr std::array<int8_t, 256> kTable = base64_table();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  bytes.clear();
  bytes.reserve(text.size() * 3 / 4);
  uint32_t word = 0;
  int bits = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    int8_t value = kTable[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    word = word << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(word >> bits & 0xFF);
    }
  }
  return bits != 6;
}

std::string iso8601(Timestamp time) {
  Civil c = civil(time);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(c.date.year()),
                  static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()),
                  c.second_of_day / 3'600, c.second_of_day / 60 % 60, c.second_of_day % 60);
  if (c.ms != 0) out += fmt::format(".{:03}", c.ms);
  out += 'Z';
  return out;
}

std::string http_date(Timestamp time) {
  Civil c = civil(time);
  ch::weekday weekday{ch::sys_days{c.date}};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays.substr(weekday.c_encoding() * 3, 3), static_cast<unsigned>(c.date.day()),
                     kMonths.substr((static_cast<unsigned>(c.date.month()) - 1) * 3, 3),
                     static_cast<int>(c.date.year()), c.second_of_day / 3'600,
                     c.second_of_day / 60 % 60, c.second_of_day % 60);
}

bool timestamp_from_seconds(double seconds, Timestamp& time) {
  // Years 0001 to 9999; beyond that no protocol can write the time back.
  if (!(seconds > -62'135'596'801.0 && seconds < 253'402'300'800.0)) return false;
  time.ms = static_cast<int64_t>(std::llround(seconds * 1000));
  return true;
}

bool parse_timestamp(std::string_view text, Timestamp& time) {
  if (parse_iso8601(text, time) || parse_http_date(text, time)) return true;
  double seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() &&
         timestamp_from_seconds(seconds, time);
}

bool parse_double(std::string_view text, double& value) {
  if (text == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (text == "Infinity" || text == "-Infinity") {
    value = text.front() == '-' ? -std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::infinity();
    return true;
  }
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // from_chars knows "inf" and "nan", which no protocol writes.
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

}  // namespace kansoku::aws
