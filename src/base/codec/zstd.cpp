#include "base/codec/zstd.h"

#include <zstd.h>

#include "base/check.h"

namespace kansoku::codec {
namespace {

ZSTD_CCtx* compress_context(void* context) { return static_cast<ZSTD_CCtx*>(context); }
ZSTD_DCtx* decompress_context(void* context) { return static_cast<ZSTD_DCtx*>(context); }

}  // namespace

Compressor::Compressor() : context_(ZSTD_createCCtx()) { KANSOKU_CHECK(context_ != nullptr); }
Compressor::~Compressor() { ZSTD_freeCCtx(compress_context(context_)); }

void Compressor::compress(std::string_view raw, int level, std::string& out) {
  size_t before = out.size();
  out.resize(before + ZSTD_compressBound(raw.size()));
  size_t n = ZSTD_compressCCtx(compress_context(context_), out.data() + before, out.size() - before,
                               raw.data(), raw.size(), level);
  if (ZSTD_isError(n) != 0 || n >= raw.size()) {
    out.resize(before);
    out += raw;
    return;
  }
  out.resize(before + n);
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) { KANSOKU_CHECK(context_ != nullptr); }
Decompressor::~Decompressor() { ZSTD_freeDCtx(decompress_context(context_)); }

Status Decompressor::decompress(std::string_view stored, size_t raw_bytes, std::string& out) {
  if (stored.size() == raw_bytes) {
    out.assign(stored);
    return {};
  }
  out.resize(raw_bytes);
  size_t n = ZSTD_decompressDCtx(decompress_context(context_), out.data(), out.size(),
                                 stored.data(), stored.size());
  if (ZSTD_isError(n) != 0 || n != raw_bytes) return corruption("compressed bytes are damaged");
  return {};
}

}  // namespace kansoku::codec
