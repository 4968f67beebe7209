#include "base/schedule/schedule.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/time/iso8601.h"

namespace kansoku {
namespace {

std::optional<Zone> zone_of(const std::string& name) {
  std::ifstream in("/usr/share/zoneinfo/" + name, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return Zone::parse(bytes.str());
}

int64_t seconds(std::string_view iso) { return *parse_iso8601(iso) / 1'000; }

// The next moments after `after`, by blanks.
std::string runs(std::string_view expression, std::string_view after, int count = 1,
                 const Zone& zone = {}) {
  const auto schedule = Schedule::parse(expression);
  if (!schedule) return schedule.error().message;
  std::string out;
  int64_t at = seconds(after);
  for (int i = 0; i < count; ++i) {
    const auto next = schedule->next(at, zone, 0);
    if (!next) return out + (i == 0 ? "never" : " never");
    at = *next;
    const CivilTime t = civil_time(at * 1'000);
    out += fmt::format("{}{}-{:02}-{:02}T{:02}:{:02}", i == 0 ? "" : " ", t.year, t.month, t.day,
                       t.hour, t.minute);
  }
  return out;
}

}  // namespace

TEST_CASE("cron expressions name their next moments") {
  CHECK(runs("cron(5,35 14 * * ? *)", "2025-01-01T14:05:00Z", 3) ==
        "2025-01-01T14:35 2025-01-02T14:05 2025-01-02T14:35");
  CHECK(runs("cron(0/20 8-10/2 ? * 2 *)", "2025-06-02T08:39:00Z", 3) ==
        "2025-06-02T08:40 2025-06-02T10:00 2025-06-02T10:20");
  CHECK(runs("cron(0 0 ? * sun,WED 2025)", "2025-12-27T00:00:00Z", 3) ==
        "2025-12-28T00:00 2025-12-31T00:00 never");
  CHECK(runs("cron(30 6 31 * ? *)", "2025-01-31T06:30:00Z", 2) ==
        "2025-03-31T06:30 2025-05-31T06:30");
  CHECK(runs("cron(0 9 LW * ? *)", "2025-05-01T00:00:00Z", 2) ==
        "2025-05-30T09:00 2025-06-30T09:00");
  CHECK(runs("cron(0 9 1W,15W FEB-MAR ? *)", "2025-02-01T00:00:00Z", 4) ==
        "2025-02-03T09:00 2025-02-14T09:00 2025-03-03T09:00 2025-03-14T09:00");
  CHECK(runs("cron(0 9 31W * ? 2025)", "2025-08-01T00:00:00Z", 1) == "2025-08-29T09:00");
  CHECK(runs("cron(0 0 L 2 ? *)", "2025-01-01T00:00:00Z", 4) ==
        "2025-02-28T00:00 2026-02-28T00:00 2027-02-28T00:00 2028-02-29T00:00");
  CHECK(runs("cron(0 0 ? * 5#5 2025)", "2025-01-01T00:00:00Z", 4) ==
        "2025-01-30T00:00 2025-05-29T00:00 2025-07-31T00:00 2025-10-30T00:00");
  CHECK(runs("cron(0 0 ? 7 6L *)", "2025-01-01T00:00:00Z") == "2025-07-25T00:00");
  CHECK(runs("cron(0 0 ? * L *)", "2025-01-01T00:00:00Z") == "2025-01-04T00:00");
  CHECK(runs("cron(0 0 30 2 ? *)", "2025-01-01T00:00:00Z") == "never");
  CHECK(runs("cron(* * * * ? *)", "2025-12-31T23:59:30Z") == "2026-01-01T00:00");
}

TEST_CASE("cron expressions follow the clocks of their zone") {
  const auto berlin = zone_of("Europe/Berlin");
  REQUIRE(berlin.has_value());
  CHECK(runs("cron(0 8 * * ? *)", "2025-03-28T12:00:00Z", 3, *berlin) ==
        "2025-03-29T07:00 2025-03-30T06:00 2025-03-31T06:00");
  // 02:30 is left out on 30 March, and comes twice on 26 October.
  CHECK(runs("cron(30 2 * * ? *)", "2025-03-28T12:00:00Z", 2, *berlin) ==
        "2025-03-29T01:30 2025-03-31T00:30");
  CHECK(runs("cron(30 2 * * ? *)", "2025-10-25T12:00:00Z", 2, *berlin) ==
        "2025-10-26T00:30 2025-10-27T01:30");
  CHECK(runs("cron(0 0 * * ? *)", "2025-01-01T00:00:00Z", 1, Zone(9 * 3'600)) ==
        "2025-01-01T15:00");
}

TEST_CASE("rates count from their origin") {
  const auto schedule = Schedule::parse("rate(5 minutes)");
  REQUIRE(schedule.has_value());
  CHECK(schedule->next(100, {}, 1'000) == 1'000);
  CHECK(schedule->next(1'000, {}, 1'000) == 1'300);
  CHECK(schedule->next(1'299, {}, 1'000) == 1'300);
  CHECK(Schedule::parse("rate(1 hour)")->next(0, {}, 0) == 3'600);
  CHECK(Schedule::parse("rate(7 days)")->next(1, {}, 0) == 7 * 86'400);
}

TEST_CASE("expressions that are none say why") {
  for (const char* text : {"",
                           "5 minutes",
                           "rate(1 minutes)",
                           "rate(5 minute)",
                           "rate(0 minutes)",
                           "rate(-1 hours)",
                           "rate(5 seconds)",
                           "rate( 5 minutes)",
                           "rate(5 minutes )",
                           "rate(5  minutes)",
                           "rate(5)",
                           "rate(99999999999 days)",
                           "cron(0 10 * * * *)",
                           "cron(0 10 ? * ? *)",
                           "cron(0 10 * * ?)",
                           "cron(60 0 * * ? *)",
                           "cron(0 24 * * ? *)",
                           "cron(0 0 0 * ? *)",
                           "cron(0 0 32 * ? *)",
                           "cron(0 0 * 13 ? *)",
                           "cron(0 0 ? * 8 *)",
                           "cron(0 0 ? * 3#6 *)",
                           "cron(0 0 ? * 3#0 *)",
                           "cron(0 0 ? * MON#x *)",
                           "cron(5-1 0 * * ? *)",
                           "cron(0/0 0 * * ? *)",
                           "cron(a 0 * * ? *)",
                           "cron(0 0 * * ? 1969)",
                           "cron(0 0 * * ? 2200)",
                           "cron(0 0 W * ? *)",
                           "cron(, 0 * * ? *)",
                           "cron(0 0 * * ? *",
                           "at(2025-01-01T00:00:00)"}) {
    const auto schedule = Schedule::parse(text);
    CHECK_MESSAGE(!schedule.has_value(), text);
    if (!schedule) CHECK_FALSE(schedule.error().message.empty());
  }
}

}  // namespace kansoku
