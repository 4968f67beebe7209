// Remote read: a decompressed prometheus.ReadRequest. See README.md.
//
// Source: prometheus/prometheus, prompb/remote.proto and types.proto. Thread contract: free
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku::wire::remote_read {

// In the order of the proto.
enum class MatchType : uint8_t { Equal, NotEqual, Regex, NotRegex };
struct Matcher {
  std::string name;
  MatchType type = MatchType::Equal;
  std::string value;
  friend bool operator==(const Matcher&, const Matcher&) = default;
};

// What the reader will do with the answer; nothing in it changes which points are right.
struct Hints {
  int64_t step_ms = 0;
  std::string function;  // "series": only labels are wanted
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  std::vector<std::string> grouping;
  bool by = false;
  int64_t range_ms = 0;
};

struct Query {
  int64_t start_ms = 0;  // inclusive, as is the end
  int64_t end_ms = 0;
  std::vector<Matcher> matchers;
  std::optional<Hints> hints;
};

enum class ResponseType : uint8_t { Samples = 0, StreamedXorChunks = 1 };

struct Request {
  std::vector<Query> queries;
  std::vector<uint64_t> accepted;  // in the order of preference; unknown ones too
};

struct RequestLimits {
  // The reference server's client sends one; others put the panels of a page together.
  size_t queries_max = 1'000;
  // Of all queries together.
  size_t matchers_max = 10'000;
};

// InvalidArgument when the message is damaged or names a kind of matcher that there is not.
Result<Request> decode_request(std::string_view message, const RequestLimits& limits = {});

// The first type of the list that is served; without a list samples. InvalidArgument when there is
// none.
Result<ResponseType> choose_response_type(const Request& request);

}  // namespace kansoku::wire::remote_read
