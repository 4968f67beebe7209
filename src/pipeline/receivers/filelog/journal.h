// The saved state: a file of checksummed records, appended to and now and then written anew.
//
// docs/formats/filelog-state.md has the bytes. What was put is in memory at once and durable when
// sync() has returned. A torn end (power cut) loses only what was not synced. After a failed write
// or sync the file is not touched again: the next sync() writes a new one in its place. Thread
// contract: one owner.
#pragma once

#include "base/env/env.h"
#include "pipeline/receivers/filelog/records.h"

namespace kansoku::pipeline::filelog {

class Journal {
 public:
  enum class Loaded : uint8_t {
    Fresh,  // there was no state: the very first start
    Whole,
    Damaged,  // some of it was unreadable: a new epoch has begun, what is missing is read again
  };
  Journal(env::Env env, std::string path) : env_(env), path_(std::move(path)) {}
  // Reads the file, writes it anew and keeps it open.
  Result<Loaded> open();

  const SavedState& state() const { return state_; }
  uint64_t take_file_id() { return state_.next_file++; }
  void put_file(const FileRecord& file);
  void forget_file(uint64_t id);
  void put_intent(const IntentRecord& intent);
  void put_settled(const SettledRecord& settled);
  bool dirty() const { return !unwritten_.empty() || broken_; }
  // `seen`: everything that happened before has been looked at.
  Status sync(env::WallTime seen);
  uint64_t syncs() const { return syncs_; }

 private:
  Status write_anew();
  void append(std::string payload);

  env::Env env_;
  std::string path_;
  SavedState state_;
  std::unique_ptr<env::File> file_;
  std::string unwritten_;
  uint64_t file_bytes_ = 0;
  uint64_t snapshot_bytes_ = 0;
  uint64_t syncs_ = 0;
  bool broken_ = false;
};

// The records of a whole file, for the fuzz target: false when something was unreadable.
bool replay_journal(std::string_view bytes, SavedState& state);

}  // namespace kansoku::pipeline::filelog
