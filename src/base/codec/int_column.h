// A column of integers (docs/formats/metric-part.md, "Columns of integers"). Pure functions, and a
// reader of one owner.
//
// Four forms. One value for all; varints, which zstd takes further; prefix codes of magnitudes with
// the low bits beside them, for long columns: near the entropy of noisy measurements, which zstd,
// seeing bytes, does not reach, and about half as fast to read as varints; planes, which are the
// lowest bytes of all values, then the next ones: faster to read than varints, and for zstd every
// plane looks alike within.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/codec/int_column_format.h"

namespace kansoku::codec {

// encode_ints() takes the smallest of the first three. Bytes that it will append, within a few.
size_t ints_bytes(std::span<const int64_t> values);
// values.size() >= 1.
void encode_ints(std::span<const int64_t> values, std::string& out);
// Appends planes, or appends nothing and says false where they would be more than twice the
// varints.
bool encode_planes(std::span<const int64_t> values, std::string& out);
// Fills `out`, at least one; false when the bytes are no column.
bool decode_ints(const char*& at, const char* end, std::span<int64_t> out);

// Reads the lowest bits first; past the end there are none.
class BitReader {
 public:
  BitReader() = default;
  BitReader(const char* at, const char* end) : at_(at), end_(end) {}
  // At least 56 bits, or all that are left.
  void refill() {
    if (end_ - at_ >= 8) {
      window_ |= load_le<uint64_t>(at_) << have_;
      at_ += (63 - have_) >> 3;
      have_ |= 56;
      return;
    }
    while (have_ <= 55 && at_ < end_) {
      window_ |= static_cast<uint64_t>(static_cast<uint8_t>(*at_++)) << have_;
      have_ += 8;
    }
  }
  uint64_t peek(int n) const { return window_ & ((uint64_t{1} << n) - 1); }
  // n <= 56.
  bool skip(int n) {
    window_ >>= n;
    have_ -= n;
    return have_ >= 0;
  }

 private:
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  uint64_t window_ = 0;
  int have_ = 0;
};

// Reads a column from its front, as many values at a time as are asked for. The bytes outlive it.
class IntsReader {
 public:
  // For each row of bits that may come, 0 where no code is: in bytes from the lowest, the bits of
  // the code and what follows it, the bits of the code, the bits that follow, and what stands
  // before those in the magnitude.
  struct Table {
    int bits = 0;      // of a row: the longest code
    int bits_max = 0;  // of a value
    std::array<uint32_t, size_t{1} << kCodeBitsMax> entries;
  };
  // Of `count` >= 1 values. False when the bytes are no column.
  bool open(const char* at, const char* end, size_t count);
  // The next values, no more than are left; false when the bytes are no column.
  bool next(std::span<int64_t> out);
  // Behind the column, once every value was read.
  const char* end() const { return end_; }

 private:
  bool open_planes(const char* at, const char* end);
  bool take_varints(std::span<int64_t> out);
  bool take_prefix(std::span<int64_t> out);
  // Values of which so many are surely there after one refill.
  template <size_t AtOnce>
  bool take_prefix_short(std::span<int64_t> out);
  bool take_prefix_wide(std::span<int64_t> out);
  void take_planes(std::span<int64_t> out);

  int form_ = 0;
  bool with_sign_ = false;
  size_t count_ = 0;
  size_t done_ = 0;
  const char* end_ = nullptr;
  uint64_t constant_ = 0;
  const char* at_ = nullptr;     // varints: the next one; planes: the first
  const char* limit_ = nullptr;  // varints
  std::array<uint64_t, kBeforePlanes> before_planes_{};
  size_t planes_ = 0;
  BitReader bits_;
  Table table_;
};

}  // namespace kansoku::codec
