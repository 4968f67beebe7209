#include "wire/cbor/cbor_reader.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "wire/cbor/cbor_walk.h"

namespace kansoku::wire {
namespace {

// RFC 8949, appendix D.
float half_to_float(uint16_t half) {
  int exponent = (half >> 10) & 31;
  int mantissa = half & 1023;
  float value = 0;
  if (exponent == 0) {
    value = std::ldexp(static_cast<float>(mantissa), -24);
  } else if (exponent != 31) {
    value = std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  } else {
    value = mantissa == 0 ? INFINITY : NAN;
  }
  return (half & 0x8000) != 0 ? -value : value;
}

}  // namespace

bool CborReader::wide_argument(uint8_t low, uint64_t& value) {
  if (low > 27) return bad("reserved head");
  size_t size = size_t{1} << (low - 24);
  if (static_cast<size_t>(end_ - at_) < size) return bad("cut in a head");
  value = 0;
  switch (size) {
    case 1:
      value = static_cast<unsigned char>(*at_);
      break;
    case 2: {
      uint16_t raw;
      std::memcpy(&raw, at_, 2);
      value = __builtin_bswap16(raw);
      break;
    }
    case 4: {
      uint32_t raw;
      std::memcpy(&raw, at_, 4);
      value = __builtin_bswap32(raw);
      break;
    }
    default: {
      uint64_t raw;
      std::memcpy(&raw, at_, 8);
      value = __builtin_bswap64(raw);
    }
  }
  at_ += size;
  return true;
}

bool CborReader::simple(uint8_t low, CborItem& item) {
  switch (low) {
    case 20:
    case 21:
      item.kind = CborKind::Boolean;
      item.argument = low - 20U;
      return true;
    case 22:
    case 23:
      item.kind = CborKind::Null;
      return true;
    case 25:
    case 26: {
      if (!argument(low, item.argument)) return false;
      float value = low == 26 ? std::bit_cast<float>(static_cast<uint32_t>(item.argument))
                              : half_to_float(static_cast<uint16_t>(item.argument));
      item.kind = CborKind::Float32;
      item.argument = std::bit_cast<uint32_t>(value);
      item.number = static_cast<double>(value);
      return true;
    }
    case 27:
      if (!argument(low, item.argument)) return false;
      item.kind = CborKind::Float64;
      item.number = std::bit_cast<double>(item.argument);
      return true;
    case kIndefinite:
      item.kind = CborKind::Break;
      return true;
    default:
      return bad("unknown simple value");
  }
}

bool CborReader::chunks(CborKind kind, CborItem& item) {
  joined_.clear();
  uint8_t major = kind == CborKind::Bytes ? 2 : 3;
  while (true) {
    if (at_ == end_) return bad("no break of a chunked string");
    auto head = static_cast<uint8_t>(*at_++);
    if (head == 0xFF) break;
    if (head >> 5 != major) return bad("chunk of another type");
    uint8_t low = head & 31;
    if (low == kIndefinite) return bad("nested chunked string");
    uint64_t size = 0;
    if (!argument(low, size)) return false;
    if (static_cast<uint64_t>(end_ - at_) < size) return bad("string longer than the input");
    joined_.append(at_, static_cast<size_t>(size));
    at_ += size;
  }
  item.bytes = joined_;
  item.argument = joined_.size();
  return true;
}

Status read_cbor(std::string_view bytes, TreeVisitor& visitor, int depth_max) {
  return walk_cbor(bytes, visitor, depth_max);
}

}  // namespace kansoku::wire
