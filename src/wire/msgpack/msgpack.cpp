#include "wire/msgpack/msgpack.h"

#include <bit>
#include <concepts>
#include <cstring>

namespace kansoku::wire::msgpack {
namespace {

template <std::unsigned_integral T>
T swapped(T value) {
  if constexpr (sizeof(T) == 1) {
    return value;
  } else {
    return std::byteswap(value);
  }
}

template <std::unsigned_integral T>
void append_big(std::string& out, uint8_t code, T value) {
  out += static_cast<char>(code);
  value = swapped(value);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

// A length with the smallest code that takes it; code8 0: there is none.
void append_length(std::string& out, uint8_t code8, uint8_t code16, uint8_t code32, size_t size) {
  if (code8 != 0 && size < 0x100) {
    append_big(out, code8, static_cast<uint8_t>(size));
  } else if (size < 0x10000) {
    append_big(out, code16, static_cast<uint16_t>(size));
  } else {
    append_big(out, code32, static_cast<uint32_t>(size));
  }
}

}  // namespace

// Big-endian, as everything here.
template <class T>
bool Reader::load(T& value) {
  if (static_cast<size_t>(end_ - at_) < sizeof(T)) return false;
  std::memcpy(&value, at_, sizeof(T));
  value = swapped(value);
  at_ += sizeof(T);
  return true;
}

Read Reader::body(uint64_t size, std::string_view& out) {
  if (static_cast<uint64_t>(end_ - at_) < size) return Read::Incomplete;
  out = {at_, size};
  at_ += size;
  return Read::Good;
}

Read Reader::next(Value& value) {
  const char* begin = at_;
  auto cut = [&] {
    at_ = begin;
    return Read::Incomplete;
  };
  uint8_t code = 0;
  if (!load(code)) return cut();
  value = {};
  uint8_t b = 0;
  uint16_t h = 0;
  uint32_t w = 0;
  uint64_t d = 0;
  auto text = [&](Kind kind, uint64_t size) {
    value.kind = kind;
    return body(size, value.text) == Read::Good ? Read::Good : cut();
  };
  auto extension = [&](uint64_t size) {
    uint8_t type = 0;
    if (!load(type)) return cut();
    value.extension = static_cast<int8_t>(type);
    return text(Kind::Extension, size);
  };
  auto uint = [&](uint64_t number) {
    value.kind = Kind::Uint;
    value.unsigned_int = number;
    return Read::Good;
  };
  auto integer = [&](int64_t number) {
    if (number >= 0) return uint(static_cast<uint64_t>(number));
    value.kind = Kind::Int;
    value.integer = number;
    return Read::Good;
  };
  auto number = [&](double of) {
    value.kind = Kind::Float;
    value.number = of;
    return Read::Good;
  };
  auto holder = [&](Kind kind, uint32_t count) {
    value.kind = kind;
    value.count = count;
    return Read::Good;
  };
  if (code < 0x80) return uint(code);
  if (code < 0x90) return holder(Kind::Map, code & 0x0fU);
  if (code < 0xa0) return holder(Kind::Array, code & 0x0fU);
  if (code < 0xc0) return text(Kind::Text, code & 0x1fU);
  if (code >= 0xe0) return integer(static_cast<int8_t>(code));
  switch (code) {
    case 0xc0:
      return Read::Good;
    case 0xc2:
    case 0xc3:
      value.kind = Kind::Bool;
      value.truth = code == 0xc3;
      return Read::Good;
    case 0xc4:
      return load(b) ? text(Kind::Bytes, b) : cut();
    case 0xc5:
      return load(h) ? text(Kind::Bytes, h) : cut();
    case 0xc6:
      return load(w) ? text(Kind::Bytes, w) : cut();
    case 0xc7:
      return load(b) ? extension(b) : cut();
    case 0xc8:
      return load(h) ? extension(h) : cut();
    case 0xc9:
      return load(w) ? extension(w) : cut();
    case 0xca:
      return load(w) ? number(static_cast<double>(std::bit_cast<float>(w))) : cut();
    case 0xcb:
      return load(d) ? number(std::bit_cast<double>(d)) : cut();
    case 0xcc:
      return load(b) ? uint(b) : cut();
    case 0xcd:
      return load(h) ? uint(h) : cut();
    case 0xce:
      return load(w) ? uint(w) : cut();
    case 0xcf:
      return load(d) ? uint(d) : cut();
    case 0xd0:
      return load(b) ? integer(static_cast<int8_t>(b)) : cut();
    case 0xd1:
      return load(h) ? integer(static_cast<int16_t>(h)) : cut();
    case 0xd2:
      return load(w) ? integer(static_cast<int32_t>(w)) : cut();
    case 0xd3:
      return load(d) ? integer(static_cast<int64_t>(d)) : cut();
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return extension(uint64_t{1} << (code - 0xd4U));
    case 0xd9:
      return load(b) ? text(Kind::Text, b) : cut();
    case 0xda:
      return load(h) ? text(Kind::Text, h) : cut();
    case 0xdb:
      return load(w) ? text(Kind::Text, w) : cut();
    case 0xdc:
      return load(h) ? holder(Kind::Array, h) : cut();
    case 0xdd:
      return load(w) ? holder(Kind::Array, w) : cut();
    case 0xde:
      return load(h) ? holder(Kind::Map, h) : cut();
    case 0xdf:
      return load(w) ? holder(Kind::Map, w) : cut();
    default:
      return Read::Malformed;
  }
}

Read Reader::skip() {
  const char* begin = at_;
  uint64_t open[kDepthMax];  // values still to come, by depth
  int depth = 0;
  open[0] = 1;
  while (depth >= 0) {
    if (open[depth] == 0) {
      --depth;
      continue;
    }
    --open[depth];
    Value value;
    Read read = next(value);
    if (read != Read::Good) {
      at_ = begin;
      return read;
    }
    uint64_t items = value.kind == Kind::Map ? 2 * uint64_t{value.count} : value.count;
    if (items == 0) continue;
    if (depth + 1 == kDepthMax) {
      at_ = begin;
      return Read::Malformed;
    }
    open[++depth] = items;
  }
  return Read::Good;
}

Read Reader::take(std::string_view& bytes) {
  const char* begin = at_;
  Read read = skip();
  if (read == Read::Good) bytes = {begin, static_cast<size_t>(at_ - begin)};
  return read;
}

void append_nil(std::string& out) { out += '\xc0'; }
void append_bool(std::string& out, bool value) { out += value ? '\xc3' : '\xc2'; }

void append_uint(std::string& out, uint64_t value) {
  if (value < 0x80) {
    out += static_cast<char>(value);
  } else if (value < 0x100) {
    append_big(out, 0xcc, static_cast<uint8_t>(value));
  } else if (value < 0x10000) {
    append_big(out, 0xcd, static_cast<uint16_t>(value));
  } else if (value < 0x100000000) {
    append_big(out, 0xce, static_cast<uint32_t>(value));
  } else {
    append_big(out, 0xcf, value);
  }
}

void append_int(std::string& out, int64_t value) {
  if (value >= 0) return append_uint(out, static_cast<uint64_t>(value));
  if (value >= -32) {
    out += static_cast<char>(value);
  } else {
    append_big(out, 0xd3, static_cast<uint64_t>(value));
  }
}

void append_float(std::string& out, double value) {
  append_big(out, 0xcb, std::bit_cast<uint64_t>(value));
}

void append_text(std::string& out, std::string_view value) {
  if (value.size() < 32) {
    out += static_cast<char>(0xa0 | value.size());
  } else {
    append_length(out, 0xd9, 0xda, 0xdb, value.size());
  }
  out += value;
}

void append_bytes(std::string& out, std::string_view value) {
  append_length(out, 0xc4, 0xc5, 0xc6, value.size());
  out += value;
}

void append_array(std::string& out, uint32_t count) {
  if (count < 16) {
    out += static_cast<char>(0x90 | count);
  } else {
    append_length(out, 0, 0xdc, 0xdd, count);
  }
}

void append_map(std::string& out, uint32_t count) {
  if (count < 16) {
    out += static_cast<char>(0x80 | count);
  } else {
    append_length(out, 0, 0xde, 0xdf, count);
  }
}

void append_extension(std::string& out, int8_t type, std::string_view value) {
  append_length(out, 0xc7, 0xc8, 0xc9, value.size());
  out += static_cast<char>(type);
  out += value;
}

}  // namespace kansoku::wire::msgpack
