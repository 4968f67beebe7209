// Go's math.Max and math.Min: NaN wins, infinities before it. Free functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace kansoku::query::promql {

inline double go_max(double a, double b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a == kInfinity || b == kInfinity) return kInfinity;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return std::max(a, b);
}

inline double go_min(double a, double b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a == -kInfinity || b == -kInfinity) return -kInfinity;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return std::min(a, b);
}

}  // namespace kansoku::query::promql
