#include "base/time/time_format.h"

#include <algorithm>
#include <array>

#include "base/time/civil.h"

namespace kansoku {
namespace {

constexpr std::string_view kCodes = "YymdeBbhAaHIpMSfLszZ";
constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kDays{"sunday",   "monday", "tuesday", "wednesday",
                                                "thursday", "friday", "saturday"};
struct ZoneName {
  std::string_view name;
  int hours;
};
constexpr std::array kZoneNames{ZoneName{"UTC", 0},  ZoneName{"GMT", 0},  ZoneName{"EST", -5},
                                ZoneName{"EDT", -4}, ZoneName{"CST", -6}, ZoneName{"CDT", -5},
                                ZoneName{"MST", -7}, ZoneName{"MDT", -6}, ZoneName{"PST", -8},
                                ZoneName{"PDT", -7}, ZoneName{"JST", 9},  ZoneName{"CET", 1},
                                ZoneName{"CEST", 2}, ZoneName{"BST", 1},  ZoneName{"IST", 5}};
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kAheadMaxNs = 30 * 86'400 * kSecondNs;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// At least one digit, at most `digits_max`; blanks before it where allowed.
bool read_number(std::string_view text, size_t& at, size_t digits_max, bool blank, int64_t& out) {
  if (blank && at < text.size() && text[at] == ' ') ++at;
  size_t begin = at;
  int64_t value = 0;
  while (at < text.size() && at - begin < digits_max && is_digit(text[at])) {
    value = value * 10 + (text[at++] - '0');
  }
  out = value;
  return at > begin;
}

// The full name or its first three letters; the index.
template <size_t N>
int read_name(std::string_view text, size_t& at, const std::array<std::string_view, N>& names) {
  for (size_t i = 0; i < N; ++i) {
    std::string_view name = names[i];
    size_t same = 0;
    while (same < name.size() && at + same < text.size() && lower(text[at + same]) == name[same]) {
      ++same;
    }
    if (same == name.size() || same == 3) {
      at += same;
      return static_cast<int>(i);
    }
    if (same > 3) {
      at += 3;
      return static_cast<int>(i);
    }
  }
  return -1;
}

bool read_fraction(std::string_view text, size_t& at, int64_t& out_ns) {
  size_t begin = at;
  int64_t value = 0;
  int64_t scale = kSecondNs;
  while (at < text.size() && at - begin < 9 && is_digit(text[at])) {
    value = value * 10 + (text[at++] - '0');
    scale /= 10;
  }
  out_ns = value * scale;
  return at > begin;
}

bool read_offset(std::string_view text, size_t& at, int32_t& out_s) {
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
    out_s = 0;
    return true;
  }
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return false;
  int sign = text[at] == '-' ? -1 : 1;
  size_t i = at + 1;
  int64_t hours = 0;
  int64_t minutes = 0;
  size_t begin = i;
  if (!read_number(text, i, 2, false, hours) || i - begin != 2) return false;
  size_t after_hours = i;
  if (i < text.size() && text[i] == ':') ++i;
  begin = i;
  if (!read_number(text, i, 2, false, minutes) || i - begin != 2) {
    minutes = 0;
    i = after_hours;
  }
  if (hours > 18 || minutes > 59) return false;
  at = i;
  out_s = static_cast<int32_t>(sign * (hours * 3600 + minutes * 60));
  return true;
}

}  // namespace

struct TimeFormat::Fields {
  int64_t year = -1;
  int64_t month = -1;
  int64_t day = -1;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t fraction_ns = 0;
  int64_t epoch_s = -1;
  int half = -1;  // 0 AM, 1 PM
  bool half_hours = false;
  std::optional<int32_t> offset_s;

  bool set(char code, std::string_view text, size_t& at);
  bool set_zone_name(std::string_view text, size_t& at);
  std::optional<int64_t> unix_ns(const Zone& zone, int64_t now_ns) const;
  std::optional<int64_t> local_ns(int64_t of_year) const;
};

