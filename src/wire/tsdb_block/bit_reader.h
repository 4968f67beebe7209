// Bits of a chunk, highest first, with the variable-length integers of Prometheus' varbit.go.
// Reading past the end yields zeros and makes ok() false. Thread contract: thread-confined.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace kansoku::wire::tsdb_block {

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  uint64_t bits_left() const { return bytes_.size() * 8 - at_; }

  bool bit() { return bits(1) != 0; }
  // At most 64.
  uint64_t bits(unsigned count) {
    if (count > bits_left()) {
      ok_ = false;
      at_ = bytes_.size() * 8;
      return 0;
    }
    uint64_t out = 0;
    while (count > 0) {
      auto byte = static_cast<uint8_t>(bytes_[at_ / 8]);
      auto used = static_cast<unsigned>(at_ % 8);
      unsigned take = count < 8 - used ? count : 8 - used;
      out = (out << take) | ((byte >> (8 - used - take)) & ((1U << take) - 1));
      at_ += take;
      count -= take;
    }
    return out;
  }
  double float64() { return std::bit_cast<double>(bits(64)); }
  // LEB128, byte by byte wherever the reader stands (encoding/binary of Go).
  uint64_t uvarint() {
    uint64_t out = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      uint64_t byte = bits(8);
      if (shift == 63 && byte > 1) break;
      out |= (byte & 0x7f) << shift;
      if (byte < 0x80) return out;
    }
    ok_ = false;
    return 0;
  }
  int64_t varint() {
    uint64_t raw = uvarint();
    return static_cast<int64_t>(raw >> 1) ^ -static_cast<int64_t>(raw & 1);
  }
  // A two's complement number of `count` bits whose range is -(2^(count-1) - 1) to 2^(count-1).
  int64_t skewed(unsigned count) {
    uint64_t raw = bits(count);
    if (count < 64 && raw > (uint64_t{1} << (count - 1))) raw -= uint64_t{1} << count;
    return static_cast<int64_t>(raw);
  }
  int64_t varbit_int() {
    unsigned size = varbit_size();
    return size == 0 ? 0 : skewed(size);
  }
  uint64_t varbit_uint() {
    unsigned size = varbit_size();
    return size == 0 ? 0 : bits(size);
  }

 private:
  // Ones up to the first zero, eight at most, say how many bits follow.
  unsigned varbit_size() {
    constexpr unsigned kSizes[] = {0, 3, 6, 9, 12, 18, 25, 56, 64};
    unsigned ones = 0;
    while (ones < 8 && bit()) ++ones;
    return kSizes[ones];
  }
  std::string_view bytes_;
  uint64_t at_ = 0;
  bool ok_ = true;
};

// A stream of doubles, each as the exclusive or with the one before (Gorilla, VLDB 2015, 4.1.2).
class XorReader {
 public:
  double first(BitReader& in) { return value_ = in.float64(); }
  double next(BitReader& in) {
    if (!in.bit()) return value_;
    if (in.bit()) {
      leading_ = static_cast<unsigned>(in.bits(5));
      auto significant = static_cast<unsigned>(in.bits(6));
      if (significant == 0) significant = 64;
      if (leading_ + significant > 64) {
        broken_ = true;
        return value_;
      }
      trailing_ = 64 - leading_ - significant;
    }
    uint64_t difference = in.bits(64 - leading_ - trailing_) << trailing_;
    return value_ = std::bit_cast<double>(std::bit_cast<uint64_t>(value_) ^ difference);
  }
  double value() const { return value_; }
  bool broken() const { return broken_; }

 private:
  double value_ = 0;
  unsigned leading_ = 0;
  unsigned trailing_ = 0;
  bool broken_ = false;
};

}  // namespace kansoku::wire::tsdb_block
