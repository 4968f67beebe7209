// Aggregates that languages over rows share; each language has its own table of names
// (plan::AggregateFunction). `parameters` are literals behind the arguments.
#pragma once

#include "query/plan/plan.h"

namespace kansoku::query::rows {

using Parameters = std::span<const Value>;

// Rows, or those that have the argument.
std::unique_ptr<Accumulator> make_count(Parameters parameters, const Semantics& semantics);
// Of what prints alike; exact up to kDistinctExact values a group, then within 1 % (HyperLogLog).
std::unique_ptr<Accumulator> make_count_distinct(Parameters parameters, const Semantics& semantics);
inline constexpr size_t kDistinctExact = 16'384;
std::unique_ptr<Accumulator> make_sum(Parameters parameters, const Semantics& semantics);
std::unique_ptr<Accumulator> make_average(Parameters parameters, const Semantics& semantics);
// Of the population.
std::unique_ptr<Accumulator> make_deviation(Parameters parameters, const Semantics& semantics);
// By Semantics::compare; numbers are less than texts.
std::unique_ptr<Accumulator> make_least(Parameters parameters, const Semantics& semantics);
std::unique_ptr<Accumulator> make_most(Parameters parameters, const Semantics& semantics);
// Nearest rank: exact up to kQuantileExact values a group, then within 1 %. The first parameter is
// the percentage.
std::unique_ptr<Accumulator> make_percentile(Parameters parameters, const Semantics& semantics);
std::unique_ptr<Accumulator> make_median(Parameters parameters, const Semantics& semantics);
inline constexpr size_t kQuantileExact = 8'192;
// The value of the event with the smallest or greatest time, of rows that are no events the first
// or last.
std::unique_ptr<Accumulator> make_earliest(Parameters parameters, const Semantics& semantics);
std::unique_ptr<Accumulator> make_latest(Parameters parameters, const Semantics& semantics);

}  // namespace kansoku::query::rows
