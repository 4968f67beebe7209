#include "store/metrics/tier_reader.h"

#include <algorithm>
#include <array>

#include "store/metrics/fold.h"

namespace kansoku::store::metrics {

TierCursor& TierReader::cursor(const std::shared_ptr<const TierPart>& part) {
  auto found = cursors_.find(part.get());
  if (found == cursors_.end()) {
    found = cursors_.emplace(part.get(), TierCursor(part, decompressor_, cache_)).first;
  }
  return found->second;
}

uint64_t TierReader::bytes_read() const {
  uint64_t out = 0;
  for (const auto& [part, cursor] : cursors_) out += cursor.bytes_read();
  return out;
}

// False: it has no cells of the series.
bool TierReader::read_part(const std::shared_ptr<const TierPart>& part,
                           const Tombstones& tombstones, SeriesId id) {
  TierCursor& from = cursor(part);
  part_.clear();
  const bool found = from.read(id, part_);
  if (from.take_damaged() > 0 || part->fenced() || part->meta().incomplete)
    missing_.push_back(part->range());
  if (found) cut_deleted(tombstones, id, part->meta().sequence, part_);
  return found;
}

void TierReader::read(const TierState& state, const Tombstones& tombstones, SeriesId id,
                      const TierRule& rule, TimeRangeMs range, int64_t now_ms, uint64_t& points) {
  cells_.clear();
  const auto begins_late = [&](const auto& part) { return part->range().end > range.begin; };
  auto at = std::ranges::find_if(state.parts, begins_late);
  while (at != state.parts.end() && (*at)->meta().day_ms < range.end) {
    const int64_t day_ms = (*at)->meta().day_ms;
    std::array<const std::shared_ptr<const TierPart>*, kTiersMs.size()> of_day{};
    for (; at != state.parts.end() && (*at)->meta().day_ms == day_ms; ++at) {
      const size_t tier = tier_index((*at)->meta().tier_ms);
      if (keeps_day(rule, tier, day_ms, now_ms)) of_day[tier] = &*at;
    }
    // The order in which they are tried: from the finest on, or from what the scan asks for down
    // and then up.
    std::array<size_t, kTiersMs.size()> order{0, 1, 2};
    if (summaries()) {
      const int64_t wanted_ms =
          scan_.tier_ms > 0 ? scan_.tier_ms : std::max<int64_t>(scan_.step_ms, 1);
      std::ranges::sort(order, [&](size_t a, size_t b) {
        const bool fits_a = wanted_ms % kTiersMs[a] == 0;
        const bool fits_b = wanted_ms % kTiersMs[b] == 0;
        return fits_a != fits_b ? fits_a : fits_a ? a > b : a < b;
      });
    }
    for (const size_t tier : order) {
      if (of_day[tier] == nullptr || !read_part(*of_day[tier], tombstones, id)) continue;
      const auto begin = std::ranges::lower_bound(part_.start_ms, range.begin);
      const auto end = std::ranges::lower_bound(part_.start_ms, range.end);
      if (begin < end) {
        cells_.append(part_, static_cast<size_t>(begin - part_.start_ms.begin()),
                      static_cast<size_t>(end - part_.start_ms.begin()));
      }
      break;
    }
  }
  points += cells_.size();
}

void TierReader::put_summaries(DecodedSeries& series) {
  if (!summaries() || cells_.size() == 0) return;
  DecodedSeries out;
  show_summaries(cells_, out);
  cells_.clear();
  join_settled(out, std::move(series), signal::MergeKind::Replace);
  series = std::move(out);
}

std::span<const double> TierReader::put_points(int64_t begin_ms, int64_t end_ms,
                                               DecodedSeries& series) {
  if (cells_.size() == 0) return {};
  points_.clear();
  show_cells(cells_, scan_.view, points_);
  cells_.clear();
  const auto begin =
      std::ranges::lower_bound(points_.times_ms, begin_ms) - points_.times_ms.begin();
  const auto end = std::ranges::lower_bound(points_.times_ms, end_ms) - points_.times_ms.begin();
  if (begin >= end) return {};
  const auto keep = [&](auto& column) {
    column.erase(column.begin() + end, column.end());
    column.erase(column.begin(), column.begin() + begin);
  };
  keep(points_.times_ms);
  keep(points_.values);
  keep(points_.weights);
  const size_t count = points_.times_ms.size();
  series.timestamps_ms.insert(series.timestamps_ms.begin(), points_.times_ms.begin(),
                              points_.times_ms.end());
  series.values.insert(series.values.begin(), points_.values.begin(), points_.values.end());
  if (!series.distributions.empty()) {
    std::vector<std::unique_ptr<signal::Distribution>> all(count);
    std::ranges::move(series.distributions, std::back_inserter(all));
    series.distributions = std::move(all);
  }
  points_.weights.resize(series.size(), 1);
  return points_.weights;
}

}  // namespace kansoku::store::metrics
