// A native histogram of the wire (the same message in both versions) as a distribution.
#pragma once

#include "signal/point.h"
#include "wire/protobuf/protobuf.h"

namespace kansoku::wire::remote_write {

struct WireHistogram {
  int64_t timestamp_ms = 0;
  int64_t start_ms = 0;  // 2.0 only; 0: unset
  // InvalidArgument: well-formed protobuf, but no histogram.
  Result<signal::Distribution> distribution;
};

// Damage is left in `reader`.
WireHistogram decode_histogram(ProtobufReader& reader);

}  // namespace kansoku::wire::remote_write
