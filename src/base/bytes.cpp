#include "base/bytes.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace kansoku {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}
[[maybe_unused]] constexpr std::array<uint32_t, 256> kTable = make_table();

}  // namespace

bool read_long_varint(const char*& from, const char* end, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 70 && from < end; shift += 7) {
    auto byte = static_cast<unsigned char>(*from++);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

#if defined(__x86_64__)
// SSE4.2 is part of x86-64-v2, the level that every build is compiled for.
uint32_t crc32c(ByteSpan bytes, uint32_t previous) {
  uint64_t crc = ~previous;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) crc = _mm_crc32_u64(crc, load_le<uint64_t>(at));
  auto crc32 = static_cast<uint32_t>(crc);
  for (; left > 0; --left, ++at) crc32 = _mm_crc32_u8(crc32, *at);
  return ~crc32;
}
#else
uint32_t crc32c(ByteSpan bytes, uint32_t previous) {
  uint32_t crc = ~previous;
  for (std::byte byte : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint32_t>(byte)) & 0xff];
  }
  return ~crc;
}
#endif

}  // namespace kansoku
