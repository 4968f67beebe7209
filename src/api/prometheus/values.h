// Times, durations, numbers and names as the HTTP API writes and reads them.
// Thread contract: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::prometheus {

// The widest range that clients ask for when they mean "everything" ("-292273086-05-16T16:47:06Z").
inline constexpr int64_t kTimeMinMs = -9'223'309'901'257'974;
inline constexpr int64_t kTimeMaxMs = 9'223'309'901'257'974;

// Unix seconds with a fraction, or RFC 3339.
Result<int64_t> parse_time_ms(std::string_view text);
// Seconds with a fraction, or "1h30m", positive.
Result<int64_t> parse_duration_ms(std::string_view text);
// "2026-11-22T14:25:18.123Z".
std::string rfc3339(int64_t time_ms);
// "+Inf", "NaN", "0.1", "1e+21": shortest that reads back, exponents from 1e21 and below 1e-6.
std::string format_value(double value);
// Seconds: 1435781430.781, three digits of fraction when there is one.
std::string format_timestamp(int64_t time_ms);
// [A-Za-z_][A-Za-z0-9_]*; with colons for metric names.
bool is_legacy_label_name(std::string_view name);
bool is_legacy_metric_name(std::string_view name);
// "U__a_2e_b" is "a.b" (value escaping); anything else stays.
std::string unescape_label_name(std::string_view name);
// Everything outside the legacy form becomes '_' (underscore escaping).
std::string underscore_escaped(std::string_view name);

}  // namespace kansoku::api::prometheus
