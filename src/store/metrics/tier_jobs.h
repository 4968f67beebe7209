// The two ways a tier part comes to be: from the points of a day (TierFoldJob), and from another
// tier part without what was deleted in it (TierRewriteJob). Both work in small steps and publish
// nothing: they end with finished files. Thread contract: one owner, one step at a time.
#pragma once

#include "store/metrics/engine_core.h"
#include "store/metrics/tier_state.h"

namespace kansoku::store::metrics {

class TierFoldJob {
 public:
  using TakeId = std::function<uint64_t()>;
  // The day [day_ms, + 24 h); `sequence`: deletions up to it are true in what is read.
  static Result<std::unique_ptr<TierFoldJob>> begin(MetricEngine::Core& core,
                                                    std::shared_ptr<const TierState> state,
                                                    int64_t day_ms, uint64_t sequence,
                                                    const TakeId& take_id);
  // True when the last series is in.
  Result<bool> step();
  // The files of the tiers that have cells.
  Result<std::vector<TierMeta>> finish();
  int64_t day_ms() const { return day_ms_; }

 private:
  explicit TierFoldJob(MetricEngine::Core& core) : core_(&core) {}
  Status put(const SeriesPoints& points);

  MetricEngine::Core* core_;
  std::shared_ptr<const TierState> state_;
  int64_t day_ms_ = 0;
  int64_t now_ms_ = 0;
  SeriesId next_ = 0;
  bool incomplete_ = false;
  std::vector<std::unique_ptr<TierPartWriter>> writers_;  // by tier; null: nobody wants it
  DecodedSeries floats_;
  TierCells cells_;
};

class TierRewriteJob {
 public:
  static Result<std::unique_ptr<TierRewriteJob>> begin(env::FileSystem& files,
                                                       std::string directory,
                                                       std::shared_ptr<const TierPart> input,
                                                       std::shared_ptr<const Tombstones> goal,
                                                       uint64_t part_id);
  // True when everything is written. DataLoss when the input is damaged: then it stays as it is.
  Result<bool> step();
  // Nothing when no cell is left.
  Result<std::optional<TierMeta>> finish();
  const TierPart& input() const { return *input_; }

 private:
  std::shared_ptr<const TierPart> input_;
  std::shared_ptr<const Tombstones> goal_;
  std::unique_ptr<TierPartWriter> writer_;
  codec::Decompressor decompressor_;
  std::optional<TierCursor> cursor_;
};

}  // namespace kansoku::store::metrics
