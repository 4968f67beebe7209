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

// The integer next to value * 10^e; false when that is out of bounds or not a number.
inline bool nearest_mantissa(double value, int e, int64_t& mantissa) {
  const double scaled = value * kPowers[static_cast<size_t>(e)];
  if (!(scaled >= -kMantissaMax && scaled <= kMantissaMax)) return false;
  mantissa = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  return true;
}

// value * 10^e as an integer; false when that loses a bit.
inline bool to_mantissa(double value, int e, int64_t& mantissa) {
  return nearest_mantissa(value, e, mantissa) &&
         same_bits(static_cast<double>(mantissa) / kPowers[static_cast<size_t>(e)], value);
}

// The smallest exponent, from `e` on, that suits all values, or -1.
inline int find_decimals(std::span<const double> values, int e = 0) {
  int64_t mantissa = 0;
  for (const double value : values) {
    while (!to_mantissa(value, e, mantissa)) {
      if (++e > kDecimalsMax) return -1;
    }
  }
  // An early value that suits a small exponent need not suit a larger one.
  for (const double value : values) {
    if (!to_mantissa(value, e, mantissa)) return -1;
  }
  return e;
}

}  // namespace kansoku::store::metrics
