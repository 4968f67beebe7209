// PutLogEvents on the hot path: JSON straight into a sink, event by event, with no tree and no
// described struct between. The described shape of the operation is for everything else
// (documentation, tests that compare both decoders).
//
// Names may come after the events. Thread contract: free function; the sink belongs to the caller's
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/aws/protocol.h"

namespace kansoku::aws::logs {

struct PutLogEventsNames {
  std::optional<std::string> group;
  std::optional<std::string> stream;
  bool has_events = false;
};

class PutLogEventsSink {
 public:
  virtual ~PutLogEventsSink() = default;
  // False stops the decoder; the sink keeps the reason. The view lives until the call returns.
  virtual bool event(std::optional<int64_t> timestamp_ms,
                     std::optional<std::string_view> message) = 0;
};

// A failure is of the wire form. When the sink stopped, there is none: ask the sink.
Decoded decode_put_log_events(std::string_view body, PutLogEventsNames& names,
                              PutLogEventsSink& sink);

}  // namespace kansoku::aws::logs
