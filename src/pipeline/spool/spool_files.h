// The files of a spool: a queue of numbered records in segments, appended at one end, read and
// dropped at the other (docs/formats/spool.md).
//
// A record is whole or not there: length and checksum stand before it; a torn end is cut when the
// spool is opened, damage inside is passed over and counted. Thread contract: one owner.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/env/env.h"

namespace kansoku::pipeline::spool {

struct SpoolFilesReport {
  uint64_t records = 0;
  uint64_t tail_bytes_cut = 0;
  uint64_t damages = 0;  // places where bytes are no record, though records follow
  std::string first_damage;
};

class SpoolFiles {
 public:
  // Reads what is there. `segment_bytes`: a segment from this size on is followed by a new one.
  static Result<std::unique_ptr<SpoolFiles>> open(env::FileSystem& files, std::string directory,
                                                  uint64_t segment_bytes);

  // Durable when it returns; the first record gets the number next_number(). After a failure none
  // of them is there, and the spool goes on in a new segment.
  Status append(std::span<const std::string> records);

  uint64_t first_number() const;  // of the oldest that is kept; next_number() when there is none
  uint64_t next_number() const { return next_number_; }
  uint64_t bytes() const { return bytes_; }
  // The first whole record from `number` on and its number; nothing at the end. Damaged places are
  // passed over.
  struct Found {
    uint64_t number = 0;
    std::string bytes;
  };
  Result<std::optional<Found>> read(uint64_t number);
  // Removes whole segments of records below `number`.
  Status release(uint64_t number);
  // The segments but the one that takes appends, oldest first: the numbers of each.
  struct Range {
    uint64_t first = 0;
    uint64_t end = 0;
  };
  std::vector<Range> closed_segments() const;
  // One of them, with whatever is in it.
  Status remove(Range segment);
  const SpoolFilesReport& report() const { return report_; }

 private:
  struct Segment {
    uint64_t first = 0;  // number of its first record
    uint64_t end = 0;    // number behind its last
    uint64_t bytes = 0;
    std::shared_ptr<env::File> file;  // open while it is read or written
  };
  SpoolFiles(env::FileSystem& files, std::string directory, uint64_t segment_bytes)
      : files_(files), directory_(std::move(directory)), segment_bytes_(segment_bytes) {}
  std::string path_of(uint64_t first) const;
  Status load();
  Status load_segment(uint64_t first, bool last);
  Status begin_segment();
  void damage(std::string where);
  Status open_file(Segment& segment);

  env::FileSystem& files_;
  const std::string directory_;
  const uint64_t segment_bytes_;
  std::deque<Segment> segments_;
  bool writable_ = false;  // the last segment takes appends
  uint64_t next_number_ = 1;
  uint64_t bytes_ = 0;
  SpoolFilesReport report_;
  // Where the last read() ended, for the next.
  uint64_t at_segment_ = 0;
  uint64_t at_offset_ = 0;
  uint64_t at_number_ = 0;
};

}  // namespace kansoku::pipeline::spool
