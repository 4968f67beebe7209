#include "store/events/part_writer.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/codec/lz4.h"
#include "store/events/part_codec.h"
#include "store/events/work_steps.h"

namespace kansoku::store::events {
namespace {

// Streams and uses of a chunk: some ten KiB, which is what a look-up of one stream reads.
constexpr size_t kChunkStreams = 256;
constexpr size_t kChunkUses = 2'048;

void add_to(const BlockUse& use, int64_t& min_ns, int64_t& max_ns, bool first) {
  min_ns = first ? use.min_ns : std::min(min_ns, use.min_ns);
  max_ns = first ? use.max_ns : std::max(max_ns, use.max_ns);
}

}  // namespace

std::vector<CopiedUse> uses_of(const BlockRows& rows) {
  std::vector<CopiedUse> out(rows.streams.size());
  for (size_t i = 0; i < out.size(); ++i) out[i].key = rows.streams[i];
  for (size_t row = 0; row < rows.size(); ++row) {
    BlockUse& use = out[rows.stream_rows[row]].use;
    const bool first = use.rows++ == 0;
    const int64_t ns = rows.timestamps_ns[row];
    const uint64_t sequence = rows.sequences[row];
    use.min_ns = first ? ns : std::min(use.min_ns, ns);
    use.max_ns = first ? ns : std::max(use.max_ns, ns);
    use.last_ingested_ns =
        first ? rows.ingested_ns[row] : std::max(use.last_ingested_ns, rows.ingested_ns[row]);
    use.min_sequence = first ? sequence : std::min(use.min_sequence, sequence);
    use.max_sequence = std::max(use.max_sequence, sequence);
  }
  for (const signal::EventColumn& column : rows.columns) {
    if (column.type != signal::ColumnType::Text || column.path != kMessagePath) continue;
    for (size_t i = 0; i < column.rows.size(); ++i) {
      out[rows.stream_rows[column.rows[i]]].use.message_bytes += column.text_at(i).size();
    }
  }
  return out;
}

Result<std::unique_ptr<PartWriter>> PartWriter::create(env::FileSystem& files,
                                                       const std::string& directory, PartMeta meta,
                                                       std::vector<uint64_t> replaced) {
  KANSOKU_TRY(auto file,
              FooterFileWriter::create(files, directory, part_name(meta.id), kPartFormat));
  std::unique_ptr<PartWriter> writer(new PartWriter(std::move(file)));
  writer->footer_.meta = std::move(meta);
  writer->footer_.replaced = std::move(replaced);
  return writer;
}

// Blocks come mostly in the order of their streams, so a look at the last one finds most repeats;
// the rest is put together at the end.
uint32_t PartWriter::name_of(const StreamKey& key) {
  const auto group =
      groups_.try_emplace({key.group, key.generation}, static_cast<uint32_t>(groups_.size()))
          .first->second;
  if (!keys_.empty() && keys_.back().group == group && text(keys_.back()) == key.stream) {
    return static_cast<uint32_t>(keys_.size() - 1);
  }
  keys_.push_back({group, static_cast<uint32_t>(key.stream.size()), names_.size()});
  names_ += key.stream;
  return static_cast<uint32_t>(keys_.size() - 1);
}

void PartWriter::place_block(BlockPlace place) {
  PartMeta& meta = footer_.meta;
  const bool first = meta.rows == 0;
  meta.min_ns = first ? place.min_ns : std::min(meta.min_ns, place.min_ns);
  meta.max_ns = first ? place.max_ns : std::max(meta.max_ns, place.max_ns);
  meta.rows += place.rows;
  meta.message_bytes += place.message_bytes;
  footer_.blocks.push_back(place);
}

Status PartWriter::copy(std::string_view bytes, const BlockPlace& place,
                        std::span<const CopiedUse> uses) {
  BlockPlace mine = place;
  KANSOKU_TRY(mine.offset, file_->append(bytes));
  for (const CopiedUse& used : uses) {
    Use use{name_of(used.key), used.use};
    use.use.block = static_cast<uint32_t>(footer_.blocks.size());
    uses_.push_back(use);
  }
  place_block(mine);
  return {};
}

Status PartWriter::add(const BlockRows& rows, WorkPause* pause) {
  KANSOKU_CHECK(rows.size() > 0 && rows.size() <= kBlockRowsMax);
  buffer_.clear();
  encode_block(rows, buffer_, pause);
  pause_at(pause);
  const std::vector<CopiedUse> uses = uses_of(rows);
  BlockPlace place{.bytes = buffer_.size(), .rows = static_cast<uint32_t>(rows.size())};
  for (size_t i = 0; i < uses.size(); ++i) {
    add_to(uses[i].use, place.min_ns, place.max_ns, i == 0);
    place.message_bytes += uses[i].use.message_bytes;
  }
  return copy(buffer_, place, uses);
}

// Names in order, equal ones beside one another.
std::vector<uint32_t> PartWriter::sort_names() {
  std::vector<uint32_t> rank(groups_.size());
  uint32_t next = 0;
  for (const auto& [group, number] : groups_) rank[number] = next++;
  std::vector<uint32_t> order(keys_.size());
  std::iota(order.begin(), order.end(), 0);
  const auto before = [&](uint32_t a, uint32_t b) {
    const Name& left = keys_[a];
    const Name& right = keys_[b];
    if (left.group != right.group) return rank[left.group] < rank[right.group];
    return text(left) < text(right);
  };
  if (!std::ranges::is_sorted(order, before)) std::ranges::sort(order, before);
  return order;
}

// The places of groups, whose times come from the uses.
void PartWriter::number_groups(const std::vector<uint32_t>& order) {
  std::vector<uint32_t> place_of(groups_.size());
  for (const auto& [group, number] : groups_) {
    place_of[number] = static_cast<uint32_t>(footer_.groups.size());
    footer_.groups.push_back({.group = group.first, .generation = group.second});
  }
  const Name* previous = nullptr;
  for (const uint32_t key : order) {
    const Name& name = keys_[key];
    const bool same =
        previous != nullptr && previous->group == name.group && text(*previous) == text(name);
    if (!same) ++footer_.groups[place_of[name.group]].streams;
    previous = &name;
  }
  uint32_t streams = 0;
  for (GroupPlace& group : footer_.groups) {
    group.first_stream = streams;
    streams += group.streams;
  }
  footer_.streams = streams;
  std::vector<uint8_t> seen(footer_.groups.size());
  for (const Use& use : uses_) {
    const uint32_t at = place_of[keys_[use.name].group];
    GroupPlace& group = footer_.groups[at];
    add_to(use.use, group.min_ns, group.max_ns, seen[at] == 0);
    group.rows += use.use.rows;
    seen[at] = 1;
  }
}

Status PartWriter::write_chunk(StreamChunk& chunk) {
  if (chunk.names.empty()) return {};
  std::string raw;
  encode_chunk(chunk, footer_.meta, raw);
  std::string stored;
  codec::compress_lz4(raw, stored);
  ChunkPlace place{.first_stream = chunk.first_stream,
                   .streams = static_cast<uint32_t>(chunk.names.size()),
                   .bytes = static_cast<uint32_t>(stored.size()),
                   .raw_bytes = static_cast<uint32_t>(raw.size()),
                   .crc = crc32c(as_bytes(stored)),
                   .first_name = chunk.names.front()};
  KANSOKU_TRY(place.offset, file_->append(stored));
  const uint32_t next = chunk.first_stream + place.streams;
  footer_.chunks.push_back(std::move(place));
  chunk = {.first_stream = next};
  return {};
}

// `streams`: by name as it came, its place in the table.
Status PartWriter::write_chunks(const std::vector<uint32_t>& order,
                                std::vector<uint32_t>& streams) {
  // Uses by name, in the order of blocks.
  std::vector<uint32_t> ends(keys_.size() + 1);
  for (const Use& use : uses_) ++ends[use.name + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<uint32_t> by_name(uses_.size());
  {
    std::vector<uint32_t> at(ends.begin(), ends.end() - 1);
    for (uint32_t i = 0; i < uses_.size(); ++i) by_name[at[uses_[i].name]++] = i;
  }
  StreamChunk chunk;
  streams.resize(keys_.size());
  for (size_t i = 0; i < order.size();) {
    const Name& name = keys_[order[i]];
    const size_t first_use = chunk.uses.size();
    const auto stream = chunk.first_stream + static_cast<uint32_t>(chunk.names.size());
    for (; i < order.size(); ++i) {
      const uint32_t key = order[i];
      if (keys_[key].group != name.group || text(keys_[key]) != text(name)) break;
      streams[key] = stream;
      for (uint32_t at = ends[key]; at < ends[key + 1]; ++at) {
        chunk.uses.push_back(uses_[by_name[at]].use);
      }
    }
    std::ranges::sort(chunk.uses.begin() + static_cast<ptrdiff_t>(first_use), chunk.uses.end(), {},
                      &BlockUse::block);
    chunk.names.emplace_back(text(name));
    chunk.use_ends.push_back(static_cast<uint32_t>(chunk.uses.size()));
    if (chunk.names.size() >= kChunkStreams || chunk.uses.size() >= kChunkUses) {
      KANSOKU_RETURN_IF_ERROR(write_chunk(chunk));
    }
  }
  return write_chunk(chunk);
}

Result<PartMeta> PartWriter::finish() {
  const std::vector<uint32_t> order = sort_names();
  number_groups(order);
  std::vector<uint32_t> streams;
  KANSOKU_RETURN_IF_ERROR(write_chunks(order, streams));
  std::vector<uint8_t> seen(footer_.blocks.size());
  for (const Use& use : uses_) {
    BlockPlace& block = footer_.blocks[use.use.block];
    const uint32_t stream = streams[use.name];
    const bool first = std::exchange(seen[use.use.block], uint8_t{1}) == 0;
    block.first_stream = first ? stream : std::min(block.first_stream, stream);
    block.last_stream = first ? stream : std::max(block.last_stream, stream);
  }
  std::string footer;
  encode_footer(footer_, footer);
  KANSOKU_TRY(footer_.meta.file_bytes, file_->finish(footer));
  return footer_.meta;
}

}  // namespace kansoku::store::events
