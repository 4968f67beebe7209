// Batches to remote-write 1.0 messages (prometheus.WriteRequest), as a sender writes them.
//
// Native histograms are written as float histograms, whatever they were: counts are doubles here.
// Thread contract: free functions.
#pragma once

#include <span>
#include <string>

#include "wire/protobuf/protobuf_writer.h"
#include "wire/remote_write/remote_write.h"

namespace kansoku::wire::remote_write {

// The uncompressed message. InvalidArgument for points that remote write cannot carry (value/count
// pairs and sketches).
Result<std::string> encode_v1(const signal::MetricBatch& batch, std::span<const Metadata> metadata);

// A native histogram as field 4 (prometheus.Histogram) of a prometheus.TimeSeries. InvalidArgument
// as above.
Status append_histogram(ProtobufWriter& series, const signal::Distribution& d,
                        int64_t timestamp_ms);

}  // namespace kansoku::wire::remote_write
