// Times as text: ISO 8601 (RFC 3339) and the date of HTTP. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kansoku {

enum class IsoFraction : uint8_t {
  None,        // 2026-11-22T13:00:00Z
  WhenNeeded,  // three digits unless they are zeros
  Always,      // 2026-11-22T13:00:00.000Z
};

std::string iso8601(int64_t unix_ms, IsoFraction fraction);
// 2026-11-22
std::string iso8601_date(int64_t unix_ms);
// 2023-11-14T22:13:20.123+09:00; the time, its seconds, the fraction (digits past the third are
// ignored) and the zone (then UTC) may be absent; a blank may stand for the T.
std::optional<int64_t> parse_iso8601(std::string_view text);
// The same to the nanosecond, of the years 1678 to 2261.
std::optional<int64_t> parse_iso8601_ns(std::string_view text);

// Tue, 29 Apr 2014 18:30:38 GMT (RFC 9110 §5.6.7, the preferred form).
std::string http_date(int64_t unix_ms);
// With an optional fraction behind the seconds; the name of the day is not looked at.
std::optional<int64_t> parse_http_date(std::string_view text);

}  // namespace kansoku
