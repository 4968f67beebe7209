// From stored samples to the points of an answer: one per timestamp, and cells. Pure functions.
#pragma once

#include "store/metric_store.h"
#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {

// Sorts by time (stable: later samples of one timestamp stay later) and joins samples of one
// timestamp: the last one wins (Replace) or they add up (Accumulate).
void settle(DecodedSeries& series, signal::MergeKind merge);

// `later` follows in log order; both are settled; so is the result, in `series`.
void join_settled(DecodedSeries& series, DecodedSeries&& later, signal::MergeKind merge);

// Adds up the points of each cell; the timestamps become the cells' starts. The input is settled.
void fold_cells(DecodedSeries& series, int64_t cell_ms);

// Keeps begin <= timestamp < end.
void cut_range(DecodedSeries& series, int64_t begin_ms, int64_t end_ms);

}  // namespace kansoku::store::metrics
