// LZ4 blocks, for what is written once and seldom read: the only place that includes lz4.
// Thread contract: free functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kansoku::codec {

// Appends to `out`. `raw` is at most 2,113,929,216 bytes (LZ4_MAX_INPUT_SIZE).
void compress_lz4(std::string_view raw, std::string& out);
// Replaces `out`; DataLoss when the bytes are damaged.
Status decompress_lz4(std::string_view stored, size_t raw_bytes, std::string& out);

}  // namespace kansoku::codec
