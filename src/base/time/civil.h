// Civil date and time of Unix times, UTC, by the proleptic Gregorian calendar; no zones, no leap
// seconds. Pure functions.
//
// Days are counted in eras of 400 years that begin with 1 March, so that the leap day is the last
// of its year: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
#pragma once

#include <cstdint>
#include <optional>

namespace kansoku {

inline constexpr int64_t kDayMs = 86'400'000;

struct CivilTime {
  int64_t year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int ms = 0;

  friend bool operator==(const CivilTime&, const CivilTime&) = default;
};

CivilTime civil_time(int64_t unix_ms);
// Nothing where the date does not exist, the year is outside 0 to 9999 or a part is out of bounds.
// Hour 24 and second 60 are those after midnight and after the minute (ISO 8601, POSIX).
std::optional<int64_t> unix_ms(const CivilTime& time);

// 0 is Sunday.
int weekday(int64_t unix_ms);
// 1 to 366.
int day_of_year(int64_t unix_ms);
// 28 to 31; month is 1 to 12.
int days_of_month(int64_t year, int month);

}  // namespace kansoku
