// Which periods are answered at which age, and how times are rounded, as CloudWatch does.
// Source: API reference of GetMetricStatistics ("StartTime"), user guide "Metrics retention".
#pragma once

#include <cstddef>
#include <cstdint>

namespace kansoku::query {

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

// The cells of a request: [start, end), start a multiple of the period.
struct CellRange {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t period_ms = 60'000;
  // False: data of that age are not held at that period.
  bool held = true;

  size_t cells() const {
    return end_ms <= start_ms
               ? 0
               : static_cast<size_t>((end_ms - start_ms + period_ms - 1) / period_ms);
  }
};
CellRange cell_range(int64_t start_ms, int64_t end_ms, int64_t period_s, int64_t now_ms);
// The finest of a minute, five minutes and an hour that is held at this age; an hour beyond.
int64_t default_period_s(int64_t age_s);

}  // namespace kansoku::query
