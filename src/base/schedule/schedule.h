// Schedule expressions of AWS: "rate(5 minutes)" and "cron(0 18 ? * MON-FRI *)".
//
// The grammar is that of the EventBridge user guide, "Schedule expressions": cron has six fields
// (minutes, hours, day of the month, month, day of the week, year), a '?' in exactly one of the two
// day fields, and L, W and '#'. Pure functions.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time/civil.h"
#include "base/time/zone.h"

namespace kansoku {

class Schedule {
 public:
  // InvalidArgument says what is wrong.
  static Result<Schedule> parse(std::string_view text);

  // The first moment after `after_s` (exclusive, Unix seconds). Cron: local times of the zone;
  // those that a change of the clocks leaves out are left out, those that come twice count the
  // first time. Rate: whole multiples after `origin_s`, and `origin_s` itself. Nothing: never
  // again.
  std::optional<int64_t> next(int64_t after_s, const Zone& zone, int64_t origin_s) const;

 private:
  static constexpr int kFirstYear = 1970;
  static constexpr size_t kYears = 230;  // to 2199

  bool is_day(int64_t year, int month, int day) const;
  // The first minute of local time at or after; nothing when the years are over.
  std::optional<int64_t> next_local(int64_t local_s) const;
  friend class ScheduleParser;

  int64_t rate_s_ = 0;  // 0: cron
  uint64_t minutes_ = 0;
  uint64_t hours_ = 0;
  uint64_t months_ = 0;  // bit 1 is January
  std::bitset<kYears> years_;
  bool by_weekday_ = false;
  // By day of the month (bit 1 is the first).
  uint64_t days_ = 0;
  uint64_t nearest_weekdays_ = 0;  // "3W"
  bool last_day_ = false;          // "L"
  bool last_weekday_ = false;      // "LW"
  // By day of the week (bit 1 is Sunday).
  uint64_t weekdays_ = 0;
  uint64_t last_weekdays_ = 0;                 // "6L"
  std::array<uint64_t, 5> nth_weekdays_ = {};  // "3#2" is bit 3 of the second
};

}  // namespace kansoku
