// A file of series that had no point lately: chunks by id, the list of all ids, and the hashes by
// which a series that comes back is found (docs/formats/cold-segment.md). Immutable; every page and
// the footer are checksummed. Thread contract: ColdSegment is free-threaded; the writer has one
// owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/codec/zstd.h"
#include "base/env/env.h"
#include "store/footer_file.h"
#include "store/metrics/cold_chunk.h"
#include "store/page_cache.h"

namespace kansoku::store::metrics {

inline constexpr uint32_t kColdSegmentVersion = 1;
// A segment has at most this many rows: what a writer holds in memory is 12 bytes for each.
inline constexpr uint64_t kColdRowsMax = 1U << 20;

// What the manifest says of a segment.
struct ColdMeta {
  uint64_t id = 0;  // of the same numbers as parts; the newer one wins
  // What stands in this series file before this byte is not newer than the segment.
  uint64_t series_file = 0;
  uint64_t series_bytes = 0;
  friend bool operator==(const ColdMeta&, const ColdMeta&) = default;
};
std::string cold_name(uint64_t id);
bool parse_cold_name(std::string_view name, uint64_t& id);

struct ColdPage {
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;
  uint32_t raw_bytes = 0;
  uint32_t crc = 0;
};

class ColdSegment;

class ColdSegmentWriter {
 public:
  // Writes DIRECTORY/cold-ID.kcs.tmp until finish().
  static Result<std::unique_ptr<ColdSegmentWriter>> create(env::FileSystem& files,
                                                           std::string directory, uint64_t id);
  ColdSegmentWriter(const ColdSegmentWriter&) = delete;
  ColdSegmentWriter& operator=(const ColdSegmentWriter&) = delete;
  // Room for as many rows.
  void reserve(uint64_t rows) { hashes_.reserve(rows); }
  // The row of a scope among the segment's.
  uint32_t scope_row(const signal::Scope& scope);
  // `hash`: of a row that is not gone. Ids ascend. When full() says so afterwards, end_chunk().
  void add(const ColdRow& row, uint64_t hash, std::span<const uint32_t> keys);
  bool full() const { return chunk_.full(); }
  size_t rows_waiting() const { return chunk_.rows(); }
  // Puts the rows so far into pages, which write() writes; the keys' bytes are needed no more.
  void end_chunk(const std::function<std::string_view(uint32_t)>& bytes_of);
  Status write();
  uint64_t rows() const { return rows_; }
  // Whether rows of that segment mean the same scopes here; takes them over where none is known.
  bool takes_scopes_of(const ColdSegment& segment);
  // Puts a whole chunk of a segment behind what is written, with nothing waiting; its ids come by
  // add_id(), its hashes by add_hash().
  Status copy_chunk(const ColdSegment& segment, size_t number);
  void add_id(SeriesId id, signal::MergeKind merge);
  void add_hash(uint64_t hash, uint32_t row) { hashes_.push_back({hash, row}); }
  // Footer, sync, rename, directory sync.
  Status finish();

 private:
  struct Chunk {
    ColdPage dictionary;
    ColdPage rows;
    ColdChunkBuilder::Summary summary;
  };
  ColdSegmentWriter(env::FileSystem& files, std::string directory, uint64_t id)
      : files_(&files), directory_(std::move(directory)), id_(id) {}
  Result<ColdPage> put_page(std::string_view raw, bool compressed);
  Status put_hashes(std::string& footer);

  env::FileSystem* files_;
  std::string directory_;
  uint64_t id_;
  std::unique_ptr<FooterFileWriter> file_;
  std::vector<signal::Scope> scopes_;
  ColdChunkBuilder chunk_;
  struct Waiting {
    ColdChunkBuilder::Summary summary;
    std::string dictionary;
    std::string rows;
  };
  std::vector<Waiting> waiting_;
  std::vector<Chunk> chunks_;
  std::string ids_;
  SeriesId last_id_ = 0;
  uint32_t rows_ = 0;
  struct [[gnu::packed]] RowHash {
    uint64_t hash;
    uint32_t row;
  };
  std::vector<RowHash> hashes_;
  codec::Compressor compressor_;
};

class ColdSegment {
 public:
  struct Chunk {
    ColdPage dictionary;
    ColdPage rows;
    ColdChunkBuilder::Summary summary;
    uint64_t begin = 0;  // number of its first row
  };
  // DataLoss when the footer is damaged.
  static Result<std::shared_ptr<const ColdSegment>> open(env::FileSystem& files,
                                                         const std::string& directory, uint64_t id);
  uint64_t id() const { return id_; }
  uint64_t rows() const { return rows_; }
  const std::string& path() const { return path_; }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  const std::vector<signal::Scope>& scopes() const { return scopes_; }
  uint64_t file_bytes() const { return file_bytes_; }
  // A page's raw bytes; DataLoss when its checksum does not hold. `cache` may be null.
  Result<std::shared_ptr<const std::string>> read(const ColdPage& page,
                                                  codec::Decompressor& decompressor,
                                                  PageCache* cache) const;
  // Calls visit(id, merge) for each row, ascending.
  Status visit_ids(codec::Decompressor& decompressor,
                   const std::function<void(SeriesId, signal::MergeKind)>& visit) const;
  // Calls visit(hash, number of the row), in no order.
  Status visit_hashes(codec::Decompressor& decompressor,
                      const std::function<void(uint64_t, uint32_t)>& visit) const;
  // The page of ids (docs/formats/cold-segment.md).
  Result<std::shared_ptr<const std::string>> read_ids(codec::Decompressor& decompressor) const {
    return read(ids_, decompressor, nullptr);
  }
  // A page as it is stored; DataLoss when its checksum does not hold.
  Result<std::string> read_stored(const ColdPage& page) const;
  // Numbers of the rows with that hash.
  Result<std::vector<uint32_t>> rows_of_hash(uint64_t hash, codec::Decompressor& decompressor,
                                             PageCache* cache) const;
  // The chunk in which the row stands, as a place in chunks().
  size_t chunk_of_row(uint64_t row) const;
  // The chunk in which the id stands if it is here; chunks().size() when it is not.
  size_t chunk_of_id(SeriesId id) const;

 private:
  Status load(env::FileSystem& files);
  bool decode_footer(std::string_view footer);

  uint64_t id_ = 0;
  std::string path_;
  std::unique_ptr<env::File> file_;
  uint64_t file_bytes_ = 0;
  uint64_t rows_ = 0;
  int64_t max_ms_ = std::numeric_limits<int64_t>::min();
  std::vector<signal::Scope> scopes_;
  std::vector<Chunk> chunks_;
  ColdPage ids_;
  std::vector<ColdPage> hashes_;  // by the upper half of the hash
};

}  // namespace kansoku::store::metrics
