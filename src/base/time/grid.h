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

}  // namespace kansoku
