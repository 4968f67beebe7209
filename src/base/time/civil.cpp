#include "base/time/civil.h"

#include "base/time/grid.h"

namespace kansoku {
namespace {

constexpr int64_t kDaysOfEra = 146'097;  // 400 years
// From 0000-03-01, where eras begin, to 1970-01-01.
constexpr int64_t kDaysToEpoch = 719'468;

struct Date {
  int64_t year;
  int month;
  int day;
};

// Months count from March here: every five of them are 153 days.
constexpr int64_t days_before_month(int64_t months_from_march) {
  return (153 * months_from_march + 2) / 5;
}

constexpr int64_t days_since_epoch(int64_t year, int month, int day) {
  int64_t months = month > 2 ? month - 3 : month + 9;
  int64_t shifted_year = month > 2 ? year : year - 1;
  int64_t era = floor_to(shifted_year, 400) / 400;
  int64_t in_era = shifted_year - era * 400;
  int64_t in_year = days_before_month(months) + day - 1;
  return era * kDaysOfEra + in_era * 365 + in_era / 4 - in_era / 100 + in_year - kDaysToEpoch;
}

constexpr Date date_of(int64_t days) {
  int64_t shifted = days + kDaysToEpoch;
  int64_t era = floor_to(shifted, kDaysOfEra) / kDaysOfEra;
  int64_t in_era = shifted - era * kDaysOfEra;  // 0 to 146,096
  // Leap days are taken out: one in 1,460 days, but in 36,524, and the era's last.
  int64_t year = (in_era - in_era / 1'460 + in_era / 36'524 - in_era / 146'096) / 365;
  int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  int64_t months = (5 * in_year + 2) / 153;
  return {era * 400 + year + (months >= 10 ? 1 : 0),
          static_cast<int>(months < 10 ? months + 3 : months - 9),
          static_cast<int>(in_year - days_before_month(months) + 1)};
}

constexpr int64_t day_number(int64_t unix_ms) { return floor_to(unix_ms, kDayMs) / kDayMs; }

static_assert(days_since_epoch(1970, 1, 1) == 0);
static_assert(days_since_epoch(2000, 3, 1) == 11'017);
static_assert(date_of(-1).year == 1969 && date_of(-1).month == 12 && date_of(-1).day == 31);

}  // namespace

CivilTime civil_time(int64_t unix_ms) {
  int64_t days = day_number(unix_ms);
  auto in_day = static_cast<int>(unix_ms - days * kDayMs);
  Date date = date_of(days);
  return {date.year,           date.month,    date.day, in_day / 3'600'000, in_day / 60'000 % 60,
          in_day / 1'000 % 60, in_day % 1'000};
}

std::optional<int64_t> unix_ms(const CivilTime& time) {
  auto within = [](int64_t value, int64_t low, int64_t high) {
    return value >= low && value <= high;
  };
  if (!within(time.year, 0, 9'999) || !within(time.month, 1, 12) ||
      !within(time.day, 1, days_of_month(time.year, time.month)) || !within(time.hour, 0, 24) ||
      !within(time.minute, 0, 59) || !within(time.second, 0, 60) || !within(time.ms, 0, 999)) {
    return std::nullopt;
  }
  return days_since_epoch(time.year, time.month, time.day) * kDayMs + time.hour * 3'600'000LL +
         time.minute * 60'000LL + time.second * 1'000LL + time.ms;
}

// 1970 began with a Thursday.
int weekday(int64_t unix_ms) {
  int64_t shifted = day_number(unix_ms) + 4;
  return static_cast<int>(shifted - floor_to(shifted, 7));
}

int day_of_year(int64_t unix_ms) {
  int64_t days = day_number(unix_ms);
  return static_cast<int>(days - days_since_epoch(date_of(days).year, 1, 1)) + 1;
}

int days_of_month(int64_t year, int month) {
  int64_t next =
      month == 12 ? days_since_epoch(year + 1, 1, 1) : days_since_epoch(year, month + 1, 1);
  return static_cast<int>(next - days_since_epoch(year, month, 1));
}

}  // namespace kansoku
