// What writer and reader of a column of integers share (docs/formats/metric-part.md, "Columns of
// integers").
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace kansoku::codec {

// First byte of a column.
inline constexpr uint8_t kConstant = 0;
inline constexpr uint8_t kVarints = 1;
inline constexpr uint8_t kPrefix = 2;
inline constexpr uint8_t kPlanes = 3;
inline constexpr uint8_t kFormMask = 3;
inline constexpr uint8_t kUnsigned = 4;  // no zigzag: nothing is negative

// The first value of a column and its first difference are often far larger than what follows: they
// stand before the planes.
inline constexpr size_t kBeforePlanes = 2;

// Magnitudes below 16 have a token each; above, two for each power of two.
inline constexpr uint64_t kOwnTokens = 16;
inline constexpr int kOwnBits = 5;  // width of the first magnitude that shares a token
inline constexpr size_t kTokens = kOwnTokens + 2 * (64 - kOwnBits + 1);
static_assert(kOwnTokens % 2 == 0);
// 2,048 entries of 2 bytes: the decoder's table stays in the L1 cache.
inline constexpr int kCodeBitsMax = 11;

// What stands for a token: the smallest of its magnitudes, and how many bits follow the code.
struct Magnitudes {
  std::array<uint64_t, kTokens> base{};
  std::array<uint8_t, kTokens> extra_bits{};
};
inline constexpr Magnitudes kMagnitudes = [] {
  Magnitudes out;
  for (size_t token = 0; token < kTokens; ++token) {
    const bool own = token < kOwnTokens;
    const int extra = own ? 0 : static_cast<int>((token - kOwnTokens) / 2) + kOwnBits - 2;
    out.extra_bits[token] = static_cast<uint8_t>(extra);
    out.base[token] = own ? token : (uint64_t{2} | (token & 1)) << extra;
  }
  return out;
}();

using CodeLengths = std::array<uint8_t, kTokens>;
// Canonical codes as in RFC 1951 3.2.2, lowest bit first in the stream.
std::array<uint16_t, kTokens> codes_of(const CodeLengths& lengths);

}  // namespace kansoku::codec
