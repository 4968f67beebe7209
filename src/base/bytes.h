// Little-endian reads and writes and the span types that all codecs share.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace kansoku {

using ByteSpan = std::span<const std::byte>;

inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

static_assert(std::endian::native == std::endian::little, "formats are little-endian in memory");

// The caller has checked that sizeof(T) bytes are there.
template <class T>
T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <class T>
void store_le(void* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}
template <class T>
void append_le(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

// LEB128, at most ten bytes.
inline void append_varint(std::string& out, uint64_t value) {
  if (value < 0x80) {
    out += static_cast<char>(value);
    return;
  }
  char bytes[10];
  size_t n = 0;
  for (; value >= 0x80; value >>= 7) bytes[n++] = static_cast<char>(value | 0x80);
  bytes[n++] = static_cast<char>(value);
  out.append(bytes, n);
}
inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}
bool read_long_varint(const char*& from, const char* end, uint64_t& value);
// Reads a varint and advances `from`; false when it is cut or over ten bytes.
inline bool read_varint(const char*& from, const char* end, uint64_t& value) {
  if (from < end && static_cast<unsigned char>(*from) < 0x80) [[likely]] {
    value = static_cast<unsigned char>(*from++);
    return true;
  }
  return read_long_varint(from, end, value);
}

// Text: a varint of its length and its bytes.
inline void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}
// A view into the bytes that are read; false when it is cut.
inline bool read_text(const char*& from, const char* end, std::string_view& text) {
  uint64_t bytes = 0;
  if (!read_varint(from, end, bytes) || bytes > static_cast<uint64_t>(end - from)) return false;
  text = {from, bytes};
  from += bytes;
  return true;
}

// CRC32C (Castagnoli), the checksum of every format on disk. crc32c(b, crc32c(a)) == crc32c(a+b).
uint32_t crc32c(ByteSpan bytes, uint32_t previous = 0);

}  // namespace kansoku
