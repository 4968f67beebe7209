#include <doctest/doctest.h>

#include <limits>

#include "base/time/civil.h"
#include "base/time/duration.h"
#include "base/time/grid.h"
#include "base/time/iso8601.h"

using namespace kansoku;

TEST_CASE("cells begin at multiples of their width, before 1970 too") {
  CHECK(floor_to(119'999, 60'000) == 60'000);
  CHECK(floor_to(120'000, 60'000) == 120'000);
  CHECK(floor_to(-1, 60'000) == -60'000);
  CHECK(floor_to(-60'000, 60'000) == -60'000);
  CHECK(cell_of(119'999, 60'000) == 1);
  CHECK(cell_of(-1, 60'000) == -1);
  CHECK(cell_of(-60'000, 60'000) == -1);
  CHECK(cell_of(-60'001, 60'000) == -2);
  CHECK(cell_of(std::numeric_limits<int64_t>::min(), 60'000) == -153'722'867'280'913);
}

TEST_CASE("every day of eight centuries follows the one before it") {
  int64_t ms = *unix_ms({.year = 1599, .month = 12, .day = 31});
  CivilTime before = civil_time(ms);
  int day_in_week = weekday(ms);
  for (int64_t day = 0; day < 2 * 146'097; ++day) {
    ms += kDayMs;
    CivilTime now = civil_time(ms);
    bool new_month = before.day == days_of_month(before.year, before.month);
    bool new_year = new_month && before.month == 12;
    bool follows = now.day == (new_month ? 1 : before.day + 1) &&
                   now.month == (new_year ? 1 : before.month + (new_month ? 1 : 0)) &&
                   now.year == before.year + (new_year ? 1 : 0) && unix_ms(now) == ms &&
                   weekday(ms) == (day_in_week + 1) % 7;
    if (!follows) {
      CAPTURE(ms);
      REQUIRE(follows);
    }
    before = now;
    day_in_week = weekday(ms);
  }
}

TEST_CASE("months have their lengths") {
  CHECK(days_of_month(2024, 2) == 29);
  CHECK(days_of_month(2023, 2) == 28);
  CHECK(days_of_month(1900, 2) == 28);
  CHECK(days_of_month(2000, 2) == 29);
  CHECK(days_of_month(2023, 12) == 31);
  CHECK(days_of_month(2023, 4) == 30);
}

TEST_CASE("parts of known times are right") {
  CHECK(civil_time(1'700'000'000'123) == CivilTime{2023, 11, 14, 22, 13, 20, 123});
  CHECK(civil_time(-1) == CivilTime{1969, 12, 31, 23, 59, 59, 999});
  CHECK(weekday(0) == 4);
  CHECK(weekday(-1) == 3);
  CHECK(weekday(1'700'000'000'000) == 2);
  CHECK(day_of_year(*unix_ms({.year = 2024, .month = 12, .day = 31})) == 366);
  CHECK(day_of_year(0) == 1);
}

TEST_CASE("the ends of int64 have a date") {
  CHECK(civil_time(std::numeric_limits<int64_t>::max()).year == 292'278'994);
  CHECK(civil_time(std::numeric_limits<int64_t>::max()).ms == 807);
}

TEST_CASE("dates that do not exist have no time") {
  CHECK_FALSE(unix_ms({.year = 2023, .month = 2, .day = 29}));
  CHECK_FALSE(unix_ms({.year = 2023, .month = 13, .day = 1}));
  CHECK_FALSE(unix_ms({.year = 2023, .month = 0, .day = 1}));
  CHECK_FALSE(unix_ms({.year = 2023, .month = 1, .day = 0}));
  CHECK_FALSE(unix_ms({.year = 10'000, .month = 1, .day = 1}));
  CHECK_FALSE(unix_ms({.year = 2023, .month = 1, .day = 1, .minute = 60}));
  CHECK(unix_ms({.year = 2016, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 60}) ==
        unix_ms({.year = 2017, .month = 1, .day = 1}));
}

TEST_CASE("ISO 8601 is written with the fraction that was asked for") {
  CHECK(iso8601(0, IsoFraction::None) == "1970-01-01T00:00:00Z");
  CHECK(iso8601(0, IsoFraction::Always) == "1970-01-01T00:00:00.000Z");
  CHECK(iso8601(0, IsoFraction::WhenNeeded) == "1970-01-01T00:00:00Z");
  CHECK(iso8601(-1, IsoFraction::WhenNeeded) == "1969-12-31T23:59:59.999Z");
  CHECK(iso8601(-1, IsoFraction::None) == "1969-12-31T23:59:59Z");
  CHECK(iso8601_date(1'700'000'000'000) == "2023-11-14");
}

TEST_CASE("ISO 8601 is read with offsets and without its optional parts") {
  CHECK(parse_iso8601("2023-11-14T22:13:20Z") == 1'700'000'000'000);
  CHECK(parse_iso8601("2023-11-15T07:13:20.1239+09:00") == 1'700'000'000'123);
  CHECK(parse_iso8601("2023-11-14 17:13:20-0500") == 1'700'000'000'000);
  CHECK(parse_iso8601("2023-11-14T22:13") == 1'699'999'980'000);
  CHECK(parse_iso8601("2023-11-14") == 1'699'920'000'000);
  for (std::string_view bad :
       {"", "2023-11", "2023-11-31", "2023-11-14T", "2023-11-14T22", "2023-11-14T22:13:2",
        "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20X", "2023-11-14T22:13:20+9",
        "2023-11-14T22:13:20Z ", "23-11-14", "-023-11-14"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_iso8601(bad));
  }
}

TEST_CASE("the date of HTTP goes both ways") {
  CHECK(http_date(1'700'000'000'000) == "Tue, 14 Nov 2023 22:13:20 GMT");
  CHECK(http_date(784'111'777'000) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784'111'777'000);
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37.5 GMT") == 784'111'777'500);
  for (std::string_view bad : {"", "Sunday, 06-Nov-94 08:49:37 GMT",
                               "Sun Nov  6 08:49:37 1994     x", "Sun, 06 Nov 1994 08:49:37 UTC",
                               "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_http_date(bad));
  }
}

TEST_CASE("one decimal number with a unit is a duration") {
  CHECK(parse_decimal_duration_ms("1.5h") == 5'400'000);
  CHECK(parse_decimal_duration_ms("90 s") == 90'000);
  CHECK(parse_decimal_duration_ms("60") == 60'000);
  CHECK(parse_decimal_duration_ms("250ms") == 250);
  CHECK(parse_decimal_duration_ms("2w") == 1'209'600'000);
  for (std::string_view bad :
       {"", "h", "1x", "1d12h", "1y", "nan", "inf", "1e300d", " 1s", "1s "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_decimal_duration_ms(bad));
  }
}

TEST_CASE("whole numbers with units join to a duration") {
  CHECK(parse_joined_duration_ms("1d12h") == 129'600'000);
  CHECK(parse_joined_duration_ms("1y") == 31'536'000'000);
  CHECK(parse_joined_duration_ms("5m500ms") == 300'500);
  CHECK(parse_joined_duration_ms("1000y") == 31'536'000'000'000);
  for (std::string_view bad : {"", "0s", "15", "1.5d", "-1d", "1d12", "1 d", "1001y", "1000y1ms",
                               "99999999999999999999d", "d"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_joined_duration_ms(bad));
  }
}

TEST_CASE("ISO durations are sums of their parts in their order") {
  CHECK(parse_iso_duration_ms("PT3H") == 10'800'000);
  CHECK(parse_iso_duration_ms("PT0H") == 0);
  CHECK(parse_iso_duration_ms("P1DT12H30M5S") == 131'405'000);
  CHECK(parse_iso_duration_ms("P2W") == 14 * kDayMs);
  CHECK(parse_iso_duration_ms("P1Y2M") == 425 * kDayMs);
  for (std::string_view text : {"", "P", "PT", "P1", "1D", "P1H", "PT1D", "P-1D", "PT1S1H", "P1.5D",
                                "P1D1D", "PTT1H", "P1DT", "P9999999999999Y"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_iso_duration_ms(text));
  }
}
