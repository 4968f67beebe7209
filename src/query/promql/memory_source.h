// Series held in memory: for scripts and tests. Histograms get the counter-reset hints that
// Prometheus' storage gives them. Thread contract: filled by one thread, then free-threaded reads.
#pragma once

#include <map>

#include "query/promql/source.h"

namespace kansoku::query::promql {

class MemorySource final : public SeriesSource {
 public:
  void clear() { series_.clear(); }
  // At a time that is taken the new point replaces the old one.
  void add(const LabelSet& labels, Point point);
  // After the last add(): derives the hints.
  void finish();
  size_t series_count() const { return series_.size(); }

  Result<std::vector<SourceSeries>> select(const Selection& selection,
                                           QueryContext& context) override;

 private:
  struct Stored {
    std::map<int64_t, Point> points;
    std::vector<Point> sorted;
    bool changed = true;
  };
  std::map<LabelSet, Stored> series_;
};

}  // namespace kansoku::query::promql
