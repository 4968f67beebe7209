#include "base/schedule/schedule.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text/ascii.h"

namespace kansoku {
namespace {

constexpr int64_t kMinuteS = 60;
constexpr int64_t kHourS = 3'600;
constexpr int64_t kDayS = 86'400;
constexpr uint64_t bit(int i) { return uint64_t{1} << i; }

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> number_of(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-'))
    return std::nullopt;
  return out;
}

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

// A field of numbers from `min` to `max`, which may have names (the first is `min`).
struct Field {
  std::string_view name;
  int min = 0;
  int max = 0;
  std::span<const std::string_view> names;
};

int64_t day_ms(int64_t year, int month, int day) {
  return *unix_ms({.year = year, .month = month, .day = day});
}
// 1 is Sunday.
int weekday_of(int64_t year, int month, int day) { return weekday(day_ms(year, month, day)) + 1; }
bool is_weekend(int day_of_week) { return day_of_week == 1 || day_of_week == 7; }

// The weekday nearest to a day, within its month.
int nearest_weekday(int64_t year, int month, int day) {
  const int last = days_of_month(year, month);
  const int of_week = weekday_of(year, month, day);
  if (of_week == 7) return day > 1 ? day - 1 : day + 2;
  if (of_week == 1) return day < last ? day + 1 : day - 2;
  return day;
}

}  // namespace

class ScheduleParser {
 public:
  static Result<Schedule> rate(std::string_view text) {
    const size_t blank = text.find(' ');
    const auto value = number_of(text.substr(0, blank));
    if (blank == std::string_view::npos || !value || *value < 1)
      return invalid_argument("a rate is a number from 1 on, a blank, and its unit");
    std::string_view unit = text.substr(blank + 1);
    const bool plural = unit.ends_with('s');
    if (plural) unit.remove_suffix(1);
    Schedule out;
    if (unit == "minute") out.rate_s_ = kMinuteS * *value;
    if (unit == "hour") out.rate_s_ = kHourS * *value;
    if (unit == "day") out.rate_s_ = kDayS * *value;
    if (out.rate_s_ == 0 || plural == (*value == 1))
      return invalid_argument("the unit of a rate is minute, hour or day, or its plural beyond 1");
    return out;
  }

  static Result<Schedule> cron(std::string_view text) {
    const auto fields = split(text, ' ');
    if (fields.size() != 6)
      return invalid_argument("{} fields, cron has six with a blank between", fields.size());
    Schedule out;
    KANSOKU_TRY(out.minutes_, numbers({"minutes", 0, 59, {}}, fields[0]));
    KANSOKU_TRY(out.hours_, numbers({"hours", 0, 23, {}}, fields[1]));
    KANSOKU_TRY(out.months_, numbers({"month", 1, 12, kMonths}, fields[3]));
    KANSOKU_RETURN_IF_ERROR(years(fields[5], out));
    if ((fields[2] == "?") == (fields[4] == "?"))
      return invalid_argument("exactly one of day of the month and day of the week is '?'");
    out.by_weekday_ = fields[2] == "?";
    if (out.by_weekday_) {
      KANSOKU_RETURN_IF_ERROR(days_of_week(fields[4], out));
    } else {
      KANSOKU_RETURN_IF_ERROR(days_of_the_month(fields[2], out));
    }
    return out;
  }

 private:
  static Result<int> value(const Field& field, std::string_view text) {
    auto number = number_of(text);
    for (size_t i = 0; i < field.names.size(); ++i) {
      if (equals_ignore_case(text, field.names[i])) number = field.min + static_cast<int>(i);
    }
    if (!number || *number < field.min || *number > field.max) {
      return invalid_argument("{} {} is not from {} to {}", field.name, quoted(text), field.min,
                              field.max);
    }
    return *number;
  }

  // Of "3", "1-5", "*", each with "/step": calls back with every number.
  template <class Each>
  static Status each_number(const Field& field, std::string_view text, Each each) {
    for (const std::string_view item : split(text, ',')) {
      const size_t slash = item.find('/');
      int step = 1;
      if (slash != std::string_view::npos) {
        const auto given = number_of(item.substr(slash + 1));
        if (!given || *given < 1 || *given > field.max)
          return invalid_argument("{} {} has a wrong step", field.name, quoted(item));
        step = *given;
      }
      const std::string_view range = item.substr(0, slash);
      int begin = field.min, end = field.max;
      if (range != "*") {
        const size_t dash = range.find('-');
        KANSOKU_TRY(begin, value(field, range.substr(0, dash)));
        if (dash != std::string_view::npos) {
          KANSOKU_TRY(end, value(field, range.substr(dash + 1)));
        } else if (slash == std::string_view::npos) {
          end = begin;
        }
        if (begin > end)
          return invalid_argument("{} {} ends before it begins", field.name, quoted(item));
      }
      for (int i = begin; i <= end; i += step) each(i);
    }
    return {};
  }

  static Result<uint64_t> numbers(const Field& field, std::string_view text) {
    uint64_t out = 0;
    KANSOKU_RETURN_IF_ERROR(each_number(field, text, [&](int i) { out |= bit(i); }));
    return out;
  }

  static Status years(std::string_view text, Schedule& out) {
    const Field field{"year",
                      Schedule::kFirstYear,
                      Schedule::kFirstYear + static_cast<int>(Schedule::kYears) - 1,
                      {}};
    return each_number(field, text, [&](int year) {
      out.years_.set(static_cast<size_t>(year - Schedule::kFirstYear));
    });
  }

