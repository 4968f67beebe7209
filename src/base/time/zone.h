// Time zones: the offset from UTC at a moment, from the compiled files of the tz database (TZif,
// RFC 8536). Reading the files is the caller's; this is a pure parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kansoku {

// Immutable; copies are cheap enough (some hundred transitions).
class Zone {
 public:
  Zone() = default;  // UTC
  // Always the same offset.
  explicit Zone(int32_t offset_s) : first_offset_s_(offset_s) {}
  // Nothing when the bytes are no TZif file of version 1 to 4.
  static std::optional<Zone> parse(std::string_view tzif);

  // Seconds to add to UTC for local time.
  int32_t offset_s(int64_t unix_s) const;

 private:
  struct Change {
    int64_t at_s = 0;
    int32_t offset_s = 0;
  };
  // When daylight-saving time begins or ends every year, as POSIX's TZ has it.
  struct YearlyDate {
    enum class Kind : uint8_t { MonthWeekDay, JulianWithoutLeap, Julian };
    Kind kind = Kind::MonthWeekDay;
    int month = 0;   // 1 to 12
    int week = 0;    // 1 to 5, 5 is the last
    int day = 0;     // weekday (0 is Sunday) or day of the year
    int time_s = 0;  // local, of the offset before
    int64_t local_s(int64_t year) const;
  };
  // Goes on where the table of changes ends.
  struct Rule {
    int32_t standard_offset_s = 0;
    bool has_daylight = false;
    int32_t daylight_offset_s = 0;
    YearlyDate begin;
    YearlyDate end;
    int32_t offset_s(int64_t unix_s) const;
  };
  friend class RuleText;

  int32_t first_offset_s_ = 0;  // before the first change
  std::vector<Change> changes_;
  std::optional<Rule> rule_;
};

// Names of the tz database that are safe to make a path of: "Europe/Berlin", "UTC", "Etc/GMT+3".
bool is_zone_name(std::string_view name);

}  // namespace kansoku
