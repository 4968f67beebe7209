// Remote read: the two answers, series by series. See README.md.
//
// Source: prometheus/prometheus, prompb/remote.proto and types.proto, storage/remote/chunked.go.
// Thread contract: free functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "signal/labels.h"
#include "wire/tsdb_block/encode_chunk.h"

namespace kansoku::wire::remote_read {

inline constexpr const char* kSamplesType = "application/x-protobuf";
inline constexpr const char* kStreamedType =
    "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

// SAMPLES: a series as one more field of a prometheus.QueryResult.
void append_time_series(const signal::Labels& labels, const tsdb_block::PointColumns& points,
                        std::string& query_result);
// A whole prometheus.QueryResult as one more field of a prometheus.ReadResponse.
void append_query_result(std::string_view query_result, std::string& response);

// As the reference server's default.
inline constexpr size_t kFrameBytesMax = 1U << 20;

// STREAMED_XOR_CHUNKS: a series as frames, each a prometheus.ChunkedReadResponse of one series with
// its length and CRC-32C before it. A frame is at most frame_bytes_max, but has at least one chunk;
// without points it has none.
void append_frames(const signal::Labels& labels, const tsdb_block::PointColumns& points,
                   uint64_t query_index, size_t frame_bytes_max, std::string& frames);

}  // namespace kansoku::wire::remote_read