bool TimeFormat::Fields::set_zone_name(std::string_view text, size_t& at) {
  size_t begin = at;
  while (at < text.size() && at - begin < 5 && is_letter(text[at])) ++at;
  std::string_view name = text.substr(begin, at - begin);
  if (name == "Z") offset_s = 0;
  for (const ZoneName& known : kZoneNames) {
    if (known.name != name) continue;
    // India's standard time is the only one of the table with half an hour.
    offset_s = known.hours * 3600 + (name == "IST" ? 1800 : 0);
  }
  return name.size() >= 3 || name == "Z";
}

bool TimeFormat::Fields::set(char code, std::string_view text, size_t& at) {
  switch (code) {
    case 'Y':
      return read_number(text, at, 4, false, year) && year >= 1000;
    case 'y':
      if (!read_number(text, at, 2, false, year)) return false;
      year += year < 69 ? 2000 : 1900;
      return true;
    case 'm':
      return read_number(text, at, 2, true, month) && month >= 1 && month <= 12;
    case 'd':
    case 'e':
      return read_number(text, at, 2, true, day) && day >= 1 && day <= 31;
    case 'B':
    case 'b':
      month = read_name(text, at, kMonths) + 1;
      return month > 0;
    case 'A':
    case 'a':
      return read_name(text, at, kDays) >= 0;
    case 'H':
      return read_number(text, at, 2, true, hour) && hour <= 24;
    case 'I':
      half_hours = true;
      return read_number(text, at, 2, true, hour) && hour >= 1 && hour <= 12;
    case 'p': {
      if (at + 1 >= text.size() || lower(text[at + 1]) != 'm') return false;
      char c = lower(text[at]);
      half = c == 'p' ? 1 : 0;
      at += 2;
      return c == 'a' || c == 'p';
    }
    case 'M':
      return read_number(text, at, 2, false, minute) && minute <= 59;
    case 'S':
      return read_number(text, at, 2, false, second) && second <= 60;
    case 'f':
    case 'L':
      return read_fraction(text, at, fraction_ns);
    case 's':
      return read_number(text, at, 12, false, epoch_s);
    case 'z': {
      int32_t offset = 0;
      if (!read_offset(text, at, offset)) return false;
      offset_s = offset;
      return true;
    }
    case 'Z':
      return set_zone_name(text, at);
    default:
      return false;
  }
}

std::optional<int64_t> TimeFormat::Fields::local_ns(int64_t of_year) const {
  int64_t h = hour;
  if (half_hours && half >= 0) h = hour % 12 + 12 * half;
  auto ms = unix_ms({.year = of_year,
                     .month = static_cast<int>(month),
                     .day = static_cast<int>(day),
                     .hour = static_cast<int>(h),
                     .minute = static_cast<int>(minute),
                     .second = static_cast<int>(second)});
  if (!ms) return std::nullopt;
  return *ms * 1'000'000 + fraction_ns;
}

