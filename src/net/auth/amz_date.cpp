// Dates of signatures.
#include <fmt/core.h>

#include "base/time/civil.h"
#include "base/time/grid.h"
#include "base/time/iso8601.h"
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

// Nothing outside the years 1970 to 2200, which no signature has.
std::optional<env::WallTime> within_years(std::optional<int64_t> ms) {
  constexpr int64_t kYear2201Ms = 7'289'654'400'000;
  if (!ms || *ms < 0 || *ms >= kYear2201Ms) return std::nullopt;
  return env::WallTime{*ms * env::kNsPerMs};
}

std::optional<env::WallTime> parse_basic(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  auto date = digits(text.substr(0, 8));
  auto time = digits(text.substr(9, 6));
  if (!date || !time || *time >= 240'000) return std::nullopt;
  return within_years(unix_ms({.year = *date / 10'000,
                               .month = *date / 100 % 100,
                               .day = *date % 100,
                               .hour = *time / 10'000,
                               .minute = *time / 100 % 100,
                               .second = *time % 100}));
}

}  // namespace

std::string amz_date(env::WallTime time) {
  CivilTime t = civil_time(floor_to(time.ns, env::kNsPerMs) / env::kNsPerMs);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                     t.second);
}

std::optional<env::WallTime> parse_amz_date(std::string_view text) {
  if (auto time = parse_basic(text)) return time;
  // "Sun, 30 Aug 2015 12:36:00 GMT": no fraction, and the day ends before hour 24.
  if (text.size() != 29 || text.substr(17, 2) == "24") return std::nullopt;
  return within_years(parse_http_date(text));
}

}  // namespace kansoku::net::auth
