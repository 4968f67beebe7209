// The manifest: which parts are, how much of the log they absorbed, how long the series file is
// (docs/formats/metric-manifest.md). Append-only; one record is one atomic change. Thread contract:
// one owner (Maintenance).
#pragma once

#include <map>

#include "base/env/record_file.h"
#include "store/metrics/cold_segment.h"
#include "store/metrics/part.h"
#include "store/metrics/tier_part.h"

namespace kansoku::store::metrics {

struct ManifestState {
  uint64_t floor = 0;         // the log is absorbed up to here
  uint64_t series_file = 0;   // number of the series file
  uint64_t series_bytes = 0;  // of it that count
  uint64_t next_part = 1;
  int64_t trusted_ms = 0;              // TrustedClock at the time of the last change
  uint64_t series_end = 0;             // one past the highest series id ever given
  int64_t tier_watermark_ms = 0;       // points of replacing series before it are in cells
  std::map<uint64_t, PartMeta> parts;  // by first sequence
  std::map<uint64_t, ColdMeta> cold;   // by id
  std::map<uint64_t, TierMeta> tiers;  // by id
  friend bool operator==(const ManifestState&, const ManifestState&) = default;
};

struct ManifestEdit {
  std::vector<uint64_t> removed;  // first sequences
  std::vector<PartMeta> added;
  std::vector<uint64_t> cold_removed;  // ids
  std::vector<ColdMeta> cold_added;
  std::vector<uint64_t> tiers_removed;  // ids
  std::vector<TierMeta> tiers_added;
};

class Manifest {
 public:
  Manifest(env::FileSystem& files, std::string directory);
  // Reads the manifest. Where it is damaged, a torn tail included, the parts on disk complete it:
  // their footers name the ranges of the log that they hold, and a merged part covers its inputs.
  // The log begins at `log_first_sequence`: what was before is in parts, so a manifest that does
  // not reach up to there lost its last records.
  Status load(uint64_t log_first_sequence);
  const ManifestState& state() const { return state_; }
  // True when parts came from the directory instead of the records.
  bool rebuilt() const { return rebuilt_; }
  // Applies the edit and the scalars and makes them durable. After a failure either state may be on
  // disk: no file of either may go before a later change went through, which writes a new manifest.
  Status publish(const ManifestEdit& edit, const ManifestState& scalars);
  // A manifest of `state` in another directory.
  static Status write(env::FileSystem& files, const std::string& directory,
                      const ManifestState& state);
  uint64_t take_part_id() { return state_.next_part++; }

 private:
  Status rebuild();
  Status rebuild_tiers(const std::vector<env::DirectoryEntry>& entries);
  Status remove_orphans();

  env::FileSystem* files_;
  std::string directory_;
  env::RecordFile file_;
  ManifestState state_;
  bool rebuilt_ = false;
};

}  // namespace kansoku::store::metrics
