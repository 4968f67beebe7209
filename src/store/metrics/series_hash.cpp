#include "store/metrics/series_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/check.h"

namespace kansoku::store::metrics {

uint64_t cold_hash(const signal::Scope& scope, signal::MergeKind merge,
                   std::string_view canonical) {
  const uint64_t account = XXH3_64bits_withSeed(scope.account.data(), scope.account.size(),
                                                static_cast<uint64_t>(merge));
  const uint64_t seed = XXH3_64bits_withSeed(scope.region.data(), scope.region.size(), account);
  return XXH3_64bits_withSeed(canonical.data(), canonical.size(), seed);
}

void SeriesHash::init(std::string_view secret) {
  KANSOKU_CHECK(secret.size() == kSecretBytes);
  std::copy(secret.begin(), secret.end(), secret_.begin());
}

Hash128 SeriesHash::labels(std::string_view canonical) const {
  XXH128_hash_t hash =
      XXH3_128bits_withSecret(canonical.data(), canonical.size(), secret_.data(), secret_.size());
  return {hash.low64, hash.high64};
}

Hash128 SeriesHash::scope_mask(const signal::Scope& scope, signal::MergeKind merge) const {
  std::string key;
  append_varint(key, scope.account.size());
  key += scope.account;
  append_varint(key, scope.region.size());
  key += scope.region;
  key += static_cast<char>(merge);
  return labels(key);
}

uint64_t SeriesHash::bytes64(std::string_view bytes) const {
  return XXH3_64bits_withSecret(bytes.data(), bytes.size(), secret_.data(), secret_.size());
}

}  // namespace kansoku::store::metrics
