#include "wire/snappy/snappy.h"

#include <snappy-c.h>

namespace kansoku::wire {
namespace {

// A copy element is at least 2 bytes for 11 or 3 bytes for 64: no block expands by more than 22; a
// larger claim is a lie that would only make us allocate.
constexpr size_t kExpansionMax = 32;

}  // namespace

Status snappy_decode(std::string_view block, size_t bytes_max, std::string& out) {
  auto length = snappy_claimed_bytes(block);
  if (!length) {
    return invalid_argument("body is no snappy block: {} bytes without a length", block.size());
  }
  size_t claimed = *length;
  if (claimed > bytes_max) {
    return resource_exhausted("snappy block expands to {} bytes, limit {}", claimed, bytes_max);
  }
  if (claimed > block.size() * kExpansionMax) {
    return invalid_argument("body is no snappy block: {} bytes claim to expand to {}", block.size(),
                            claimed);
  }
  bool good = false;
  out.resize_and_overwrite(claimed, [&](char* buffer, size_t) {
    size_t written = claimed;
    good = snappy_uncompress(block.data(), block.size(), buffer, &written) == SNAPPY_OK;
    return good ? written : 0;
  });
  if (!good) return invalid_argument("body is no snappy block: damaged at some element");
  return {};
}

std::optional<size_t> snappy_claimed_bytes(std::string_view block) {
  size_t claimed = 0;
  if (snappy_uncompressed_length(block.data(), block.size(), &claimed) != SNAPPY_OK) {
    return std::nullopt;
  }
  return claimed;
}

std::string snappy_encode(std::string_view bytes) {
  std::string out;
  out.resize_and_overwrite(snappy_max_compressed_length(bytes.size()), [&](char* buffer, size_t n) {
    size_t written = n;
    return snappy_compress(bytes.data(), bytes.size(), buffer, &written) == SNAPPY_OK ? written : 0;
  });
  return out;
}

}  // namespace kansoku::wire
