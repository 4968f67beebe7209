// Reads a block of Prometheus' TSDB: meta.json, index (version 2), chunk segments, tombstones.
// See README.md.
//
// Source: prometheus/prometheus, tsdb/docs/format/{index,chunks,tombstones}.md, tsdb/block.go.
// Thread contract: one owner; the sink is called on the caller's thread.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/env/env.h"
#include "base/result.h"
#include "signal/labels.h"
#include "signal/point.h"

namespace kansoku::wire::tsdb_block {

struct BlockMeta {
  std::string ulid;
  int64_t min_ms = 0;
  int64_t max_ms = 0;  // exclusive
  uint64_t samples = 0;
  uint64_t series = 0;
  uint64_t chunks = 0;
};
Result<BlockMeta> parse_meta(std::string_view json);

// Closed intervals [first, second] by series reference.
using Tombstones = std::map<uint64_t, std::vector<std::pair<int64_t, int64_t>>>;
Result<Tombstones> parse_tombstones(std::string_view bytes);

struct ChunkRef {
  int64_t min_ms = 0;
  int64_t max_ms = 0;
  uint64_t position = 0;  // segment in the upper half, offset in the lower
};
struct IndexSeries {
  uint64_t reference = 0;  // as tombstones name it
  signal::Labels labels;
  std::vector<ChunkRef> chunks;
};

// The series of an index in the order of the file, which is that of their labels.
class Index {
 public:
  // Unimplemented for an index of version 1 (Prometheus before 2.1); DataLoss for damage.
  static Result<Index> parse(std::string bytes);
  // False at the end.
  Result<bool> next(IndexSeries& out);

 private:
  Status read_symbols(uint64_t at);
  Result<std::string_view> section(uint64_t at) const;

  std::string bytes_;
  std::vector<std::string_view> symbols_;
  uint64_t at_ = 0;
  uint64_t end_ = 0;
};

struct BlockSeries {
  const signal::Labels* labels = nullptr;
  std::span<const int64_t> timestamps_ms;
  std::span<const signal::Point> points;
};
// An error ends the reading with it.
using BlockSink = std::function<Status(const BlockSeries&)>;

class Block {
 public:
  static Result<std::unique_ptr<Block>> open(env::FileSystem& files, const std::string& directory);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const BlockMeta& meta() const { return meta_; }
  // Every series with its points in order, without what tombstones delete. Once.
  Status read(const BlockSink& sink);

 private:
  struct Segment;
  Block(env::FileSystem& files, std::string directory);
  Status read_series(const IndexSeries& series, const BlockSink& sink);
  Result<Segment*> segment(uint64_t number);

  env::FileSystem* files_;
  std::string directory_;
  BlockMeta meta_;
  std::unique_ptr<Index> index_;
  Tombstones tombstones_;
  std::map<uint64_t, std::unique_ptr<Segment>> segments_;
  std::vector<int64_t> times_;
  std::vector<signal::Point> points_;
};

// Whether a directory looks like a block: it holds meta.json and index.
bool is_block(env::FileSystem& files, const std::string& directory);

}  // namespace kansoku::wire::tsdb_block
