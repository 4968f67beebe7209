// One followed file: its handle, the place of reading, and what was seen but is no event yet.
// Thread contract: owned by FileTable, used by the receiver's turn only.
#pragma once

#include <memory>

#include "base/env/env.h"
#include "pipeline/receivers/filelog/records.h"
#include "pipeline/receivers/filelog/source.h"

namespace kansoku::pipeline::filelog {

struct Tail {
  uint64_t id = 0;
  const Source* source = nullptr;
  std::string path;      // under which it was found first: names its stream
  std::string location;  // where it is now
  FileKey key;
  FileKind kind = FileKind::Followed;
  uint64_t copy_of = 0;
  std::unique_ptr<env::File> file;

  // The next byte that goes into a batch; the saved offset lags behind it.
  uint64_t position = 0;
  CutState cut = CutState::Start;
  History history;  // before position
  std::vector<Checkpoint> checkpoints;
  std::string head;
  // Bytes from position on that were read and are no whole event yet. They outlive a truncation.
  std::string pending;

  uint64_t size = 0;  // when it was looked at last
  // Before that size, where it is beyond what was read; of a file that is not read, always.
  History size_history;
  int64_t modified_ns = 0;
  env::MonotonicTime grown_at;
  env::MonotonicTime next_poll;
  bool unlinked = false;  // has no name any more
  bool moved = false;     // has another name than the one it was found under
  // Was empty when it was found: what it is the file, or the copy, of will be told by its bytes.
  bool undecided = false;
  env::MonotonicTime retired_at;
  uint64_t given_up = 0;   // records.h
  bool released = false;   // closed while nothing could be sent (SourceConfig::release_blocked_ms)
  bool flush = false;      // what is pending is an event now
  bool queued = false;     // in FileTable's queue of files with something to read
  bool in_flight = false;  // has a range in a batch without an answer
  uint32_t slot = 0;       // of that batch
  int64_t last_event_ns = 0;

  uint64_t seen_end() const { return position + pending.size(); }
};

enum class ReadOutcome : uint8_t { Bytes, Rewritten, Failed };

// What stands from a tail's position on: what is pending, and what follows it.
struct Block {
  ReadOutcome outcome = ReadOutcome::Failed;
  size_t history_bytes = 0;  // of the buffer, before the bytes
  std::string_view bytes;
  bool more = false;  // there was more than the buffer holds
};

// Reads at most block_bytes behind what is pending into the buffer, after checking that the file
// still has what it had before (else Rewritten: truncated, or another content).
Block read_block(Tail& tail, size_t block_bytes, std::string& buffer);

// Bytes [from, from + size) or fewer at the end; a failure is no bytes.
std::string read_bytes(env::File& file, uint64_t from, size_t size);
// Whether the file has what was seen of the tail: its first bytes, those before the place of
// reading, and what is pending.
bool same_seen_content(const Tail& tail, env::File& file);
// How many bytes say that a file of that size has the content of the tail, or the begin of it, or
// goes on where that ends (0: nothing says so); nothing where one says that it has not.
std::optional<uint64_t> evidence_of(const Tail& content, env::File& file, uint64_t size);
// Whether enough is known of it to say that another file goes on where it ends.
bool is_told(const Tail& content);
// Remembers the first bytes of the tail's file, which has that size now.
void see_head(Tail& tail, uint64_t size);
// Of the bytes before `end`.
History history_before(env::File& file, uint64_t end);

}  // namespace kansoku::pipeline::filelog
