// The cells of a scan: chosen day by day, and put before the points that are still there.
// Thread contract: one owner, one scan.
#pragma once

#include <map>

#include "store/metrics/tier_state.h"

namespace kansoku::store::metrics {

class TierReader {
 public:
  TierReader(const MetricScan& scan, PageCache* cache) : scan_(scan), cache_(cache) {}
  // The cells of `id` that begin in the range. Of each day the finest tier that the rule still
  // keeps and that has the series; of a scan of cells the coarsest that is not coarser than those.
  // Ids must ascend from call to call. Adds what was read to `points`.
  void read(const TierState& state, const Tombstones& tombstones, SeriesId id, const TierRule& rule,
            TimeRangeMs range, int64_t now_ms, uint64_t& points);
  // For a scan of cells: joins what read() found, as points of count, sum, min and max.
  void put_summaries(DecodedSeries& series);
  // For a scan of points: puts what stands for the cells before the points. The weights of all, or
  // nothing when all are points.
  std::span<const double> put_points(int64_t begin_ms, int64_t end_ms, DecodedSeries& series);
  std::vector<TimeRangeMs> take_missing() { return std::exchange(missing_, {}); }
  uint64_t bytes_read() const;

 private:
  bool summaries() const {
    return scan_.tier_ms > 0 || scan_.aggregate == PartialAggregate::Cells ||
           scan_.view == CellView::Summary;
  }
  TierCursor& cursor(const std::shared_ptr<const TierPart>& part);
  bool read_part(const std::shared_ptr<const TierPart>& part, const Tombstones& tombstones,
                 SeriesId id);

  const MetricScan& scan_;
  PageCache* cache_;
  codec::Decompressor decompressor_;
  std::map<const TierPart*, TierCursor> cursors_;
  std::vector<TimeRangeMs> missing_;
  // Of the series at hand; their room is used again.
  TierCells part_;
  TierCells cells_;
  WeightedPoints points_;
};

}  // namespace kansoku::store::metrics
