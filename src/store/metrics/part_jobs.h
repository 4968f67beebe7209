// The two ways a part comes to be: from the frozen head (SealJob), and from other parts (MergeJob).
// Both work in small steps and publish nothing: they end with a finished file.
// Thread contract: one owner, one step at a time.
#pragma once

#include "store/metrics/cold_index.h"
#include "store/metrics/head.h"
#include "store/metrics/part.h"
#include "store/metrics/tier_state.h"
#include "store/metrics/tombstones.h"

namespace kansoku::store::metrics {

// Times before which points of each kind are not kept, when the job began.
struct Horizons {
  int64_t raw_accumulate_ms = 0;
  std::array<int64_t, 3> tier_ms{};
  int64_t now_ms = 0;
  int64_t replace_retention_ms = 0;
  std::shared_ptr<const TierState> tiers = std::make_shared<TierState>();
  // Of replacing series: of this one, of any, and before which not even cells are kept.
  int64_t raw_replace_ms(SeriesId id) const {
    return tiers->raw_begin_ms(id, now_ms, replace_retention_ms);
  }
  int64_t raw_replace_min_ms() const {
    return tiers->raw_begin_min_ms(now_ms, replace_retention_ms);
  }
  int64_t gone_replace_ms(SeriesId id) const {
    return tiers->gone_ms(id, now_ms, replace_retention_ms);
  }
  int64_t gone_replace_max_ms() const { return tiers->gone_max_ms(now_ms, replace_retention_ms); }
};
Horizons horizons_at(int64_t now_ms, int64_t replace_retention_ms,
                     std::shared_ptr<const TierState> tiers);

// Series worked on in one step: 512 with 20 points each take 1-2 ms.
inline constexpr size_t kSeriesPerStep = 512;
// zstd levels: parts of the head live minutes, merged ones long.
inline constexpr int kSealLevel = 1;
inline constexpr int kMergeLevel = 3;

class SealJob {
 public:
  static Result<std::unique_ptr<SealJob>> begin(env::FileSystem& files, std::string directory,
                                                std::shared_ptr<const FrozenHead> frozen,
                                                SeriesKinds kinds, uint64_t part_id,
                                                Horizons horizons);
  // True when the last series is written.
  Result<bool> step();
  Result<PartMeta> finish();

 private:
  Status put_series(SeriesId id);
  Status put_cells(SeriesId id, DecodedSeries series);

  explicit SealJob(SeriesKinds kinds) : kinds_(std::move(kinds)) {}
  SeriesKinds kinds_;
  std::shared_ptr<const FrozenHead> frozen_;
  std::unique_ptr<PartWriter> writer_;
  Horizons horizons_;
  SeriesId next_ = 0;
  // Of the series at hand; their room is used again.
  std::string stream_;
  DecodedSeries series_;
};

class MergeJob {
 public:
  // `inputs` in log order, neighbours of one another.
  static Result<std::unique_ptr<MergeJob>> begin(env::FileSystem& files, std::string directory,
                                                 std::vector<std::shared_ptr<const Part>> inputs,
                                                 SeriesKinds kinds, PartMeta output,
                                                 Horizons horizons,
                                                 std::shared_ptr<const Tombstones> tombstones);
  // True when everything is written. DataLoss when an input is damaged: then it stays as it is.
  Result<bool> step();
  Result<PartMeta> finish();
  const std::vector<std::shared_ptr<const Part>>& inputs() const { return inputs_; }

 private:
  void open_cursors();
  Status put_points(SeriesId id);
  Status put_times(SeriesId id);
  Status check_damage();

  explicit MergeJob(SeriesKinds kinds) : kinds_(std::move(kinds)) {}
  SeriesKinds kinds_;
  std::vector<std::shared_ptr<const Part>> inputs_;
  std::shared_ptr<const Tombstones> tombstones_;
  std::unique_ptr<PartWriter> writer_;
  Horizons horizons_;
  codec::Decompressor decompressor_;
  size_t kind_ = 0;
  std::deque<PartCursor> cursors_;
  std::vector<SeriesId> stands_at_;  // by cursor
  // Of the series at hand; their room is used again.
  DecodedSeries series_;
  DecodedSeries next_;
};

}  // namespace kansoku::store::metrics