std::optional<int64_t> TimeFormat::Fields::unix_ns(const Zone& zone, int64_t now_ns) const {
  if (epoch_s >= 0) return epoch_s * kSecondNs + fraction_ns;
  auto to_utc = [&](int64_t local) {
    if (offset_s) return local - *offset_s * kSecondNs;
    // The offset of the local time taken as UTC, then that of the result: right but within the hour
    // of a change.
    int64_t guess = local - zone.offset_s(local / kSecondNs) * kSecondNs;
    return local - zone.offset_s(guess / kSecondNs) * kSecondNs;
  };
  int64_t local_now =
      now_ns + (offset_s ? *offset_s : zone.offset_s(now_ns / kSecondNs)) * kSecondNs;
  CivilTime today = civil_time(local_now / 1'000'000);
  Fields whole = *this;
  bool no_date = month < 0 && day < 0;
  if (whole.month < 0) whole.month = no_date ? today.month : 1;
  if (whole.day < 0) whole.day = no_date ? today.day : 1;
  int64_t of_year = year >= 0 ? year : today.year;
  auto local = whole.local_ns(of_year);
  // 29 February of a year that has none is of the year before, or of none.
  if (!local && year < 0) local = whole.local_ns(of_year - 1);
  if (!local) return std::nullopt;
  int64_t out = to_utc(*local);
  if (no_date && year < 0) {
    if (out > now_ns + 86'400 * kSecondNs / 2) out -= 86'400 * kSecondNs;
  } else if (year < 0 && out > now_ns + kAheadMaxNs) {
    local = whole.local_ns(of_year - 1);
    if (!local) return std::nullopt;
    out = to_utc(*local);
  }
  return out;
}

std::optional<TimeFormat> TimeFormat::compile(std::string_view format, std::string* why) {
  TimeFormat out;
  auto add_all = [&](std::string_view codes) {
    for (char c : codes) out.ops_.push_back(is_letter(c) ? Op{.code = c} : Op{.literal = c});
  };
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out.ops_.push_back({.literal = format[i]});
      continue;
    }
    if (i + 1 < format.size() && (format[i + 1] == '-' || format[i + 1] == 'E')) ++i;
    char code = ++i < format.size() ? format[i] : '\0';
    if (code == 'T') {
      add_all("H:M:S");
    } else if (code == 'F') {
      add_all("Y-m-d");
    } else if (code == 'D') {
      add_all("m/d/y");
    } else if (code == 'R') {
      add_all("H:M");
    } else if (code == 'n' || code == 't') {
      out.ops_.push_back({.literal = ' '});
    } else if (code == '%') {
      out.ops_.push_back({.literal = '%'});
    } else if (code != '\0' && kCodes.find(code) != std::string_view::npos) {
      out.ops_.push_back({.code = code == 'h' ? 'b' : code});
    } else {
      if (why != nullptr) *why = std::string("unknown code %") + (code == '\0' ? ' ' : code);
      return std::nullopt;
    }
  }
  bool has_code = std::any_of(out.ops_.begin(), out.ops_.end(), [](Op op) { return op.code != 0; });
  if (!has_code) {
    if (why != nullptr) *why = "no code";
    return std::nullopt;
  }
  return out;
}

bool TimeFormat::read(std::string_view text, size_t& at, Fields& fields) const {
  for (const Op& op : ops_) {
    if (op.code != 0) {
      if (!fields.set(op.code, text, at)) return false;
    } else if (op.literal == ' ') {
      while (at < text.size() && text[at] == ' ') ++at;
    } else {
      if (at >= text.size() || text[at] != op.literal) return false;
      ++at;
    }
  }
  return true;
}

std::optional<TimeFormat::Found> TimeFormat::match(std::string_view text, const Zone& zone,
                                                   int64_t now_ns) const {
  Fields fields;
  size_t at = 0;
  if (!read(text, at, fields)) return std::nullopt;
  auto ns = fields.unix_ns(zone, now_ns);
  if (!ns) return std::nullopt;
  return Found{*ns, 0, at};
}

std::optional<TimeFormat::Found> TimeFormat::find(std::string_view text, const Zone& zone,
                                                  int64_t now_ns) const {
  const Op& first = ops_.front();
  bool digits = first.code != 0 &&
                std::string_view("YymdeHIMSfLs").find(first.code) != std::string_view::npos;
  for (size_t begin = 0; begin < text.size(); ++begin) {
    char c = text[begin];
    if (first.code == 0 ? c != first.literal : (digits && !is_digit(c))) continue;
    // A number does not begin in the middle of another one, nor a name in that of a word.
    if (begin > 0 && digits && is_digit(text[begin - 1])) continue;
    if (begin > 0 && first.code != 0 && !digits && is_letter(c) && is_letter(text[begin - 1])) {
      continue;
    }
    Fields fields;
    size_t at = begin;
    if (!read(text, at, fields)) continue;
    if (auto ns = fields.unix_ns(zone, now_ns)) return Found{*ns, begin, at};
  }
  return std::nullopt;
}

}  // namespace kansoku
