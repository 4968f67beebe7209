#include "wire/cbor/cbor_reader.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "wire/json/json_writer.h"

namespace kansoku::wire {
namespace {

constexpr uint8_t kIndefinite = 31;

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

bool CborReader::argument(uint8_t low, uint64_t& value) {
  if (low < 24) {
    value = low;
    return true;
  }
  if (low > 27) return bad("reserved head");
  size_t size = size_t{1} << (low - 24);
  if (static_cast<size_t>(end_ - at_) < size) return bad("cut in a head");
  value = 0;
  switch (size) {
    case 1: value = static_cast<unsigned char>(*at_); break;
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
    case 23: item.kind = CborKind::Null; return true;
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
    case kIndefinite: item.kind = CborKind::Break; return true;
    default: return bad("unknown simple value");
  }
}

bool CborReader::string(CborKind kind, uint8_t low, CborItem& item) {
  item.kind = kind;
  if (low == kIndefinite) {
    item.indefinite = true;
    return chunks(kind, item);
  }
  if (!argument(low, item.argument)) return false;
  if (static_cast<uint64_t>(end_ - at_) < item.argument) return bad("string longer than the input");
  item.bytes = {at_, static_cast<size_t>(item.argument)};
  at_ += item.argument;
  return true;
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

bool CborReader::next(CborItem& item) {
  if (at_ == end_) return bad("unexpected end");
  auto head = static_cast<uint8_t>(*at_++);
  uint8_t low = head & 31;
  item.indefinite = false;
  switch (head >> 5) {
    case 0: item.kind = CborKind::Unsigned; return argument(low, item.argument);
    case 1: item.kind = CborKind::Negative; return argument(low, item.argument);
    case 2: return string(CborKind::Bytes, low, item);
    case 3: return string(CborKind::Text, low, item);
    case 4:
    case 5:
      item.kind = (head >> 5) == 4 ? CborKind::List : CborKind::Map;
      item.indefinite = low == kIndefinite;
      if (item.indefinite) return true;
      if (!argument(low, item.argument)) return false;
      // Every item takes a byte at least.
      if (item.argument > static_cast<uint64_t>(end_ - at_)) return bad("more items than input");
      return true;
    case 6: item.kind = CborKind::Tag; return argument(low, item.argument);
    default: return simple(low, item);
  }
}

namespace {

class CborWalk {
 public:
  CborWalk(std::string_view bytes, TreeVisitor& visitor, int depth_max)
      : reader_(bytes), visitor_(visitor), depth_max_(depth_max) {}

  Status run() {
    CborItem item;
    if (!reader_.next(item)) return bad(reader_.message());
    if (!value(item, 0))
      return stopped_ ? Status(cancelled("stopped at byte {}", reader_.offset())) : bad(message_);
    if (!reader_.at_end()) return bad("bytes behind the item");
    return {};
  }

 private:
  Status bad(const char* message) {
    return invalid_argument("not CBOR at byte {}: {}", reader_.offset(), message);
  }
  bool refuse(const char* message) {
    message_ = message;
    return false;
  }
  bool visited(bool go_on) {
    stopped_ = !go_on;
    return go_on;
  }
  bool next(CborItem& item) { return reader_.next(item) || refuse(reader_.message()); }

  bool value(CborItem& item, int depth) {
    switch (item.kind) {
      case CborKind::Text:
        if (!is_utf8(item.bytes)) return refuse("text is not UTF-8");
        return visited(visitor_.text(item.bytes));
      case CborKind::Float32:
      case CborKind::Float64: return visited(visitor_.number(item.number));
      case CborKind::Unsigned:
        if (item.argument > INT64_MAX) {
          return visited(visitor_.number(static_cast<double>(item.argument)));
        }
        return visited(visitor_.integer(static_cast<int64_t>(item.argument)));
      case CborKind::Negative:
        if (item.argument > INT64_MAX) {
          return visited(visitor_.number(-1.0 - static_cast<double>(item.argument)));
        }
        return visited(visitor_.integer(-1 - static_cast<int64_t>(item.argument)));
      case CborKind::Bytes: return visited(visitor_.bytes(item.bytes));
      case CborKind::Boolean: return visited(visitor_.boolean(item.argument != 0));
      case CborKind::Null: return visited(visitor_.null());
      case CborKind::Tag:
        if (depth >= depth_max_) return refuse("too deep");
        return visited(visitor_.tag(item.argument)) && next(item) && value(item, depth + 1);
      case CborKind::List:
      case CborKind::Map: return container(item, depth);
      case CborKind::Break: return refuse("break outside an indefinite item");
    }
    return refuse("unknown item");
  }

  bool container(CborItem& item, int depth) {
    if (depth >= depth_max_) return refuse("too deep");
    bool map = item.kind == CborKind::Map;
    bool indefinite = item.indefinite;
    uint64_t left = item.argument;
    if (!visited(map ? visitor_.begin_map() : visitor_.begin_list())) return false;
    while (indefinite || left-- > 0) {
      if (!next(item)) return false;
      if (indefinite && item.kind == CborKind::Break) break;
      if (map) {
        if (item.kind != CborKind::Text) return refuse("map key is no text");
        if (!is_utf8(item.bytes)) return refuse("map key is not UTF-8");
        if (!visited(visitor_.key(item.bytes)) || !next(item)) return false;
      }
      if (!value(item, depth + 1)) return false;
    }
    return visited(visitor_.end());
  }

  CborReader reader_;
  TreeVisitor& visitor_;
  int depth_max_;
  bool stopped_ = false;
  const char* message_ = "";
};

}  // namespace

Status read_cbor(std::string_view bytes, TreeVisitor& visitor, int depth_max) {
  return CborWalk(bytes, visitor, depth_max).run();
}

}  // namespace kansoku::wire
