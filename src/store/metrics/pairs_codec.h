// Runs of value/count pairs of parts of version 2 and 3 (docs/formats/metric-part.md, values of
// form 5). Later parts keep them as cells (cells_codec.h). Pure functions.
#pragma once

#include <span>
#include <string>

#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {

// Appends `timestamps_ms.size()` points to `out`; false when the bytes are no such run.
bool decode_pairs(const char* at, const char* end, std::span<const int64_t> timestamps_ms,
                  DecodedSeries& out);

}  // namespace kansoku::store::metrics
