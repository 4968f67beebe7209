// Numbers with their units, and the ticks of axes, as the console writes them
// (console/src/chart/units.ts).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::api::widget_image {

// Three significant digits with the unit of CloudWatch's name: "1.5 MiB/s", "42 %", "350 ms".
std::string format_value(double value, std::string_view unit);
// All digits that the value has.
std::string format_exactly(double value, std::string_view unit);

// Ascending, at most count_max; steps of 1, 2 and 5, of bytes powers of 2. The first is not above
// `low`, the last not below `high` (which are equal or in this order).
std::vector<double> value_ticks(double low, double high, size_t count_max, std::string_view unit);

struct TimeTick {
  int64_t at_ms = 0;
  std::string text;
};
// Within start and end, at most count_max, on full minutes, hours and days of the zone.
std::vector<TimeTick> time_ticks(int64_t start_ms, int64_t end_ms, size_t count_max,
                                 int offset_minutes);

}  // namespace kansoku::api::widget_image
