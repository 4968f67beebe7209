// Grids of time: cells of one width, aligned to 1970.
#pragma once

#include <cstdint>

namespace kansoku {

// The greatest multiple of `step` (positive) that is not above `value`, before 1970 too: the start
// of the cell that holds the time.
constexpr int64_t floor_to(int64_t value, int64_t step) {
  int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

// The number of that cell: the one from 1970 on is 0.
constexpr int64_t cell_of(int64_t value, int64_t step) {
  return value / step - (value % step < 0 ? 1 : 0);
}

}  // namespace kansoku
