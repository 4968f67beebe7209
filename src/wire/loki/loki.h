// Loki's push messages. See README.md. Thread contract: free functions; the sink is the caller's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kansoku::wire::loki {

using Labels = std::vector<std::pair<std::string, std::string>>;

class PushSink {
 public:
  virtual ~PushSink() = default;
  // What follows belongs to the stream of these labels, as they were sent.
  virtual void stream(const Labels& labels) = 0;
  virtual void entry(int64_t unix_ns, std::string_view line, const Labels& metadata) = 0;
};

// {name="value", ...}, as the Go client writes it; values with Go's escapes.
Result<Labels> parse_labels(std::string_view text);

Status decode_json(std::string_view body, PushSink& sink);
Status decode_protobuf(std::string_view message, PushSink& sink);

}  // namespace kansoku::wire::loki
