// The band of expected values over a range. See README.md.
#pragma once

#include <vector>

#include "query/anomaly/model.h"

namespace kansoku::query::anomaly {

// [periods of the range] each; NaN where nothing is expected yet.
struct Band {
  std::vector<double> upper;
  std::vector<double> lower;
};

struct BandQuery {
  // Reaches kTrainingMs back before the range, or as far as points are held.
  History history;
  // Periods of the history before the range.
  size_t range_begin = 0;
  // Half the width of the band, in deviations.
  double deviations = 2;
};

// Each day (UTC) of the range by a model of the two weeks before it, so that what happens in the
// range does not change what was expected of it. Days before the first one that has a model get
// that one; where none has, the whole history trains one. Long ranges of short periods are cut into
// fewer blocks, so that the work stays within kPointsFittedMax.
Band band(const BandQuery& query, const Options& options);

// Two weeks of minutes, fitted 15 times, are 300,000 points.
inline constexpr size_t kPointsFittedMax = 2'000'000;

}  // namespace kansoku::query::anomaly
