// An immutable file of blocks of one PartGroup (docs/formats/event-part.md, "Part"): blocks, then
// the table of streams in chunks, then the footer, which alone is kept in memory: places of
// blocks, groups, places of chunks. A file is opened when it is read, so parts hold no descriptors.
//
// Thread contract: a Part is free-threaded; a writer has one owner.
#pragma once

#include <atomic>
#include <map>
#include <memory>

#include "store/events/block.h"
#include "store/events/part_meta.h"
#include "store/footer_file.h"
#include "store/page_cache.h"

namespace kansoku::store::events {

struct BlockPlace {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint32_t rows = 0;
  int64_t min_ns = 0;
  int64_t max_ns = 0;
  uint64_t message_bytes = 0;
  // Of the table of streams; in between may be some that have no row here.
  uint32_t first_stream = 0;
  uint32_t last_stream = 0;
};

// A group and its neighbours in the table of streams.
struct GroupPlace {
  std::string group;
  uint64_t generation = 0;
  uint32_t first_stream = 0;
  uint32_t streams = 0;
  uint64_t rows = 0;
  int64_t min_ns = 0;
  int64_t max_ns = 0;
};

// What one block has of one stream.
struct BlockUse {
  uint32_t block = 0;
  uint32_t rows = 0;
  uint64_t message_bytes = 0;
  int64_t min_ns = 0;
  int64_t max_ns = 0;
  int64_t last_ingested_ns = 0;
  uint64_t min_sequence = 0;
  uint64_t max_sequence = 0;
};

// A stretch of the table of streams.
struct StreamChunk {
  uint32_t first_stream = 0;
  std::vector<std::string> names;
  std::vector<uint32_t> use_ends;  // by stream: end of its uses
  std::vector<BlockUse> uses;
  std::span<const BlockUse> uses_of(size_t i) const {
    const uint32_t begin = i == 0 ? 0 : use_ends[i - 1];
    return std::span(uses).subspan(begin, use_ends[i] - begin);
  }
};
struct ChunkPlace {
  uint32_t first_stream = 0;
  uint32_t streams = 0;
  uint64_t offset = 0;
  uint32_t bytes = 0;
  uint32_t raw_bytes = 0;
  uint32_t crc = 0;
  std::string first_name;
};

struct PartFooter {
  PartMeta meta;
  // Ids of the parts whose events it has, and of those that they had replaced.
  std::vector<uint64_t> replaced;
  std::vector<BlockPlace> blocks;
  std::vector<GroupPlace> groups;
  std::vector<ChunkPlace> chunks;
  uint32_t streams = 0;
};

class Part {
 public:
  // A part that cannot be read comes back fenced (no blocks); only the manifest's word on it is
  // known then.
  static std::shared_ptr<const Part> open(env::FileSystem& files, const std::string& directory,
                                          const PartMeta& meta);
  static Result<PartFooter> read_footer(env::FileSystem& files, const std::string& path);
  ~Part();

  const PartMeta& meta() const { return footer_.meta; }
  const std::string& path() const { return path_; }
  bool fenced() const { return fenced_; }
  const std::vector<BlockPlace>& blocks() const { return footer_.blocks; }
  const std::vector<GroupPlace>& groups() const { return footer_.groups; }
  const std::vector<ChunkPlace>& chunks() const { return footer_.chunks; }
  const std::vector<uint64_t>& replaced() const { return footer_.replaced; }
  uint32_t streams() const { return footer_.streams; }
  // The group that a stream of the table belongs to.
  const GroupPlace& group_of(uint32_t stream) const;

  Result<std::unique_ptr<env::File>> open_file() const;
  // DataLoss counts as damage of the part.
  Result<StreamChunk> read_chunk(size_t chunk) const;
  // The chunk in which the first stream not before (group, stream) stands, if any does.
  size_t chunk_of(uint32_t first_stream_of_group, std::string_view stream) const;

  // Counts each block once.
  void note_damage(size_t block) const;
  uint64_t blocks_damaged() const { return damaged_.load(std::memory_order_relaxed); }
  bool damaged() const { return fenced_ || blocks_damaged() > 0 || table_damaged_.load(); }
  // The file goes when nobody reads it any more.
  void remove_when_unused() const { obsolete_.store(true); }

 private:
  PartFooter footer_;
  std::string path_;
  env::FileSystem* files_ = nullptr;
  bool fenced_ = false;
  mutable std::atomic<bool> obsolete_{false};
  mutable std::atomic<bool> table_damaged_{false};
  mutable std::atomic<uint64_t> damaged_{0};
  std::unique_ptr<std::atomic<bool>[]> block_damaged_;
};

// Files of parts that a scan reads, opened when the first byte is asked for. The latest one stays
// open; another, as long as a block of it is held. Thread contract: one owner.
class PartFiles {
 public:
  Result<std::shared_ptr<env::File>> of(const Part& part);

 private:
  std::map<const Part*, std::weak_ptr<env::File>> files_;
  std::shared_ptr<env::File> latest_;
};

// The bytes of one block, through the cache.
class PartBlock final : public BlockBytes {
 public:
  PartBlock(const Part& part, size_t block, PageCache* cache, PartFiles& files)
      : part_(&part), place_(&part.blocks()[block]), cache_(cache), files_(&files) {}
  Result<std::shared_ptr<const std::string>> read(uint64_t offset, size_t bytes) override;

 private:
  const Part* part_;
  const BlockPlace* place_;
  PageCache* cache_;
  PartFiles* files_;
  std::shared_ptr<env::File> file_;
};

// Walks the streams of a part in order, from a place on. Holds no descriptor: the file is opened
// for each chunk.
class StreamCursor {
 public:
  StreamCursor(const Part& part, uint32_t stream, uint32_t end);
  // False at the end.
  Result<bool> next();
  uint32_t stream() const { return at_; }
  const GroupPlace& group() const { return *group_; }
  const std::string& name() const { return chunk_.names[at_ - chunk_.first_stream]; }
  std::span<const BlockUse> uses() const { return chunk_.uses_of(at_ - chunk_.first_stream); }
  // Goes on behind the streams of this group whose names are before `name`.
  Status skip_to(std::string_view name);
  // The stream at hand comes again.
  void step_back() { next_ = at_; }
  // Walks these streams instead; what is loaded stays.
  void seek(uint32_t stream, uint32_t end) {
    next_ = stream;
    end_ = end;
    group_ = nullptr;
  }

 private:
  Status load(uint32_t stream);
  const Part* part_;
  uint32_t next_;
  uint32_t end_;
  uint32_t at_ = 0;
  const GroupPlace* group_ = nullptr;
  StreamChunk chunk_;
};

}  // namespace kansoku::store::events
