#include "wire/cbor/cbor_writer.h"

#include <bit>

namespace kansoku::wire {
namespace {

void append_big_endian(std::string& out, uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xFF);
  }
}

}  // namespace

void CborWriter::head(uint8_t major, uint64_t argument) {
  auto first = static_cast<uint8_t>(major << 5);
  if (argument < 24) {
    out_ += static_cast<char>(first | argument);
    return;
  }
  int bits = argument <= 0xFF ? 0 : argument <= 0xFFFF ? 1 : argument <= 0xFFFFFFFF ? 2 : 3;
  out_ += static_cast<char>(first | (24 + bits));
  append_big_endian(out_, argument, 1 << bits);
}

void CborWriter::number(double value) {
  out_ += static_cast<char>(0xFB);
  append_big_endian(out_, std::bit_cast<uint64_t>(value), 8);
}

void CborWriter::number32(float value) {
  out_ += static_cast<char>(0xFA);
  append_big_endian(out_, std::bit_cast<uint32_t>(value), 4);
}

}  // namespace kansoku::wire
