#include "store/metrics/tier_state.h"

#include <algorithm>

#include "base/time/grid.h"

namespace kansoku::store::metrics {

int64_t TierState::raw_begin_ms(const TierRule& rule, int64_t now_ms) const {
  return std::min(floor_to(now_ms - rule.raw_ms, kHourMs), watermark_ms);
}

int64_t TierState::raw_begin_min_ms(int64_t now_ms, int64_t replace_retention_ms) const {
  int64_t out = now_ms - replace_retention_ms;
  for (const TierRule& rule : rules) out = std::min(out, raw_begin_ms(rule, now_ms));
  return out;
}

int64_t TierState::raw_begin_ms(SeriesId id, int64_t now_ms, int64_t replace_retention_ms) const {
  if (unknown(id)) return raw_begin_min_ms(now_ms, replace_retention_ms);
  const TierRule* found = rule(id);
  return found == nullptr ? now_ms - replace_retention_ms : raw_begin_ms(*found, now_ms);
}

int64_t TierState::gone_ms(const TierRule& rule, int64_t now_ms) const {
  int64_t out = raw_begin_ms(rule, now_ms);
  for (int64_t keep_ms : rule.keep_ms) {
    if (keep_ms > 0) out = std::min(out, floor_to(now_ms - keep_ms, kDayMs));
  }
  return out;
}

int64_t TierState::gone_ms(SeriesId id, int64_t now_ms, int64_t replace_retention_ms) const {
  if (const TierRule* found = rule(id)) return gone_ms(*found, now_ms);
  int64_t out = now_ms - replace_retention_ms;
  if (!unknown(id)) return out;
  for (const TierRule& each : rules) out = std::min(out, gone_ms(each, now_ms));
  return out;
}

int64_t TierState::gone_max_ms(int64_t now_ms, int64_t replace_retention_ms) const {
  int64_t out = now_ms - replace_retention_ms;
  for (const TierRule& each : rules) out = std::max(out, gone_ms(each, now_ms));
  return out;
}

bool keeps_day(const TierRule& rule, size_t tier, int64_t day_ms, int64_t now_ms) {
  return rule.keep_ms[tier] > 0 && day_ms + kDayMs > now_ms - rule.keep_ms[tier];
}

bool keeps_day(const TierState& state, const TierPart& part, int64_t now_ms) {
  const size_t tier = tier_index(part.meta().tier_ms);
  return std::ranges::any_of(state.rules, [&](const TierRule& rule) {
    return keeps_day(rule, tier, part.meta().day_ms, now_ms);
  });
}

void cut_deleted(const Tombstones& tombstones, SeriesId id, uint64_t sequence, TierCells& cells) {
  for (const auto& item : tombstones.items()) {
    if (item->sequence <= sequence || cells.size() == 0) continue;
    if (!std::ranges::binary_search(item->ids, id)) continue;
    cut_out(cells, item->range);
  }
}

bool touches(const Tombstone& tombstone, const TierPart& part) {
  if (part.meta().sequence >= tombstone.sequence) return false;
  const TimeRangeMs range = part.range();
  if (range.end <= tombstone.range.begin || range.begin >= tombstone.range.end) return false;
  if (part.fenced()) return true;  // what it holds is not known
  return std::ranges::any_of(part.pages(), [&](const TierPage& page) {
    const auto at = std::ranges::lower_bound(tombstone.ids, page.first_id);
    return at != tombstone.ids.end() && *at <= page.last_id;
  });
}

}  // namespace kansoku::store::metrics
