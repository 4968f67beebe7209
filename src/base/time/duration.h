// Durations as text, in milliseconds. The units of all of them are ms, s, m, h, d (24 h), w (7 d)
// and y (365 d), as Prometheus has them ("Querying basics", time durations).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kansoku {

// Of a unit's name; nothing where there is none of this name.
std::optional<int64_t> duration_unit_ms(std::string_view name);

// One decimal number with a unit up to w, blanks between them; without a unit it is seconds:
// "1.5h", "90 s", "60". Rounded to the millisecond.
std::optional<int64_t> parse_decimal_duration_ms(std::string_view text);

// ISO 8601, whole numbers: "PT3H", "P1DT12H", "P2W"; a month is 30 days, a year 365. "PT0H" is 0.
// Up to a thousand years.
std::optional<int64_t> parse_iso_duration_ms(std::string_view text);

// Whole numbers with their units, joined: "15d", "1d12h", "1y". Above zero and up to a thousand
// years.
std::optional<int64_t> parse_joined_duration_ms(std::string_view text);

}  // namespace kansoku
