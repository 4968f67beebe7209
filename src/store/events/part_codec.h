// The bytes of a part's footer and of its chunks of streams, beside its blocks.
// Thread contract: free functions.
#pragma once

#include "store/events/part.h"

namespace kansoku::store::events {

inline constexpr FooterFormat kPartFormat{.magic = 0x313054524150454bULL};  // "KEPART01"
inline constexpr uint64_t kChunkRawBytesMax = 16U << 20;

void encode_footer(const PartFooter& footer, std::string& out);
// False when the bytes are none; `blocks_end`: where the footer stands in the file.
bool decode_footer(std::string_view bytes, uint64_t blocks_end, PartFooter& out);
void encode_chunk(const StreamChunk& chunk, const PartMeta& meta, std::string& out);
bool decode_chunk(std::string_view bytes, uint32_t streams, const PartMeta& meta, size_t blocks,
                  StreamChunk& out);

}  // namespace kansoku::store::events
