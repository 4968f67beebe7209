// Dates of signatures. Calendar arithmetic by std::chrono's civil types only; no zones.
#include <fmt/core.h>

#include <chrono>

#include "net/auth/sigv4.h"

namespace kansoku::net::auth {
namespace {

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<env::WallTime> from_civil(int year, int month, int day, int hour, int minute,
                                        int second) {
  namespace ch = std::chrono;
  ch::year_month_day date{ch::year{year}, ch::month{static_cast<unsigned>(month)},
                          ch::day{static_cast<unsigned>(day)}};
  if (!date.ok() || year < 1970 || year > 2200 || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  int64_t days = ch::sys_days{date}.time_since_epoch().count();
  int64_t seconds = days * 86'400 + hour * 3'600 + minute * 60 + second;
  return env::WallTime{seconds * env::kNsPerS};
}

std::optional<env::WallTime> parse_basic(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  auto date = digits(text.substr(0, 8));
  auto time = digits(text.substr(9, 6));
  if (!date || !time) return std::nullopt;
  return from_civil(*date / 10'000, *date / 100 % 100, *date % 100, *time / 10'000,
                    *time / 100 % 100, *time % 100);
}

// "Sun, 30 Aug 2015 12:36:00 GMT" (RFC 9110 §5.6.7, the preferred form).
std::optional<env::WallTime> parse_http(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text[3] != ',' || text.substr(25) != " GMT") return std::nullopt;
  if (text[19] != ':' || text[22] != ':') return std::nullopt;
  size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  auto day = digits(text.substr(5, 2)), year = digits(text.substr(12, 4));
  auto hour = digits(text.substr(17, 2)), minute = digits(text.substr(20, 2));
  auto second = digits(text.substr(23, 2));
  if (!day || !year || !hour || !minute || !second) return std::nullopt;
  return from_civil(*year, static_cast<int>(month / 3) + 1, *day, *hour, *minute, *second);
}

}  // namespace

std::string amz_date(env::WallTime time) {
  namespace ch = std::chrono;
  int64_t seconds = time.ns / env::kNsPerS - (time.ns % env::kNsPerS < 0 ? 1 : 0);
  int64_t days = seconds / 86'400 - (seconds % 86'400 < 0 ? 1 : 0);
  int64_t in_day = seconds - days * 86'400;
  ch::year_month_day date{ch::sys_days{ch::days{days}}};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     in_day / 3'600, in_day / 60 % 60, in_day % 60);
}

std::optional<env::WallTime> parse_amz_date(std::string_view text) {
  if (auto time = parse_basic(text)) return time;
  return parse_http(text);
}

}  // namespace kansoku::net::auth
