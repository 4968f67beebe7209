// Short runs of value/count pairs as columns (docs/formats/metric-part.md, values of form 5);
// others are cells (cells_codec.h). Pure functions.
#pragma once

#include <span>
#include <string>

#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {

// Appends points [begin, end), or appends nothing and says false where they are not few, or where a
// point is neither a float nor pairs from which its count, minimum and maximum follow.
bool encode_pairs(const DecodedSeries& series, size_t begin, size_t end, std::string& out);
// Appends `timestamps_ms.size()` points to `out`; false when the bytes are no such run.
bool decode_pairs(const char* at, const char* end, std::span<const int64_t> timestamps_ms,
                  DecodedSeries& out);

}  // namespace kansoku::store::metrics
