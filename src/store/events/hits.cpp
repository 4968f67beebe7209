#include "store/events/hits.h"

#include <cstring>
#include <numeric>

#include "base/simd/clones.h"

namespace kansoku::store::events {
namespace {

KANSOKU_CLONES size_t sum(const uint8_t* hits, size_t count) {
  size_t out = 0;
  for (size_t i = 0; i < count; ++i) out += hits[i];
  return out;
}
KANSOKU_CLONES void either(const uint8_t* from, uint8_t* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] |= from[i];
}
KANSOKU_CLONES void both(const uint8_t* of, uint8_t* in, size_t count) {
  for (size_t i = 0; i < count; ++i) in[i] &= of[i];
}

}  // namespace

bool any_hit(std::span<const uint8_t> hits) {
  return !hits.empty() && std::memchr(hits.data(), 1, hits.size()) != nullptr;
}

size_t count_hits(std::span<const uint8_t> hits) { return sum(hits.data(), hits.size()); }

void add_hits(std::span<const uint8_t> from, std::span<uint8_t> to) {
  either(from.data(), to.data(), to.size());
}

void keep_hits(std::span<const uint8_t> of, std::span<uint8_t> in) {
  both(of.data(), in.data(), in.size());
}

std::vector<uint32_t> places_of_hits(std::span<const uint8_t> hits) {
  std::vector<uint32_t> out(count_hits(hits));
  if (out.size() == hits.size()) {
    std::iota(out.begin(), out.end(), 0U);
    return out;
  }
  uint32_t* to = out.data();
  const uint8_t* const begin = hits.data();
  const uint8_t* const end = begin + hits.size();
  for (const uint8_t* at = begin; at < end; ++at) {
    // One hit mostly has another one beside it, or none for long.
    if (*at == 0) {
      at = static_cast<const uint8_t*>(std::memchr(at, 1, static_cast<size_t>(end - at)));
      if (at == nullptr) break;
    }
    *to++ = static_cast<uint32_t>(at - begin);
  }
  return out;
}

}  // namespace kansoku::store::events
