// The ledger to the byte: for each file what was read, and what became of it; and where a given
// byte is. read = acknowledged + filtered + dropped + in flight, exactly, at every moment.
//
// Of the past it remembers the last kPastMax stretches of a file; what is older is answered from
// the counts. Thread contract: free-threaded; the receiver writes, anybody asks.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "base/env/env.h"
#include "pipeline/receivers/filelog/records.h"

namespace kansoku::pipeline::filelog {

struct FileLine {
  uint64_t id = 0;
  std::string source;
  std::string path;
  FileKey key;  // of the file that has it now, or had it last
  FileKind kind = FileKind::Followed;
  uint64_t start = 0;
  uint64_t read = 0;       // bytes from start on that are in batches, or were
  uint64_t in_flight = 0;  // of them, without an answer
  uint64_t size_seen = 0;
  ByteCounts counts;
  bool balanced() const { return read == counts.done() + in_flight; }
};

enum class Whereabouts : uint8_t {
  NotFollowed,  // no such file, or before the place where reading began
  NotYetRead,
  Queued,  // in a batch that is on its way
  Sent,    // acknowledged by the sink
  Filtered,
  Dropped,
  TruncatedUnread,  // gone before it was read
  Settled,          // long ago: sent, or filtered or dropped by a rule
};
struct WhereAnswer {
  Whereabouts where = Whereabouts::NotFollowed;
  env::WallTime at;  // of the answer of the sink
  std::string rule;  // by which it was filtered or dropped
  std::string to_string() const;
};

// A stretch of a range that was not sent as it is.
struct RuleStretch {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool dropped = false;  // else filtered
  std::string rule;
};

class ByteLedger {
 public:
  static constexpr size_t kPastMax = 256;

  void put_file(const FileRecord& file);
  void forget_file(uint64_t id);
  void seen(uint64_t id, uint64_t size);
  void in_flight(const RangeRecord& range);
  // `rules` lie in the range, ascending.
  void settled(const RangeRecord& range, const ByteCounts& counts, env::WallTime at,
               const std::vector<RuleStretch>& rules, const std::string& verdict_rule);
  void truncated_unread(uint64_t id, uint64_t begin, uint64_t end);
  // What was given up so has turned up in a copy, and will be read.
  void found_again(uint64_t id, uint64_t bytes);

  std::vector<FileLine> lines() const;
  // Of the file that has that name now, or had it last.
  WhereAnswer where(const std::string& path, uint64_t offset) const;
  // Sums over all files, also of those that are forgotten.
  FileLine total() const;

 private:
  struct Past {
    uint64_t begin = 0;
    uint64_t end = 0;
    Whereabouts where = Whereabouts::Sent;
    env::WallTime at;
    std::string rule;
  };
  struct Entry {
    FileLine line;
    std::deque<Past> past;                              // by begin
    std::vector<std::pair<uint64_t, uint64_t>> flying;  // ranges in flight
  };
  static void remember(Entry& entry, Past past);
  static WhereAnswer where_in(const Entry& entry, uint64_t offset);

  mutable std::mutex entries_mutex_;
  std::map<uint64_t, Entry> entries_;
  FileLine forgotten_;
};

}  // namespace kansoku::pipeline::filelog
