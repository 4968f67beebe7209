// Doubles as decimals: value = mantissa / 10^e, exactly. Pure functions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kansoku::store::metrics {

// Nine decimals: nanosecond counters kept as seconds; more digits do not fit a double beside a few
// days of seconds anyway.
inline constexpr int kDecimalsMax = 9;
inline constexpr std::array<double, kDecimalsMax + 1> kPowers{1,   1e1, 1e2, 1e3, 1e4,
                                                              1e5, 1e6, 1e7, 1e8, 1e9};
inline constexpr double kMantissaMax = 4503599627370496.0;  // 2^52: differences of two stay exact

inline bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// Counts are many, and a division is dear.
inline double from_mantissa(int64_t mantissa, int e) {
  const auto value = static_cast<double>(mantissa);
  return e == 0 ? value : value / kPowers[static_cast<size_t>(e)];
}

// The integer next to value * 10^e; false when that is out of bounds or not a number.
inline bool nearest_mantissa(double value, int e, int64_t& mantissa) {
  const double scaled = value * kPowers[static_cast<size_t>(e)];
  if (!(scaled >= -kMantissaMax && scaled <= kMantissaMax)) return false;
  mantissa = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  return true;
}

// value * 10^e as an integer; false when that loses a bit.
inline bool to_mantissa(double value, int e, int64_t& mantissa) {
  return nearest_mantissa(value, e, mantissa) && same_bits(from_mantissa(mantissa, e), value);
}

// The smallest exponent, from `e` on, that suits all values, or -1.
inline int find_decimals(std::span<const double> values, int e = 0) {
  int64_t mantissa = 0;
  size_t raised_at = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    while (!to_mantissa(values[i], e, mantissa)) {
      if (++e > kDecimalsMax) return -1;
      raised_at = i;
    }
  }
  // A value that suits a smaller exponent need not suit a larger one.
  for (size_t i = 0; i < raised_at; ++i) {
    if (!to_mantissa(values[i], e, mantissa)) return -1;
  }
  return e;
}

}  // namespace kansoku::store::metrics
