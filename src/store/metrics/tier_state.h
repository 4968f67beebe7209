// Which replacing series keep what for how long: the rules, the series that each one names, how far
// their points have become cells, and the files of cells (decision 094).
//
// Thread contract: TierState is immutable once it is in a View; a change makes a new one.
#pragma once

#include <memory>
#include <vector>

#include "store/metrics/engine.h"
#include "store/metrics/tier_part.h"
#include "store/metrics/tombstones.h"

namespace kansoku::store::metrics {

// Cells of every tier begin and end with these.
inline constexpr int64_t kHourMs = 3'600'000;
// A day becomes cells when no point of it can come any more; the hour is for points that were taken
// in time and are on their way through the log.
inline constexpr int64_t kTierSettleMs = kPointPastMs + kHourMs;

struct TierState {
  static constexpr uint8_t kNoRule = 0xff;
  std::vector<TierRule> rules;
  // By id. Series beyond its end came later than it was made: nothing of them is dropped that any
  // rule keeps.
  std::vector<uint8_t> rule_of;
  int64_t watermark_ms = 0;                            // points before it are in cells
  std::vector<std::shared_ptr<const TierPart>> parts;  // by day, then by tier

  bool unknown(SeriesId id) const { return !rules.empty() && id >= rule_of.size(); }
  const TierRule* rule(SeriesId id) const {
    if (id >= rule_of.size() || rule_of[id] == kNoRule) return nullptr;
    return &rules[rule_of[id]];
  }
  // Points of the rule's series are asked for from here on, and cells before it. A full hour.
  int64_t raw_begin_ms(const TierRule& rule, int64_t now_ms) const;
  // The same of all rules, or of a series without one.
  int64_t raw_begin_min_ms(int64_t now_ms, int64_t replace_retention_ms) const;
  int64_t raw_begin_ms(SeriesId id, int64_t now_ms, int64_t replace_retention_ms) const;
  // Nothing of the series is kept from before.
  int64_t gone_ms(SeriesId id, int64_t now_ms, int64_t replace_retention_ms) const;
  int64_t gone_ms(const TierRule& rule, int64_t now_ms) const;
  // Nothing of any series is gone that came later.
  int64_t gone_max_ms(int64_t now_ms, int64_t replace_retention_ms) const;
};

// A day is kept as a whole.
bool keeps_day(const TierRule& rule, size_t tier, int64_t day_ms, int64_t now_ms);
bool keeps_day(const TierState& state, const TierPart& part, int64_t now_ms);

// Takes out what was deleted after the part was made.
void cut_deleted(const Tombstones& tombstones, SeriesId id, uint64_t sequence, TierCells& cells);
// Whether the part may hold something that the tombstone deletes.
bool touches(const Tombstone& tombstone, const TierPart& part);

}  // namespace kansoku::store::metrics