  static Status days_of_the_month(std::string_view text, Schedule& out) {
    const Field field{"day of the month", 1, 31, {}};
    for (std::string_view item : split(text, ',')) {
      if (item == "L") {
        out.last_day_ = true;
      } else if (item == "LW") {
        out.last_weekday_ = true;
      } else if (item.ends_with('W')) {
        item.remove_suffix(1);
        KANSOKU_TRY(const int day, value(field, item));
        out.nearest_weekdays_ |= bit(day);
      } else {
        KANSOKU_TRY(const uint64_t days, numbers(field, item));
        out.days_ |= days;
      }
    }
    return {};
  }

  static Status days_of_week(std::string_view text, Schedule& out) {
    const Field field{"day of the week", 1, 7, kWeekdays};
    for (std::string_view item : split(text, ',')) {
      const size_t hash = item.find('#');
      if (item == "L") {
        out.weekdays_ |= bit(7);
      } else if (hash != std::string_view::npos) {
        KANSOKU_TRY(const int day, value(field, item.substr(0, hash)));
        KANSOKU_TRY(const int nth, value({"week of the month", 1, 5, {}}, item.substr(hash + 1)));
        out.nth_weekdays_[static_cast<size_t>(nth - 1)] |= bit(day);
      } else if (item.ends_with('L')) {
        item.remove_suffix(1);
        KANSOKU_TRY(const int day, value(field, item));
        out.last_weekdays_ |= bit(day);
      } else {
        KANSOKU_TRY(const uint64_t days, numbers(field, item));
        out.weekdays_ |= days;
      }
    }
    return {};
  }
};

Result<Schedule> Schedule::parse(std::string_view text) {
  const auto inside = [&](std::string_view name) -> std::optional<std::string_view> {
    if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
    return text.substr(name.size(), text.size() - name.size() - 1);
  };
  if (const auto rate = inside("rate(")) return ScheduleParser::rate(*rate);
  if (const auto cron = inside("cron(")) return ScheduleParser::cron(*cron);
  return invalid_argument("{} is neither rate(...) nor cron(...)", quoted(text));
}

bool Schedule::is_day(int64_t year, int month, int day) const {
  const int last = days_of_month(year, month);
  if (!by_weekday_) {
    if ((days_ & bit(day)) != 0 || (last_day_ && day == last)) return true;
    if (last_weekday_) {
      int weekday_before = last;
      while (is_weekend(weekday_of(year, month, weekday_before))) --weekday_before;
      if (day == weekday_before) return true;
    }
    for (int wanted = 1; nearest_weekdays_ != 0 && wanted <= last; ++wanted) {
      if ((nearest_weekdays_ & bit(wanted)) != 0 && nearest_weekday(year, month, wanted) == day)
        return true;
    }
    return false;
  }
  const uint64_t mine = bit(weekday_of(year, month, day));
  return (weekdays_ & mine) != 0 || ((last_weekdays_ & mine) != 0 && day + 7 > last) ||
         (nth_weekdays_[static_cast<size_t>((day - 1) / 7)] & mine) != 0;
}

std::optional<int64_t> Schedule::next_local(int64_t local_s) const {
  CivilTime from = civil_time(local_s * 1'000);
  // Where a larger field moves on, the smaller ones begin anew.
  bool moved = false;
  for (int64_t year = std::max<int64_t>(from.year, kFirstYear);
       year < kFirstYear + static_cast<int64_t>(kYears); ++year) {
    moved = moved || year > from.year;
    if (!years_.test(static_cast<size_t>(year - kFirstYear))) continue;
    for (int month = moved ? 1 : from.month; month <= 12; ++month) {
      moved = moved || month > from.month;
      if ((months_ & bit(month)) == 0) continue;
      for (int day = moved ? 1 : from.day; day <= days_of_month(year, month); ++day) {
        moved = moved || day > from.day;
        if (!is_day(year, month, day)) continue;
        for (int hour = moved ? 0 : from.hour; hour < 24; ++hour) {
          moved = moved || hour > from.hour;
          if ((hours_ & bit(hour)) == 0) continue;
          for (int minute = moved ? 0 : from.minute; minute < 60; ++minute) {
            if ((minutes_ & bit(minute)) != 0)
              return day_ms(year, month, day) / 1'000 + hour * kHourS + minute * kMinuteS;
          }
          moved = true;
        }
        moved = true;
      }
      moved = true;
    }
    moved = true;
  }
  return std::nullopt;
}

std::optional<int64_t> Schedule::next(int64_t after_s, const Zone& zone, int64_t origin_s) const {
  if (rate_s_ > 0) {
    if (after_s < origin_s) return origin_s;
    return origin_s + ((after_s - origin_s) / rate_s_ + 1) * rate_s_;
  }
  int64_t local_s = after_s + zone.offset_s(after_s);
  local_s = (local_s / kMinuteS + 1) * kMinuteS;
  // Each turn moves a minute on at least; a day has 1,440, and clocks change by less.
  for (int turn = 0; turn < 2 * 1'440; ++turn) {
    const auto found = next_local(local_s);
    if (!found) return std::nullopt;
    // The earlier of the moments that have this local time.
    const int32_t before = zone.offset_s(*found - zone.offset_s(*found) - kDayS / 2);
    for (const int32_t offset : {before, zone.offset_s(*found - before)}) {
      const int64_t at = *found - offset;
      if (zone.offset_s(at) == offset && at > after_s) return at;
      if (zone.offset_s(at) == offset) break;  // it was the first time already
    }
    local_s = *found + kMinuteS;
  }
  return std::nullopt;
}

}  // namespace kansoku
