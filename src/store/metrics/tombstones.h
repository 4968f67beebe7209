// Deletions that are not yet true on disk: which series lose which times in everything up to a
// sequence of the log (docs/formats/tombstones.md, decision 090).
//
// A deletion is a log record. When it is durable, its points leave the head at once; parts and the
// frozen head, which hold older records only, are read through the tombstone until a merge has
// rewritten them. So a tombstone applies to whatever ends before its sequence, and points that came
// later are never touched. Thread contract: Tombstones is immutable once it is in a View.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "store/metric_store.h"
#include "store/metrics/sample_stream.h"

namespace kansoku::env {
class FileSystem;
}

namespace kansoku::store::metrics {

class Part;

struct Tombstone {
  uint64_t sequence = 0;
  TimeRangeMs range;
  std::vector<SeriesId> ids;  // ascending
};

class Tombstones {
 public:
  using Item = std::shared_ptr<const Tombstone>;

  bool empty() const { return items_.empty(); }
  const std::vector<Item>& items() const { return items_; }
  bool contains(uint64_t sequence) const;
  // Takes out of `series` what is deleted in a part or head whose last record is `last_sequence`.
  void cut(SeriesId id, uint64_t last_sequence, DecodedSeries& series) const;
  // The same for the first and last time of a series; false when nothing is left for certain.
  bool cut_times(SeriesId id, uint64_t last_sequence, int64_t& first_ms, int64_t& last_ms) const;

  Tombstones with(Item item) const;
  Tombstones without(const std::set<uint64_t>& sequences) const;

 private:
  std::vector<Item> items_;  // by sequence
};

// What a deletion of `range` leaves for certain of [first, last]; false: nothing.
bool shrink_times(TimeRangeMs range, int64_t& first_ms, int64_t& last_ms);
// Takes the points of `range` out.
void cut_out(DecodedSeries& series, TimeRangeMs range);
// Whether the part may hold something that the tombstone deletes.
bool touches(const Tombstone& tombstone, const Part& part);

// The payload of a deletion in the log (engine 1). Its first byte tells it from a batch.
inline constexpr char kDeletionRecord = 0x40;
std::string encode_deletion(const Tombstone& tombstone);
Result<Tombstone> decode_deletion(std::string_view payload, uint64_t sequence);

// DIRECTORY/tombstones. Absent: none. Damage is DataLoss: deleted points would come back.
Result<Tombstones> load_tombstones(env::FileSystem& files, const std::string& directory);
Status save_tombstones(env::FileSystem& files, const std::string& directory,
                       const Tombstones& tombstones);

}  // namespace kansoku::store::metrics
