// Statistics of CloudWatch over one cell of samples. See README.md for the definitions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "signal/point.h"

namespace kansoku::query {

enum class StatisticKind : uint8_t {
  SampleCount,
  Sum,
  Average,
  Minimum,
  Maximum,
  Percentile,      // pN
  TrimmedMean,     // tmN, TM(a:b), IQM
  WinsorizedMean,  // wmN, WM(a:b)
  TrimmedCount,    // tcN, TC(a:b)
  TrimmedSum,      // tsN, TS(a:b)
  PercentileRank,  // PR(a:b)
};

// A bound of a range; absent: open on that side.
struct Statistic {
  StatisticKind kind = StatisticKind::Average;
  std::optional<double> lower;
  std::optional<double> upper;  // of a percentile: N
  bool percent = false;         // bounds are percent of the samples, not values
  std::string text;             // as the user wrote it

  // True when count, sum, minimum and maximum are not enough.
  bool needs_distribution() const { return kind >= StatisticKind::Percentile; }
};

// InvalidArgument names the statistic and what is allowed.
Result<Statistic> parse_statistic(std::string_view text);

// Nothing where CloudWatch has no value. A cell with count 0 has only SampleCount.
std::optional<double> evaluate(const Statistic& statistic, const signal::Point& cell);

}  // namespace kansoku::query
