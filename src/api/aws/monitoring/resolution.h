// Which periods CloudWatch answers at which age, and how it rounds times.
// Source: API reference of GetMetricStatistics ("StartTime"), user guide "Metrics retention".
#pragma once

#include <cstdint>

namespace kansoku::api::aws::monitoring {

// 1, 5, 10, 20, 30 seconds or a multiple of 60.
bool is_period(int64_t period_s);
// Whether data of this age are still held at this period: below a minute 3 h, below 5 minutes 15
// days, below an hour 63 days, then 455 days; beyond a step the period must be a multiple of the
// coarser one.
bool period_available(int64_t age_s, int64_t period_s);
// For how long points of this period are held.
int64_t held_s(int64_t period_s);
// Start times are rounded down to a minute, 5 minutes (15 days ago) or an hour (63 days ago); for
// periods below a minute to the period.
int64_t round_start_ms(int64_t start_ms, int64_t now_ms, int64_t period_s);

}  // namespace kansoku::api::aws::monitoring
