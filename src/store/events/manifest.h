// The manifest: which parts are, how much of the log they absorbed, which streams were deleted
// (docs/formats/event-manifest.md). Thread contract: one owner (Maintenance).
#pragma once

#include "base/env/record_file.h"
#include "store/events/lifetimes.h"
#include "store/events/part_meta.h"

namespace kansoku::store::events {

struct ManifestState {
  uint64_t floor = 0;  // the log is absorbed up to here
  uint64_t next_part = 1;
  int64_t trusted_ms = 0;  // TrustedClock at the time of the last change
  std::map<uint64_t, PartMeta> parts;
  Tombstones tombstones;
};

struct ManifestEdit {
  std::vector<uint64_t> removed;  // ids
  std::vector<PartMeta> added;
  Tombstones deleted;
  std::vector<TombstoneKey> forgotten;
};

class Manifest {
 public:
  Manifest(env::FileSystem& files, std::string directory);
  // Reads the manifest. Where it is damaged, a torn tail included, the parts on disk complete it:
  // their footers name the ranges of the log that they hold, and whom a merged part replaces. The
  // log begins at `log_first_sequence`: what was before is in parts.
  Status load(uint64_t log_first_sequence);
  const ManifestState& state() const { return state_; }
  // True when parts came from the directory instead of the records.
  bool rebuilt() const { return rebuilt_; }
  // Applies the edit and the floor and makes them durable. After a failure either state may be on
  // disk: no file of either may go before a later change went through.
  Status publish(const ManifestEdit& edit, uint64_t floor, int64_t trusted_ms);
  // A manifest of `state` in another directory.
  static Status write(env::FileSystem& files, const std::string& directory,
                      const ManifestState& state);
  uint64_t take_part_ids(uint64_t n) {
    return std::exchange(state_.next_part, state_.next_part + n);
  }

 private:
  Status rebuild(uint64_t log_first_sequence);
  Status remove_orphans();

  env::FileSystem* files_;
  std::string directory_;
  env::RecordFile file_;
  ManifestState state_;
  bool rebuilt_ = false;
};

}  // namespace kansoku::store::events
