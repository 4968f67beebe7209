#include "base/codec/lz4.h"

#include <lz4.h>

#include "base/check.h"

namespace kansoku::codec {

void compress_lz4(std::string_view raw, std::string& out) {
  KANSOKU_CHECK(raw.size() <= LZ4_MAX_INPUT_SIZE);
  const size_t before = out.size();
  const int room = LZ4_compressBound(static_cast<int>(raw.size()));
  out.resize(before + static_cast<size_t>(room));
  const int n =
      LZ4_compress_default(raw.data(), out.data() + before, static_cast<int>(raw.size()), room);
  KANSOKU_CHECK(n > 0);
  out.resize(before + static_cast<size_t>(n));
}

Status decompress_lz4(std::string_view stored, size_t raw_bytes, std::string& out) {
  if (stored.size() > LZ4_MAX_INPUT_SIZE || raw_bytes > LZ4_MAX_INPUT_SIZE) {
    return corruption("compressed bytes are damaged");
  }
  out.resize(raw_bytes);
  const int n = LZ4_decompress_safe(stored.data(), out.data(), static_cast<int>(stored.size()),
                                    static_cast<int>(raw_bytes));
  if (n < 0 || static_cast<size_t>(n) != raw_bytes) {
    return corruption("compressed bytes are damaged");
  }
  return {};
}

}  // namespace kansoku::codec
