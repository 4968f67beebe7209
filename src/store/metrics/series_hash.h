// Keyed 128-bit hash of a series' identity: (tenant, region, merge kind, sorted labels).
//
// XXH3-128 over the canonical label bytes with a secret of the data directory, so that nobody
// outside can choose colliding labels; scope and merge kind enter by a keyed mask. Equality of
// hashes is never taken for equality of series: the table compares bytes. Thread contract:
// immutable after init().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "signal/delivery.h"

namespace kansoku::store::metrics {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

// XXH3 wants at least 136 bytes; 192 is its own default.
inline constexpr size_t kSecretBytes = 192;

// A series' identity as cold segments keep it. Not keyed: a collision costs a comparison.
uint64_t cold_hash(const signal::Scope& scope, signal::MergeKind merge, std::string_view canonical);

class SeriesHash {
 public:
  void init(std::string_view secret);
  Hash128 labels(std::string_view canonical) const;
  // What to xor into the labels' hash.
  Hash128 scope_mask(const signal::Scope& scope, signal::MergeKind merge) const;
  uint64_t bytes64(std::string_view bytes) const;

 private:
  std::array<char, kSecretBytes> secret_{};
};

}  // namespace kansoku::store::metrics
