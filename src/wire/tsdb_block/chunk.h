// Chunks of a Prometheus TSDB block: XOR (floats), integer and float histograms.
//
// Source: prometheus/prometheus, tsdb/docs/format/chunks.md and tsdb/chunkenc (xor.go,
// histogram.go, float_histogram.go, histogram_meta.go, varbit.go). Thread contract: free functions.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "signal/point.h"

namespace kansoku::wire::tsdb_block {

// As in the byte before a chunk's data.
enum class Encoding : uint8_t { Xor = 1, Histogram = 2, FloatHistogram = 3 };

using TakePoint = std::function<void(int64_t timestamp_ms, signal::Point point)>;

// Calls `take` for each sample in order. DataLoss when the bytes end early or are no such chunk;
// Unimplemented for an encoding that is not one of the above.
Status decode_chunk(uint8_t encoding, std::string_view data, const TakePoint& take);

}  // namespace kansoku::wire::tsdb_block
