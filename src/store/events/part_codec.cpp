#include "store/events/part_codec.h"

#include "base/bytes.h"
#include "store/events/batch_record.h"

namespace kansoku::store::events {
namespace {

uint64_t distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}
int64_t moved(int64_t from, uint64_t by) {
  return static_cast<int64_t>(static_cast<uint64_t>(from) + by);
}

struct Reader {
  const char* at;
  const char* end;
  bool good = true;

  uint64_t number() {
    uint64_t value = 0;
    good = good && read_varint(at, end, value);
    return value;
  }
  // A count of things that have a byte each at least.
  uint64_t count() {
    const uint64_t n = number();
    good = good && n <= static_cast<uint64_t>(end - at);
    return good ? n : 0;
  }
  uint32_t number32() {
    const uint64_t value = number();
    good = good && value <= std::numeric_limits<uint32_t>::max();
    return static_cast<uint32_t>(value);
  }
  std::string text() {
    std::string_view view;
    good = good && read_text(at, end, view);
    return std::string(view);
  }
};

void encode_block(const BlockPlace& block, const PartMeta& meta, std::string& out) {
  append_varint(out, block.offset);
  append_varint(out, block.bytes);
  append_varint(out, block.rows);
  append_varint(out, distance(meta.min_ns, block.min_ns));
  append_varint(out, distance(block.min_ns, block.max_ns));
  append_varint(out, block.message_bytes);
  append_varint(out, block.first_stream);
  append_varint(out, block.last_stream - block.first_stream);
}

BlockPlace take_block(Reader& from, const PartMeta& meta, uint64_t blocks_end) {
  BlockPlace out;
  out.offset = from.number();
  out.bytes = from.number();
  out.rows = from.number32();
  out.min_ns = moved(meta.min_ns, from.number());
  out.max_ns = moved(out.min_ns, from.number());
  out.message_bytes = from.number();
  out.first_stream = from.number32();
  out.last_stream = out.first_stream + from.number32();
  from.good = from.good && out.offset <= blocks_end && out.bytes <= blocks_end - out.offset &&
              out.rows <= kBlockRowsMax && out.min_ns <= out.max_ns;
  return out;
}

}  // namespace

void encode_footer(const PartFooter& footer, std::string& out) {
  const PartMeta& meta = footer.meta;
  encode_part_meta(meta, out);
  append_varint(out, footer.replaced.size());
  for (const uint64_t id : footer.replaced) append_varint(out, id);
  append_varint(out, footer.blocks.size());
  for (const BlockPlace& block : footer.blocks) encode_block(block, meta, out);
  append_varint(out, footer.groups.size());
  for (const GroupPlace& group : footer.groups) {
    append_text(out, group.group);
    append_varint(out, group.generation);
    append_varint(out, group.streams);
    append_varint(out, group.rows);
    append_varint(out, distance(meta.min_ns, group.min_ns));
    append_varint(out, distance(group.min_ns, group.max_ns));
  }
  append_varint(out, footer.chunks.size());
  for (const ChunkPlace& chunk : footer.chunks) {
    append_varint(out, chunk.streams);
    append_varint(out, chunk.offset);
    append_varint(out, chunk.bytes);
    append_varint(out, chunk.raw_bytes);
    append_le(out, chunk.crc);
    append_text(out, chunk.first_name);
  }
}

