// Points to the chunks of a Prometheus TSDB: what decode_chunk() reads.
//
// Floats become XOR chunks, native histograms chunks of float histograms (counts are doubles here).
// A chunk holds at most kSamplesPerChunk points of one kind. Histograms of a chunk share schema,
// zero threshold and custom bounds; a chunk of counters ends where a counter was reset, as its
// readers take for granted that none was. Thread contract: free functions.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "signal/point.h"
#include "wire/tsdb_block/chunk.h"

namespace kansoku::wire::tsdb_block {

// As the reference server cuts them (tsdb/head.go, DefaultSamplesPerChunk).
inline constexpr size_t kSamplesPerChunk = 120;

struct PointColumns {
  std::span<const int64_t> timestamps_ms;  // ascending
  std::span<const double> values;
  // Empty when all are floats; else one a point, null for a float. Pairs and sketches, which no
  // chunk can hold, are taken as the float in `values`.
  std::span<const std::unique_ptr<signal::Distribution>> distributions;
};

struct EncodedChunk {
  Encoding encoding = Encoding::Xor;
  int64_t min_ms = 0;
  int64_t max_ms = 0;  // inclusive
  std::string data;
};

using TakeChunk = std::function<void(EncodedChunk chunk)>;

// In the order of the points.
void encode_chunks(const PointColumns& points, const TakeChunk& take);

}  // namespace kansoku::wire::tsdb_block
