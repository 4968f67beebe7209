// The notation of test scripts: `name{label="value"} 1 2+3x4 _ stale {{schema:0 sum:1
// buckets:[1]}}x2`. Thread contract: free functions, free-threaded.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/promql/value.h"

namespace kansoku::query::promql {

// A point as written; nothing for `_`.
struct WrittenPoint {
  double value = 0;
  HistogramPtr histogram;
  bool hint_written = false;
};
using WrittenPoints = std::vector<std::optional<WrittenPoint>>;

// More points than this in one line are a mistake.
inline constexpr size_t kWrittenPointsMax = 1'000'000;

// The labels at the beginning of `line`; the rest of the line is left in it.
Result<LabelSet> parse_labels(std::string_view& line);
Result<WrittenPoints> parse_points(std::string_view text);
// Offsets of start timestamps: -1m, -1mx14, -30s-1mx2, _. Milliseconds.
Result<std::vector<std::optional<int64_t>>> parse_start_offsets(std::string_view text);

}  // namespace kansoku::query::promql
