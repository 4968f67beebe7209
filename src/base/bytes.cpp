#include "base/bytes.h"

#include <isa-l/crc.h>

#include <algorithm>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace kansoku {

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

namespace {

// ISA-L's folding takes a call through a pointer, and its first step more than so many bytes.
[[maybe_unused]] constexpr size_t kShortBytes = 256;
// Its lengths are ints.
constexpr size_t kAtOnceBytes = size_t{1} << 30;

#if defined(__x86_64__)
// SSE4.2 is part of x86-64-v2, the level that every build is compiled for.
uint32_t crc32c_short(const unsigned char* at, size_t left, uint32_t crc) {
  uint64_t wide = crc;
  for (; left >= 8; left -= 8, at += 8) wide = _mm_crc32_u64(wide, load_le<uint64_t>(at));
  auto out = static_cast<uint32_t>(wide);
  for (; left > 0; --left, ++at) out = _mm_crc32_u8(out, *at);
  return out;
}
#endif

}  // namespace

uint32_t crc32c(ByteSpan bytes, uint32_t previous) {
  uint32_t crc = ~previous;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
#if defined(__x86_64__)
  if (left < kShortBytes) return ~crc32c_short(at, left, crc);
#endif
  while (left > 0) {
    const size_t some = std::min(left, kAtOnceBytes);
    // It does not write, though its signature does not say so.
    crc = crc32_iscsi(const_cast<unsigned char*>(at), static_cast<int>(some), crc);
    at += some;
    left -= some;
  }
  return ~crc;
}

}  // namespace kansoku