bool decode_footer(std::string_view bytes, uint64_t blocks_end, PartFooter& out) {
  Reader from{bytes.data(), bytes.data() + bytes.size()};
  if (!decode_part_meta(from.at, from.end, out.meta)) return false;
  out.replaced.resize(from.count());
  for (uint64_t& id : out.replaced) id = from.number();
  out.blocks.resize(from.count());
  for (BlockPlace& block : out.blocks) block = take_block(from, out.meta, blocks_end);
  out.groups.resize(from.count());
  uint64_t streams = 0;
  for (GroupPlace& group : out.groups) {
    group.group = from.text();
    group.generation = from.number();
    group.first_stream = static_cast<uint32_t>(streams);
    group.streams = from.number32();
    group.rows = from.number();
    group.min_ns = moved(out.meta.min_ns, from.number());
    group.max_ns = moved(group.min_ns, from.number());
    streams += group.streams;
    from.good = from.good && group.streams > 0 && streams <= std::numeric_limits<uint32_t>::max();
  }
  out.streams = static_cast<uint32_t>(streams);
  out.chunks.resize(from.count());
  uint64_t in_chunks = 0;
  for (ChunkPlace& chunk : out.chunks) {
    chunk.first_stream = static_cast<uint32_t>(in_chunks);
    chunk.streams = from.number32();
    chunk.offset = from.number();
    chunk.bytes = from.number32();
    chunk.raw_bytes = from.number32();
    from.good = from.good && from.end - from.at >= 4 && chunk.raw_bytes <= kChunkRawBytesMax &&
                chunk.offset <= blocks_end && chunk.bytes <= blocks_end - chunk.offset &&
                chunk.streams > 0;
    if (!from.good) return false;
    chunk.crc = load_le<uint32_t>(from.at);
    from.at += 4;
    chunk.first_name = from.text();
    in_chunks += chunk.streams;
  }
  for (const BlockPlace& block : out.blocks) {
    from.good = from.good && block.first_stream <= block.last_stream && block.last_stream < streams;
  }
  return from.good && from.at == from.end && in_chunks == streams;
}

void encode_chunk(const StreamChunk& chunk, const PartMeta& meta, std::string& out) {
  std::string_view previous;
  for (size_t i = 0; i < chunk.names.size(); ++i) {
    const std::string_view name = chunk.names[i];
    const size_t most = std::min(previous.size(), name.size());
    size_t shared = 0;
    while (shared < most && previous[shared] == name[shared]) ++shared;
    append_varint(out, shared);
    append_text(out, name.substr(shared));
    previous = name;
    const auto uses = chunk.uses_of(i);
    append_varint(out, uses.size());
    uint32_t block = 0;
    for (const BlockUse& use : uses) {
      append_varint(out, use.block - block);
      block = use.block;
      append_varint(out, use.rows);
      append_varint(out, use.message_bytes);
      append_varint(out, distance(meta.min_ns, use.min_ns));
      append_varint(out, distance(use.min_ns, use.max_ns));
      append_varint(out,
                    zigzag(moved(use.last_ingested_ns, 0 - static_cast<uint64_t>(use.max_ns))));
      append_varint(out, use.min_sequence - meta.first_sequence);
      append_varint(out, use.max_sequence - use.min_sequence);
    }
  }
}

bool decode_chunk(std::string_view bytes, uint32_t streams, const PartMeta& meta, size_t blocks,
                  StreamChunk& out) {
  Reader from{bytes.data(), bytes.data() + bytes.size()};
  std::string name;
  for (uint32_t i = 0; i < streams && from.good; ++i) {
    const uint64_t shared = from.number();
    if (shared > name.size()) return false;
    name.resize(shared);
    name += from.text();
    if (name.size() > kStreamNameBytesMax) return false;
    out.names.push_back(name);
    uint32_t block = 0;
    for (uint64_t n = from.count(); n > 0 && from.good; --n) {
      BlockUse& use = out.uses.emplace_back();
      block += from.number32();
      use.block = block;
      use.rows = from.number32();
      use.message_bytes = from.number();
      use.min_ns = moved(meta.min_ns, from.number());
      use.max_ns = moved(use.min_ns, from.number());
      use.last_ingested_ns = moved(use.max_ns, static_cast<uint64_t>(unzigzag(from.number())));
      use.min_sequence = meta.first_sequence + from.number();
      use.max_sequence = use.min_sequence + from.number();
      from.good = from.good && block < blocks;
    }
    out.use_ends.push_back(static_cast<uint32_t>(out.uses.size()));
  }
  return from.good && from.at == from.end;
}

}  // namespace kansoku::store::events
