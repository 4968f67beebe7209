// Classic histograms (`_bucket`, `_sum`, `_count` series) as native ones with custom buckets, as
// Prometheus converts them. Thread contract: confined to its user.
#pragma once

#include <functional>
#include <map>

#include "query/promql/value.h"

namespace kansoku::query::promql {

class ClassicToCustom {
 public:
  // A sample of any series; those of no classic histogram are ignored.
  void add(const LabelSet& labels, const Point& point);
  // Puts one histogram for each time at which there were buckets.
  void finish(const std::function<void(const LabelSet&, Point)>& put) const;

 private:
  struct Parts {
    std::map<double, double> cumulative;  // by upper bound
    double sum = 0;
    double count = 0;
    bool has_count = false;
  };
  std::map<LabelSet, std::map<int64_t, Parts>> histograms_;
};

}  // namespace kansoku::query::promql
