// What the receiver remembers of files and batches, as it is saved (journal.h).
// Thread contract: plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/receivers/filelog/event_cutter.h"
#include "pipeline/receivers/filelog/fingerprint.h"

namespace kansoku::pipeline::filelog {

// Bytes of a file by what became of them.
struct ByteCounts {
  uint64_t acknowledged = 0;
  uint64_t filtered = 0;  // by a filter, or where the sink said so
  uint64_t dropped = 0;   // by a rule of ours (event_too_long, hole ...), or rejected by the sink
  // Known to have been there, and gone before they could be read or sent again.
  uint64_t truncated_unread = 0;

  uint64_t done() const { return acknowledged + filtered + dropped; }
  ByteCounts& operator+=(const ByteCounts& other);
  friend bool operator==(const ByteCounts&, const ByteCounts&) = default;
};

enum class FileKind : uint8_t {
  Followed,
  Copy,     // has bytes of another content (copy_of), and no others that are not read elsewhere
  Ignored,  // was there before we were, under a name of rotation: is not read
  Retired,  // no file has unread bytes of it; remembered for a while, as copies may turn up
};
inline constexpr uint8_t kFileKinds = 4;

struct FileRecord {
  uint64_t id = 0;
  std::string source;
  std::string path;
  FileKey key;
  FileKind kind = FileKind::Followed;
  std::string head;     // first bytes, at most kHeadBytes
  uint64_t start = 0;   // where reading began
  uint64_t offset = 0;  // everything before it is settled
  CutState cut = CutState::Start;
  History history;  // before offset
  std::vector<Checkpoint> checkpoints;
  uint64_t size_seen = 0;
  History size_history;     // before that, where it is known
  int64_t modified_ns = 0;  // when it had that size
  uint64_t copy_of = 0;     // id
  // Of a retired one: bytes behind what was read, counted as truncated_unread.
  uint64_t given_up = 0;
  ByteCounts counts;
  friend bool operator==(const FileRecord&, const FileRecord&) = default;
};

// Bytes [begin, end) of a file in a batch.
struct RangeRecord {
  uint64_t file = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
  CutState before = CutState::Fresh;
  CutState after = CutState::Fresh;
  History history;  // before end
  friend bool operator==(const RangeRecord&, const RangeRecord&) = default;
};

// Saved before a batch is sent: after a crash the same batch is made again and sent under the same
// number.
struct IntentRecord {
  uint32_t slot = 0;
  uint64_t epoch = 0;
  uint64_t sequence = 0;
  std::vector<RangeRecord> ranges;
  friend bool operator==(const IntentRecord&, const IntentRecord&) = default;
};

// What became of a batch, by the ranges of its intent.
struct SettledRecord {
  uint32_t slot = 0;
  uint64_t sequence = 0;
  std::vector<ByteCounts> counts;
};

struct SavedState {
  std::string producer;  // random; slot N sends as producer/N
  uint64_t epoch = 1;
  uint64_t next_file = 1;
  int64_t wall_ns = 0;  // of the last saving: what happened before was seen
  std::map<uint64_t, FileRecord> files;
  struct Slot {
    uint64_t sequence = 0;  // the last one used
    std::optional<IntentRecord> open;
    friend bool operator==(const Slot&, const Slot&) = default;
  };
  std::map<uint32_t, Slot> slots;
  friend bool operator==(const SavedState&, const SavedState&) = default;
};

}  // namespace kansoku::pipeline::filelog
