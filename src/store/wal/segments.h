// The segments of a log on disk: listing, reading, removal. Used by the log alone.
#pragma once

#include <map>

#include "store/wal/log.h"

namespace kansoku::store::wal {

struct Segment {
  uint64_t index = 0;
  uint64_t first_sequence = 0;
  uint64_t bytes = 0;
  std::string path;
  // Highest sequence of each (engine, shard) in it.
  std::map<std::pair<Engine, uint16_t>, uint64_t> last;
};

// Segments in order; foreign names are left alone.
Result<std::vector<Segment>> list_segments(env::FileSystem& files, const std::string& directory);

struct SegmentScan {
  uint64_t records = 0;
  uint64_t good_bytes = 0;  // end of the last whole record
  uint64_t total_bytes = 0;
  uint64_t last_sequence = 0;
  uint64_t damages = 0;  // runs of bytes that are no record, followed by one
  // Records before this sequence are missing where a damage is; 0: none is.
  uint64_t lost_until = 0;
  bool damaged_at_end = false;  // a damage with no numbered record behind it
};

// Calls `visit` for every record with previous < sequence < end_sequence. A damaged record is
// skipped up to the next aligned one.
Result<SegmentScan> scan_segment(env::FileSystem& files, const Segment& segment, uint64_t& previous,
                                 uint64_t end_sequence,
                                 const std::function<Status(const ParsedRecord&)>& visit);

}  // namespace kansoku::store::wal
