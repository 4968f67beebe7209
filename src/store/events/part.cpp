#include "store/events/part.h"

#include <algorithm>

#include "base/codec/lz4.h"
#include "store/events/part_codec.h"

namespace kansoku::store::events {

Result<PartFooter> Part::read_footer(env::FileSystem& files, const std::string& path) {
  KANSOKU_TRY(const FooterFile file, open_footer_file(files, path, kPartFormat));
  PartFooter out;
  if (!decode_footer(file.footer, file.footer_offset, out)) {
    return fail(ErrorCode::DataLoss, "the footer is not one", path);
  }
  out.meta.file_bytes = file.file_bytes;
  return out;
}

std::shared_ptr<const Part> Part::open(env::FileSystem& files, const std::string& directory,
                                       const PartMeta& meta) {
  auto part = std::make_shared<Part>();
  part->path_ = env::join_path(directory, part_name(meta.id));
  part->files_ = &files;
  auto footer = read_footer(files, part->path_);
  part->fenced_ = !footer || footer->meta != meta;
  if (!part->fenced_) part->footer_ = std::move(*footer);
  part->footer_.meta = meta;
  part->block_damaged_ = std::make_unique<std::atomic<bool>[]>(part->footer_.blocks.size());
  return part;
}

Part::~Part() {
  if (obsolete_.load()) (void)files_->remove(path_);
}

void Part::note_damage(size_t block) const {
  if (!block_damaged_[block].exchange(true)) damaged_.fetch_add(1, std::memory_order_relaxed);
}

const GroupPlace& Part::group_of(uint32_t stream) const {
  const auto after =
      std::ranges::upper_bound(footer_.groups, stream, {}, &GroupPlace::first_stream);
  return *std::prev(after);
}

Result<std::unique_ptr<env::File>> Part::open_file() const {
  return files_->open(path_, env::OpenMode::Read);
}

Result<StreamChunk> Part::read_chunk(size_t chunk) const {
  const ChunkPlace& place = footer_.chunks[chunk];
  KANSOKU_TRY(const auto file, open_file());
  KANSOKU_TRY(const std::string stored, read_exactly(*file, path_, place.offset, place.bytes));
  std::string raw;
  StreamChunk out{.first_stream = place.first_stream};
  const bool good = crc32c(as_bytes(stored)) == place.crc &&
                    codec::decompress_lz4(stored, place.raw_bytes, raw) &&
                    decode_chunk(raw, place.streams, meta(), footer_.blocks.size(), out);
  if (good) return out;
  table_damaged_.store(true);
  return fail(ErrorCode::DataLoss, "names of streams are damaged", path_);
}

// Chunks may begin in an earlier group: within the group names ascend.
size_t Part::chunk_of(uint32_t first_stream_of_group, std::string_view stream) const {
  const auto& chunks = footer_.chunks;
  const auto after = std::ranges::partition_point(chunks, [&](const ChunkPlace& chunk) {
    return chunk.first_stream <= first_stream_of_group ||
           (&group_of(chunk.first_stream) == &group_of(first_stream_of_group) &&
            chunk.first_name <= stream);
  });
  return static_cast<size_t>(after - chunks.begin()) - 1;
}

Result<std::shared_ptr<env::File>> PartFiles::of(const Part& part) {
  std::weak_ptr<env::File>& known = files_[&part];
  std::shared_ptr<env::File> file = known.lock();
  if (!file) {
    KANSOKU_TRY(file, part.open_file());
    known = file;
  }
  latest_ = file;
  return file;
}

Result<std::shared_ptr<const std::string>> PartBlock::read(uint64_t offset, size_t bytes) {
  if (offset > place_->bytes || bytes > place_->bytes - offset) {
    return corruption("a block of {} bytes has none at {}", place_->bytes, offset);
  }
  const uint64_t at = place_->offset + offset;
  if (cache_ != nullptr) {
    auto known = cache_->find(part_->meta().id, at);
    if (known && known->size() == bytes) return known;
  }
  if (!file_) {
    KANSOKU_TRY(file_, files_->of(*part_));
  }
  KANSOKU_TRY(std::string read, read_exactly(*file_, part_->path(), at, bytes));
  auto out = std::make_shared<const std::string>(std::move(read));
  if (cache_ != nullptr) cache_->put(part_->meta().id, at, out);
  return out;
}

StreamCursor::StreamCursor(const Part& part, uint32_t stream, uint32_t end)
    : part_(&part), next_(stream), end_(end) {}

Status StreamCursor::load(uint32_t stream) {
  if (!chunk_.names.empty() && stream >= chunk_.first_stream &&
      stream - chunk_.first_stream < chunk_.names.size()) {
    return {};
  }
  const auto after =
      std::ranges::upper_bound(part_->chunks(), stream, {}, &ChunkPlace::first_stream);
  const auto chunk = static_cast<size_t>(after - part_->chunks().begin()) - 1;
  KANSOKU_TRY(chunk_, part_->read_chunk(chunk));
  return {};
}

Result<bool> StreamCursor::next() {
  if (next_ >= end_) return false;
  KANSOKU_RETURN_IF_ERROR(load(next_));
  at_ = next_++;
  if (group_ == nullptr || at_ >= group_->first_stream + group_->streams) {
    group_ = &part_->group_of(at_);
  }
  return true;
}

Status StreamCursor::skip_to(std::string_view name) {
  if (next_ >= end_) return {};
  const GroupPlace& group = part_->group_of(next_);
  const uint32_t group_end = std::min(end_, group.first_stream + group.streams);
  const ChunkPlace& chunk = part_->chunks()[part_->chunk_of(group.first_stream, name)];
  next_ = std::max(next_, chunk.first_stream);
  while (next_ < group_end) {
    KANSOKU_RETURN_IF_ERROR(load(next_));
    if (chunk_.names[next_ - chunk_.first_stream] >= name) break;
    ++next_;
  }
  return {};
}

}  // namespace kansoku::store::events
