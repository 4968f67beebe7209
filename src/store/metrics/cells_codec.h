// Runs of cells as columns (docs/formats/metric-part.md, values of form 6). Pure functions.
//
// A cell is count, sum, minimum and maximum, with its values (pairs), its buckets (sketch) or
// neither (a statistic set). Kept one by one a cell is 35 bytes and more; in columns the counts are
// one byte in all, minima and maxima are small differences, and a sum stands beside what count,
// minimum and maximum say of it.
#pragma once

#include <span>
#include <string>

#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {

// Whether columns are made for it: pairs, sketches and statistic sets that say sum, minimum and
// maximum. Others are kept as bytes.
bool is_cell(const signal::Distribution& distribution);
// Appends points [begin, end), every one of them bit by bit.
void encode_cells(const DecodedSeries& series, size_t begin, size_t end, std::string& out);
// Appends `timestamps_ms.size()` points to `out`; false when the bytes are no such run.
bool decode_cells(const char* at, const char* end, std::span<const int64_t> timestamps_ms,
                  DecodedSeries& out);

}  // namespace kansoku::store::metrics
