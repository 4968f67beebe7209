// The two ways a cold segment comes to be: from series that leave the table, and from segments that
// are merged. Both work in steps and publish nothing. Thread contract: one owner, one step at a
// time.
#pragma once

#include "store/metrics/cold_index.h"
#include "store/metrics/part_jobs.h"

namespace kansoku::store::metrics {

class ColdWriteJob {
 public:
  // `ids` ascend, at most kColdRowsMax. What is expired, and what has no points left, is written
  // only where an older row must be hidden.
  static Result<std::unique_ptr<ColdWriteJob>> begin(env::FileSystem& files, std::string directory,
                                                     uint64_t segment_id, const SeriesTable& table,
                                                     std::shared_ptr<const ColdIndex> cold,
                                                     std::span<const SeriesId> ids,
                                                     Horizons horizons);
  // True when the last row is written.
  Result<bool> step();
  // Without any rows, finish() must not be called.
  uint64_t rows() const { return rows_; }
  Status finish() { return writer_->finish(); }

 private:
  void add(const SeriesTable::Row& row);

  const SeriesTable* table_ = nullptr;
  std::shared_ptr<const ColdIndex> cold_;
  std::unique_ptr<ColdSegmentWriter> writer_;
  std::span<const SeriesId> ids_;
  Horizons horizons_;
  uint64_t rows_ = 0;
  std::string canonical_;
};

class ColdMergeJob {
 public:
  // `inputs`: places in `cold`, of together at most kColdRowsMax rows.
  static Result<std::unique_ptr<ColdMergeJob>> begin(env::FileSystem& files, std::string directory,
                                                     uint64_t segment_id,
                                                     std::shared_ptr<const ColdIndex> cold,
                                                     std::vector<size_t> inputs, Horizons horizons);
  // True when the last row is written. DataLoss when an input is damaged.
  Result<bool> step();
  uint64_t rows() const { return writer_->rows(); }
  Status finish() { return writer_->finish(); }
  const std::vector<size_t>& inputs() const { return inputs_; }

 private:
  // A segment being read: chunk by chunk where the chunk can be copied, else row by row.
  struct Source {
    const ColdIndex::Part* part = nullptr;
    std::shared_ptr<const std::string> ids_page;
    size_t ids_at = 0;  // behind the ids of the chunks before
    SeriesId last_id = 0;
    size_t chunk = 0;      // at hand, or the next one
    bool decoded = false;  // then the following are of it
    std::shared_ptr<const std::string> dictionary_page;
    ColdDictionary dictionary;
    std::vector<ColdRow> rows;
    std::vector<uint32_t> begins;
    std::vector<uint32_t> pairs;
    std::vector<uint32_t> keys;  // of each pair in the chunk being written, or kNoKey
    size_t row = 0;
    std::vector<uint32_t> copied_to;  // by chunk: number of its first row there, or kNotCopied
  };
  static constexpr uint32_t kNoKey = std::numeric_limits<uint32_t>::max();
  static constexpr uint32_t kNotCopied = std::numeric_limits<uint32_t>::max();
  static bool ended(const Source& source);
  static SeriesId next_id(const Source& source);
  bool may_copy(const Source& source);
  Status pass_ids(Source& source, bool copy);
  Status copy_chunk(Source& source);
  Status copy_hashes();
  Status decode_chunk(Source& source);
  Status put(Source& source);
  uint32_t key_of(Source& source, uint32_t pair);
  void end_chunk();
  bool expired(const ColdRow& row) const;

  std::shared_ptr<const ColdIndex> cold_;
  std::vector<size_t> inputs_;
  std::unique_ptr<ColdSegmentWriter> writer_;
  Horizons horizons_;
  bool keep_gone_ = false;
  codec::Decompressor decompressor_;
  std::vector<Source> sources_;
  // Of the chunk being written.
  std::vector<std::string> labels_;  // by key
  std::unordered_map<std::string, uint32_t> key_of_label_;
  std::string label_;
  std::vector<uint32_t> keys_;
  std::string canonical_;
};

// Segments to merge now: at least eight of about the same size. Empty: none.
std::vector<size_t> cold_merge_inputs(const ColdIndex& index);

}  // namespace kansoku::store::metrics
