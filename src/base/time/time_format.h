// Times written by a format of percent codes, found anywhere in a line of text.
//
// Codes: %Y %y %m %d %e %B %b %A %a %H %I %p %M %S %f %L %s %z %Z %T %F %n %t %%; a '-' after the
// percent sign is allowed and means nothing. Numbers take one digit too where a line has only one,
// and one blank before (months and days). %f and %L are fractions of 1 to 9 digits, also after the
// '.' or ',' that the format names; %s is seconds since 1970; %z is Z, +hhmm, +hh:mm, +hh; %Z three
// to five letters (UTC, GMT, Z and the zones of North America have their offset, others are those
// of the line's own zone). A blank of the format takes any number of blanks, also none. Thread
// contract: immutable, free-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time/zone.h"

namespace kansoku {

class TimeFormat {
 public:
  // Nothing when a code is unknown; `why` (if given) says which.
  static std::optional<TimeFormat> compile(std::string_view format, std::string* why = nullptr);

  struct Found {
    int64_t unix_ns = 0;
    size_t begin = 0;  // of the text
    size_t end = 0;
  };
  // The first place where the format fits. `zone` is that of times without an offset. A time
  // without a year is of the year of now_ns; if that is more than 30 days ahead of it, of the year
  // before. One without a date is of the day of now_ns (or the one before, when it would be over a
  // day ahead).
  std::optional<Found> find(std::string_view text, const Zone& zone, int64_t now_ns) const;
  // Only at the begin of the text.
  std::optional<Found> match(std::string_view text, const Zone& zone, int64_t now_ns) const;

 private:
  struct Op {
    char code = 0;  // 0: the character `literal`
    char literal = 0;
  };
  struct Fields;
  bool read(std::string_view text, size_t& at, Fields& fields) const;
  std::vector<Op> ops_;
};

}  // namespace kansoku
