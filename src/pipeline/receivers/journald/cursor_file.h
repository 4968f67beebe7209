// The saved state of the receiver: of each source up to where it is settled, and what is on its
// way.
//
// One small checksummed file, written anew by each save (docs/formats/journald-state.md). Thread
// contract: one owner.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/env/env.h"

namespace kansoku::pipeline::journald {

// A batch that was sent, or is about to be: the entries behind the source's cursor up to `end`.
struct Intent {
  uint64_t sequence = 0;
  std::string end;     // cursor of its last entry
  int64_t end_us = 0;  // the latest time of an entry of it
  uint64_t entries = 0;
  friend bool operator==(const Intent&, const Intent&) = default;
};

struct SourceState {
  std::string cursor;     // everything up to it is settled; empty: nothing is, from the first entry on
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
  CursorFile(env::Env env, std::string path) : env_(env), path_(std::move(path)) {}
  // False: what was there is damaged, and everything begins anew under another producer.
  Result<bool> load();
  Status save();

  CursorState state;

 private:
  env::Env env_;
  std::string path_;
};

// The bytes of the file; and back, nothing where they are not what was written.
std::string encode_cursors(const CursorState& state);
std::optional<CursorState> decode_cursors(std::string_view bytes);

}  // namespace kansoku::pipeline::journald
