#include "wire/tsdb_block/block.h"

#include "base/bytes.h"
#include "wire/tsdb_block/chunk.h"

namespace kansoku::wire::tsdb_block {
namespace {

constexpr uint32_t kChunksMagic = 0x85bd40dd;
// An index of 10 M series takes about 2 GiB.
constexpr size_t kIndexBytesMax = size_t{8} << 30;
// Chunks of neighbouring series lie together.
constexpr size_t kWindowBytes = 1 << 20;
constexpr uint64_t kChunkBytesMax = 64U << 20;

uint32_t load_be32(const char* from) { return std::byteswap(load_le<uint32_t>(from)); }

// An error with the file that it is of.
template <class T>
Result<T> named(Result<T> result, const std::string& path) {
  if (!result && result.error().object.empty()) result.error().object = path;
  return result;
}

bool is_deleted(const std::vector<std::pair<int64_t, int64_t>>& ranges, int64_t ms) {
  for (const auto& [first, last] : ranges) {
    if (first <= ms && ms <= last) return true;
  }
  return false;
}

}  // namespace

// A file of chunks, read through a window.
struct Block::Segment {
  std::unique_ptr<env::File> file;
  uint64_t bytes = 0;
  uint64_t window_at = 0;
  std::string window;

  // `size` bytes at `offset`.
  Result<std::string_view> at(uint64_t offset, uint64_t size) {
    if (offset > bytes || size > bytes - offset) return corruption("a chunk lies outside its file");
    bool held = offset >= window_at && offset + size <= window_at + window.size();
    if (!held) {
      window.resize(std::min<uint64_t>(std::max<uint64_t>(size, kWindowBytes), bytes - offset));
      KANSOKU_TRY(size_t read, file->read_at(offset, std::as_writable_bytes(std::span(window))));
      if (read != window.size()) return corruption("a chunk file ends early");
      window_at = offset;
    }
    return std::string_view(window).substr(offset - window_at, size);
  }
};

Block::Block(env::FileSystem& files, std::string directory)
    : files_(&files), directory_(std::move(directory)) {}
Block::~Block() = default;

Result<std::unique_ptr<Block>> Block::open(env::FileSystem& files, const std::string& directory) {
  std::unique_ptr<Block> out(new Block(files, directory));
  std::string path = env::join_path(directory, "meta.json");
  KANSOKU_TRY(std::string meta, files.read_all(path));
  KANSOKU_TRY(out->meta_, named(parse_meta(meta), path));
  path = env::join_path(directory, "index");
  KANSOKU_TRY(std::string index, files.read_all(path, kIndexBytesMax));
  KANSOKU_TRY(Index parsed, named(Index::parse(std::move(index)), path));
  out->index_ = std::make_unique<Index>(std::move(parsed));
  path = env::join_path(directory, "tombstones");
  auto tombstones = files.read_all(path);
  if (tombstones) {
    KANSOKU_TRY(out->tombstones_, named(parse_tombstones(*tombstones), path));
  } else if (tombstones.error().code != ErrorCode::NotFound) {
    return std::unexpected(std::move(tombstones).error());
  }
  return out;
}

Result<Block::Segment*> Block::segment(uint64_t number) {
  auto& slot = segments_[number];
  if (slot) return slot.get();
  // Files count from 1, references from 0.
  std::string path = env::join_path(directory_, fmt::format("chunks/{:06}", number + 1));
  auto opened = std::make_unique<Segment>();
  KANSOKU_TRY(opened->file, files_->open(path, env::OpenMode::Read));
  KANSOKU_TRY(opened->bytes, opened->file->size());
  KANSOKU_TRY(std::string_view head, opened->at(0, 8));
  if (load_be32(head.data()) != kChunksMagic) return corruption("{}: no chunk file", path);
  if (head[4] != 1) return unimplemented("{}: version {}", path, static_cast<int>(head[4]));
  slot = std::move(opened);
  return slot.get();
}

Status Block::read_series(const IndexSeries& series, const BlockSink& sink) {
  times_.clear();
  points_.clear();
  auto deleted = tombstones_.find(series.reference);
  for (const ChunkRef& chunk : series.chunks) {
    KANSOKU_TRY(Segment * from, segment(chunk.position >> 32));
    uint64_t offset = chunk.position & 0xffffffff;
    uint64_t head_bytes = std::min<uint64_t>(11, from->bytes - std::min(from->bytes, offset));
    KANSOKU_TRY(std::string_view head, from->at(offset, head_bytes));
    const char* at = head.data();
    uint64_t size = 0;
    if (!read_varint(at, head.data() + head.size(), size) || size > kChunkBytesMax) {
      return corruption("chunk {:x} has no length", chunk.position);
    }
    offset += static_cast<uint64_t>(at - head.data());
    // Encoding, data, checksum of both.
    KANSOKU_TRY(std::string_view whole, from->at(offset, size + 5));
    if (crc32c(as_bytes(whole.substr(0, size + 1))) != load_be32(whole.data() + size + 1)) {
      return corruption("the checksum of chunk {:x} does not hold", chunk.position);
    }
    auto take = [&](int64_t ms, signal::Point point) {
      if (deleted != tombstones_.end() && is_deleted(deleted->second, ms)) return;
      times_.push_back(ms);
      points_.push_back(std::move(point));
    };
    KANSOKU_RETURN_IF_ERROR(
        decode_chunk(static_cast<uint8_t>(whole[0]), whole.substr(1, size), take));
  }
  if (times_.empty()) return {};
  return sink({&series.labels, times_, points_});
}

Status Block::read(const BlockSink& sink) {
  IndexSeries series;
  for (;;) {
    KANSOKU_TRY(bool more, index_->next(series));
    if (!more) return {};
    Status status = read_series(series, sink);
    if (!status && status.error().object.empty()) {
      return fail(status.error().code, status.error().message,
                  directory_ + " " + series.labels.to_string());
    }
    KANSOKU_RETURN_IF_ERROR(std::move(status));
  }
}

bool is_block(env::FileSystem& files, const std::string& directory) {
  return files.exists(env::join_path(directory, "meta.json")) &&
         files.exists(env::join_path(directory, "index"));
}

}  // namespace kansoku::wire::tsdb_block
