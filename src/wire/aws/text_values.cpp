// Values as text: times and numbers.
#include <charconv>
#include <cmath>

#include "base/time/iso8601.h"
#include "wire/aws/protocol.h"

namespace kansoku::aws {

using describe::Timestamp;

bool timestamp_from_seconds(double seconds, Timestamp& time) {
  // Years 0001 to 9999; beyond that no protocol can write the time back.
  if (!(seconds > -62'135'596'801.0 && seconds < 253'402'300'800.0)) return false;
  time.ms = static_cast<int64_t>(std::llround(seconds * 1000));
  return true;
}

bool parse_timestamp(std::string_view text, Timestamp& time) {
  auto ms = parse_iso8601(text);
  if (!ms) ms = parse_http_date(text);
  if (ms) {
    time.ms = *ms;
    return true;
  }
  double seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() &&
         timestamp_from_seconds(seconds, time);
}

bool parse_double(std::string_view text, double& value) {
  if (text == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (text == "Infinity" || text == "-Infinity") {
    value = text.front() == '-' ? -std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::infinity();
    return true;
  }
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // from_chars knows "inf" and "nan", which no protocol writes.
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

}  // namespace kansoku::aws
