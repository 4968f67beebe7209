// What start timestamps tell of counter resets (Prometheus 3.14, use-start-timestamps).
// Thread contract: free functions.
#pragma once

#include "query/promql/value.h"

namespace kansoku::query::promql {

// True when the start timestamps of two neighbours say that the counter began anew between them.
inline bool is_start_reset(const Point& before, const Point& now) {
  // Not known, later than the sample, or equal to it (OpenTelemetry's unknown start).
  if (now.st == 0 || now.st >= now.t || now.st < before.t) return false;
  if (now.st > before.t) return true;
  // The start is the sample before: a delta, unless that sample's own start is not known.
  if (before.st > before.t) return false;
  return before.st != 0 && before.st != before.t;
}

// True when a sample claims to cover time that the one before covered already.
inline bool start_overlaps(const Point& before, const Point& now) {
  return now.st != 0 && now.st < before.t && now.st != before.st;
}

}  // namespace kansoku::query::promql
