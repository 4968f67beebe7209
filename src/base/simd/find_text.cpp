// First and last byte, as W. Mula describes ("SIMD-friendly algorithms for substring searching").
#include "base/simd/find_text.h"

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kansoku {
namespace {

constexpr size_t kNone = std::string_view::npos;

#if defined(__x86_64__)

// `last` begins are looked at; needles of two bytes and more.
__attribute__((target("avx512bw,avx512f"))) size_t find_avx512(const char* text, size_t begins,
                                                               std::string_view needle,
                                                               size_t from) {
  const __m512i first = _mm512_set1_epi8(needle.front());
  const __m512i last = _mm512_set1_epi8(needle.back());
  const size_t behind = needle.size() - 1;
  for (size_t at = from; at < begins; at += 64) {
    const size_t left = begins - at;
    const __mmask64 valid = left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
    const __m512i a = _mm512_maskz_loadu_epi8(valid, text + at);
    const __m512i b = _mm512_maskz_loadu_epi8(valid, text + at + behind);
    uint64_t hits =
        _mm512_mask_cmpeq_epi8_mask(_mm512_mask_cmpeq_epi8_mask(valid, a, first), b, last);
    for (; hits != 0; hits &= hits - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(hits));
      if (std::memcmp(text + place, needle.data(), needle.size()) == 0) return place;
    }
  }
  return kNone;
}

__attribute__((target("avx2"))) size_t find_avx2(const char* text, size_t begins,
                                                 std::string_view needle, size_t from) {
  const __m256i first = _mm256_set1_epi8(needle.front());
  const __m256i last = _mm256_set1_epi8(needle.back());
  const size_t behind = needle.size() - 1;
  size_t at = from;
  for (; at + 32 <= begins; at += 32) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at + behind));
    auto hits = static_cast<uint32_t>(_mm256_movemask_epi8(
        _mm256_and_si256(_mm256_cmpeq_epi8(a, first), _mm256_cmpeq_epi8(b, last))));
    for (; hits != 0; hits &= hits - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(hits));
      if (std::memcmp(text + place, needle.data(), needle.size()) == 0) return place;
    }
  }
  return find_text_plain({text, begins + behind}, needle, at);
}

enum class Level : uint8_t { Plain, Avx2, Avx512 };
Level level() {
  static const Level found = __builtin_cpu_supports("avx512bw") ? Level::Avx512
                             : __builtin_cpu_supports("avx2")   ? Level::Avx2
                                                                : Level::Plain;
  return found;
}

#endif

}  // namespace

size_t find_text_plain(std::string_view haystack, std::string_view needle, size_t from) {
  return haystack.find(needle, from);
}

size_t find_text(std::string_view haystack, std::string_view needle, size_t from) {
#if defined(__x86_64__)
  if (needle.size() >= 2 && from < haystack.size() && haystack.size() - from >= needle.size()) {
    const size_t begins = haystack.size() - needle.size() + 1;
    switch (level()) {
      case Level::Avx512:
        return find_avx512(haystack.data(), begins, needle, from);
      case Level::Avx2:
        return find_avx2(haystack.data(), begins, needle, from);
      case Level::Plain:
        break;
    }
  }
#endif
  return find_text_plain(haystack, needle, from);
}

}  // namespace kansoku
