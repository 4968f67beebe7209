// zstd for pages; the only place of this floor that includes it. Contexts are reused: one object
// for each writer or reader, not shared between threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kansoku::codec {

class Compressor {
 public:
  Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor();
  // Appends to `out`; the bytes as they are when compression does not make them smaller.
  void compress(std::string_view raw, int level, std::string& out);

 private:
  void* context_;
};

class Decompressor {
 public:
  Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor();
  // `raw_bytes` as it was; equal to stored.size() when the bytes were kept as they are.
  Status decompress(std::string_view stored, size_t raw_bytes, std::string& out);

 private:
  void* context_;
};

}  // namespace kansoku::codec
