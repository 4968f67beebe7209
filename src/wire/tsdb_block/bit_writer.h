// Writes what bit_reader.h reads: bits, highest first, with the variable-length integers of
// Prometheus' varbit.go. Thread contract: thread-confined.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

namespace kansoku::wire::tsdb_block {

// Whether a number fits into `count` bits as varbit.go and xor.go see it: its range is
// -(2^(count-1) - 1) to 2^(count-1).
constexpr bool fits_skewed(int64_t value, unsigned count) {
  int64_t top = int64_t{1} << (count - 1);
  return -top < value && value <= top;
}

class BitWriter {
 public:
  // Appends to `out`, which nobody else may write to meanwhile.
  explicit BitWriter(std::string& out) : out_(out) {}

  void bit(bool value) { bits(value ? 1 : 0, 1); }
  // The lowest `count` bits, at most 64.
  void bits(uint64_t value, unsigned count) {
    while (count > 0) {
      if (free_ == 0) {
        out_ += '\0';
        free_ = 8;
      }
      unsigned take = std::min(count, free_);
      uint64_t part = (value >> (count - take)) & ((1U << take) - 1);
      out_.back() = static_cast<char>(static_cast<uint8_t>(out_.back()) | part << (free_ - take));
      free_ -= take;
      count -= take;
    }
  }
  void float64(double value) { bits(std::bit_cast<uint64_t>(value), 64); }
  // LEB128, byte by byte wherever the writer stands (encoding/binary of Go).
  void uvarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bits((value & 0x7f) | 0x80, 8);
    bits(value, 8);
  }
  void varint(int64_t value) {
    uvarint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void varbit_int(int64_t value) {
    for (unsigned i = 0; i < kSteps; ++i) {
      bool fits = i == 0 ? value == 0 : fits_skewed(value, kSizes[i]);
      if (fits) return sized(i, static_cast<uint64_t>(value));
    }
    sized(kSteps, static_cast<uint64_t>(value));
  }
  void varbit_uint(uint64_t value) {
    unsigned i = 0;
    while (i < kSteps && value >> kSizes[i] != 0) ++i;
    sized(i, value);
  }

 private:
  static constexpr unsigned kSteps = 8;
  static constexpr unsigned kSizes[] = {0, 3, 6, 9, 12, 18, 25, 56, 64};
  // `step` ones and, but for the last step, a zero; then the bits that they announce.
  void sized(unsigned step, uint64_t value) {
    bool last = step == kSteps;
    bits(last ? 0xff : (2U << step) - 2, last ? 8 : step + 1);
    if (kSizes[step] > 0) bits(value, kSizes[step]);
  }
  std::string& out_;
  unsigned free_ = 0;  // bits of the last byte not yet written
};

// Writes what XorReader reads (Gorilla, VLDB 2015, 4.1.2; prometheus/prometheus, chunkenc/xor.go).
class XorWriter {
 public:
  void first(BitWriter& out, double value) {
    value_ = std::bit_cast<uint64_t>(value);
    out.bits(value_, 64);
  }
  void next(BitWriter& out, double value) {
    uint64_t bits = std::bit_cast<uint64_t>(value);
    uint64_t difference = bits ^ value_;
    value_ = bits;
    out.bit(difference != 0);
    if (difference == 0) return;
    // Five bits say how many zeros lead.
    unsigned leading = std::min(static_cast<unsigned>(std::countl_zero(difference)), 31U);
    auto trailing = static_cast<unsigned>(std::countr_zero(difference));
    bool reuses = has_window_ && leading >= leading_ && trailing >= trailing_;
    out.bit(!reuses);
    if (!reuses) {
      has_window_ = true;
      leading_ = leading;
      trailing_ = trailing;
      out.bits(leading, 5);
      out.bits(64 - leading - trailing, 6);  // 64 is written as 0
    }
    out.bits(difference >> trailing_, 64 - leading_ - trailing_);
  }

 private:
  uint64_t value_ = 0;
  unsigned leading_ = 0;
  unsigned trailing_ = 0;
  bool has_window_ = false;
};

}  // namespace kansoku::wire::tsdb_block
