// POST logs/compare: what differs between a range and the one before it, kCompareTimes as long:
// patterns of messages and values of fields, by how far their shares are apart. Internal to
// api/console.
#pragma once

#include "api/console/log_ask.h"

namespace kansoku::api::console {

// Long enough to know what is usual, short enough to be the same state of affairs.
inline constexpr int64_t kCompareTimes = 4;
// Fields are counted over every n-th event of a side, so that these are not exceeded.
inline constexpr uint64_t kCompareFieldRowsMax = 50'000;
inline constexpr size_t kCompareShown = 50;  // of patterns, and of values
// How often chance alone puts something on a list: in one of a hundred comparisons.
inline constexpr double kCompareChance = 0.01;

struct ShareChange {
  uint64_t count = 0;   // of `events` of the range
  uint64_t before = 0;  // of `events_before` of the one before
};
struct ShareEffect {
  // Cohen's h: the difference of the arcs of both shares, -pi to pi. 0.2 is small, 0.5 medium, 0.8
  // large (Cohen 1988, ch. 6).
  double size = 0;
  double score = 0;  // in standard deviations of what chance does
};
// The score above which chance has none of so many candidates but for kCompareChance: a normal
// variable is beyond z with a probability below 2 exp(-z^2 / 2).
double score_min(size_t candidates);
ShareEffect effect_of(const ShareChange& change, uint64_t events, uint64_t events_before);

void log_compare(const LogServices& services, const LogUser& user, const wire::Node& body,
                 net::HttpExchange exchange);

}  // namespace kansoku::api::console
