// The saved state of the receiver: of each source up to where it is settled, and what is on its
// way.
//
// A file of checksummed records (base/env/record_file.h; docs/formats/journald-state.md), each the
// whole of what is remembered of some sources. Thread contract: one owner.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/env/record_file.h"

namespace kansoku::pipeline::journald {

// A batch that was sent, or is about to be: the entries behind the source's cursor up to `end`.
struct Intent {
  std::string producer;
  uint64_t sequence = 0;
  std::string end;     // cursor of its last entry
  int64_t end_us = 0;  // the latest time of an entry of it
  uint64_t entries = 0;
  friend bool operator==(const Intent&, const Intent&) = default;
};

struct SourceState {
  std::string cursor;  // everything up to it is settled; empty: nothing is, from the first entry on
  uint64_t sequence = 0;  // the last one used
  std::optional<Intent> open;
  friend bool operator==(const SourceState&, const SourceState&) = default;
};

struct CursorState {
  std::string producer;  // random; source NAME sends as producer/NAME
  std::map<std::string, SourceState> sources;
  friend bool operator==(const CursorState&, const CursorState&) = default;
};

class CursorFile {
 public:
  CursorFile(env::Env env, const std::string& path);
  // False: what was there is damaged. What was read of it may be older than what was sent, so that
  // it goes on under another producer.
  Result<bool> load();
  // Durable when it has returned.
  Status save();

  CursorState state;

 private:
  env::Env env_;
  std::string path_;
  env::RecordFile file_;
};

// A record; and back into a state, whose sources it replaces: DataLoss where it is none.
std::string encode_cursors(const CursorState& state);
Status decode_cursors(std::string_view record, CursorState& into);
// The bytes of a file that has that record alone, as it is written first.
std::string cursor_file_of(const CursorState& state);

}  // namespace kansoku::pipeline::journald
