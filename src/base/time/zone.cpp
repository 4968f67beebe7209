#include "base/time/zone.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/time/civil.h"
#include "base/time/grid.h"

namespace kansoku {
namespace {

constexpr int64_t kDayS = 86'400;
// RFC 8536 section 3.2: offsets that POSIX allows, ±24:59:59 and a little.
constexpr int32_t kOffsetMaxS = 25 * 3'600;
// More than any zone has; bounds what a broken file can ask for.
constexpr uint32_t kChangesMax = 4'096;

class Bytes {
 public:
  explicit Bytes(std::string_view text) : text_(text) {}
  bool take(size_t count, std::string_view& out) {
    if (text_.size() < count) return false;
    out = text_.substr(0, count);
    text_.remove_prefix(count);
    return true;
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

// Big endian, two's complement.
int64_t number(std::string_view bytes) {
  uint64_t out = (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 ? ~uint64_t{0} : 0;
  for (char c : bytes) out = (out << 8U) | static_cast<unsigned char>(c);
  return static_cast<int64_t>(out);
}

struct Counts {
  uint32_t utc_indicators = 0;
  uint32_t standard_indicators = 0;
  uint32_t leaps = 0;
  uint32_t changes = 0;
  uint32_t types = 0;
  uint32_t name_bytes = 0;
  size_t body_bytes(size_t time_bytes) const {
    return changes * (time_bytes + 1) + types * size_t{6} + name_bytes + leaps * (time_bytes + 4) +
           standard_indicators + utc_indicators;
  }
};

bool read_header(Bytes& bytes, char& version, Counts& counts) {
  std::string_view head;
  if (!bytes.take(44, head) || head.substr(0, 4) != "TZif") return false;
  version = head[4];
  uint32_t* fields[] = {&counts.utc_indicators, &counts.standard_indicators,
                        &counts.leaps,          &counts.changes,
                        &counts.types,          &counts.name_bytes};
  for (size_t i = 0; i < 6; ++i) {
    int64_t value = number(head.substr(20 + i * 4, 4));
    if (value < 0 || value > kChangesMax) return false;
    *fields[i] = static_cast<uint32_t>(value);
  }
  return counts.types > 0;
}

}  // namespace

// "EST5EDT,M3.2.0,M11.1.0": POSIX, "Environment Variables", TZ; with the hours up to ±167 of
// RFC 8536 section 3.3.1.
class RuleText {
 public:
  explicit RuleText(std::string_view text) : text_(text) {}

  std::optional<Zone::Rule> parse() {
    Zone::Rule rule;
    int offset = 0;
    if (!name() || !time(offset)) return std::nullopt;
    rule.standard_offset_s = -offset;
    if (text_.empty()) return rule;
    rule.has_daylight = true;
    if (!name()) return std::nullopt;
    rule.daylight_offset_s = rule.standard_offset_s + 3'600;
    if (!text_.empty() && text_[0] != ',') {
      if (!time(offset)) return std::nullopt;
      rule.daylight_offset_s = -offset;
    }
    if (!date(rule.begin) || !date(rule.end) || !text_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool digits(int& out, int max) {
    auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), out);
    if (error != std::errc() || out < 0 || out > max) return false;
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return true;
  }
  bool name() {
    if (take('<')) {
      size_t end = text_.find('>');
      if (end == std::string_view::npos) return false;
      text_.remove_prefix(end + 1);
      return true;
    }
    size_t length = 0;
    auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    while (length < text_.size() && letter(text_[length])) ++length;
    text_.remove_prefix(length);
    return length >= 3;
  }
  // [+-]h[h[h]][:mm[:ss]]
  bool time(int& out_s) {
    int sign = take('-') ? -1 : (take('+'), 1);
    int hours = 0, minutes = 0, seconds = 0;
    if (text_.empty() || text_[0] < '0' || text_[0] > '9' || !digits(hours, 167)) return false;
    if (take(':') && !digits(minutes, 59)) return false;
    if (take(':') && !digits(seconds, 59)) return false;
    out_s = sign * (hours * 3'600 + minutes * 60 + seconds);
    return true;
  }
  bool date(Zone::YearlyDate& out) {
    using Kind = Zone::YearlyDate::Kind;
    if (!take(',')) return false;
    if (take('M')) {
      out.kind = Kind::MonthWeekDay;
      if (!digits(out.month, 12) || out.month == 0 || !take('.')) return false;
      if (!digits(out.week, 5) || out.week == 0 || !take('.')) return false;
      if (!digits(out.day, 6)) return false;
    } else if (take('J')) {
      out.kind = Kind::JulianWithoutLeap;
      if (!digits(out.day, 365) || out.day == 0) return false;
    } else {
      out.kind = Kind::Julian;
      if (!digits(out.day, 365)) return false;
    }
    out.time_s = 2 * 3'600;
    return !take('/') || time(out.time_s);
  }

  std::string_view text_;
};

int64_t Zone::YearlyDate::local_s(int64_t year) const {
  auto midnight = [&](int in_month, int in_day) {
    return unix_ms({.year = year, .month = in_month, .day = in_day}).value_or(0) / 1000;
  };
  if (kind == Kind::MonthWeekDay) {
    int64_t first = midnight(month, 1);
    int days = (day - weekday(first * 1000) + 7) % 7 + (week - 1) * 7;
    if (days >= days_of_month(year, month)) days -= 7;
    return first + days * kDayS + time_s;
  }
  int64_t days = kind == Kind::Julian ? day : day - 1;
  // J60 is always 1 March.
  if (kind == Kind::JulianWithoutLeap && day >= 60 && days_of_month(year, 2) == 29) ++days;
  return midnight(1, 1) + days * kDayS + time_s;
}

int32_t Zone::Rule::offset_s(int64_t unix_s) const {
  if (!has_daylight) return standard_offset_s;
  int64_t year = civil_time((unix_s + standard_offset_s) * 1000).year;
  int64_t on = begin.local_s(year) - standard_offset_s;
  int64_t off = end.local_s(year) - daylight_offset_s;
  bool daylight = on < off ? unix_s >= on && unix_s < off : unix_s >= on || unix_s < off;
  return daylight ? daylight_offset_s : standard_offset_s;
}

std::optional<Zone> Zone::parse(std::string_view tzif) {
  Bytes bytes(tzif);
  char version = 0;
  Counts counts;
  if (!read_header(bytes, version, counts)) return std::nullopt;
  size_t time_bytes = 4;
  std::string_view skipped;
  if (version >= '2') {  // the first block is for readers of version 1
    time_bytes = 8;
    if (!bytes.take(counts.body_bytes(4), skipped)) return std::nullopt;
    if (!read_header(bytes, version, counts)) return std::nullopt;
  }
  std::string_view times, indexes, types;
  if (!bytes.take(counts.changes * time_bytes, times)) return std::nullopt;
  if (!bytes.take(counts.changes, indexes)) return std::nullopt;
  if (!bytes.take(counts.types * size_t{6}, types)) return std::nullopt;
  size_t tail = counts.name_bytes + counts.leaps * (time_bytes + 4) + counts.standard_indicators +
                counts.utc_indicators;
  if (!bytes.take(tail, skipped)) return std::nullopt;
  std::vector<int32_t> offsets;
  for (uint32_t i = 0; i < counts.types; ++i) {
    int64_t offset = number(types.substr(i * size_t{6}, 4));
    if (offset < -kOffsetMaxS || offset > kOffsetMaxS) return std::nullopt;
    offsets.push_back(static_cast<int32_t>(offset));
  }
  Zone out(offsets[0]);
  for (uint32_t i = 0; i < counts.changes; ++i) {
    auto type = static_cast<unsigned char>(indexes[i]);
    int64_t at = number(times.substr(i * time_bytes, time_bytes));
    bool ordered = out.changes_.empty() || out.changes_.back().at_s < at;
    if (type >= offsets.size() || !ordered) return std::nullopt;
    out.changes_.push_back({at, offsets[type]});
  }
  if (version >= '2') {
    std::string_view footer = bytes.rest();
    if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') return std::nullopt;
    footer = footer.substr(1, footer.size() - 2);
    if (!footer.empty()) {
      out.rule_ = RuleText(footer).parse();
      if (!out.rule_) return std::nullopt;
    }
  }
  return out;
}

int32_t Zone::offset_s(int64_t unix_s) const {
  auto after = std::upper_bound(changes_.begin(), changes_.end(), unix_s,
                                [](int64_t at, const Change& change) { return at < change.at_s; });
  // Without any change the rule, where there is one, holds for all times.
  if (after == changes_.end() && rule_) return rule_->offset_s(unix_s);
  return after == changes_.begin() ? first_offset_s_ : std::prev(after)->offset_s;
}

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.back() == '/') return false;
  char before = 0;
  for (char c : name) {
    bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '-' || c == '+' || c == '/';
    if (!plain || (c == '/' && before == '/')) return false;
    before = c;
  }
  return true;
}

}  // namespace kansoku
