#include "wire/remote_read/request.h"

#include "wire/protobuf/protobuf.h"

namespace kansoku::wire::remote_read {
namespace {

// Sizes while decoding, and what they may become.
struct Counts {
  size_t matchers = 0;
  const RequestLimits* limits = nullptr;
};

Result<Matcher> read_matcher(ProtobufReader in) {
  Matcher out;
  uint64_t type = 0;
  while (in.next()) {
    if (in.field() == 1) type = in.varint();
    if (in.field() == 2) out.name = in.bytes();
    if (in.field() == 3) out.value = in.bytes();
  }
  if (!in.ok()) return invalid_argument("body is no ReadRequest: damaged in a matcher");
  if (type > static_cast<uint64_t>(MatchType::NotRegex)) {
    return invalid_argument("matcher type {} of label {} is not known", type, quoted(out.name));
  }
  out.type = static_cast<MatchType>(type);
  return out;
}

Result<Hints> read_hints(ProtobufReader in) {
  Hints out;
  while (in.next()) {
    switch (in.field()) {
      case 1:
        out.step_ms = in.int64();
        break;
      case 2:
        out.function = in.bytes();
        break;
      case 3:
        out.start_ms = in.int64();
        break;
      case 4:
        out.end_ms = in.int64();
        break;
      case 5:
        out.grouping.emplace_back(in.bytes());
        break;
      case 6:
        out.by = in.varint() != 0;
        break;
      case 7:
        out.range_ms = in.int64();
        break;
      default:
        break;
    }
  }
  if (!in.ok()) return invalid_argument("body is no ReadRequest: damaged in the hints");
  return out;
}

Result<Query> read_query(ProtobufReader in, Counts& counts) {
  Query out;
  while (in.next()) {
    if (in.field() == 1) out.start_ms = in.int64();
    if (in.field() == 2) out.end_ms = in.int64();
    if (in.field() == 3) {
      if (++counts.matchers > counts.limits->matchers_max) {
        return invalid_argument("request has more than {} matchers", counts.limits->matchers_max);
      }
      KANSOKU_TRY(Matcher matcher, read_matcher(in.message()));
      out.matchers.push_back(std::move(matcher));
    }
    if (in.field() == 4) {
      KANSOKU_TRY(out.hints, read_hints(in.message()));
    }
  }
  if (!in.ok()) return invalid_argument("body is no ReadRequest: damaged in a query");
  return out;
}

}  // namespace

Result<Request> decode_request(std::string_view message, const RequestLimits& limits) {
  Request out;
  Counts counts{.limits = &limits};
  ProtobufReader in(message);
  while (in.next()) {
    if (in.field() == 1) {
      if (out.queries.size() == limits.queries_max) {
        return invalid_argument("request has more than {} queries", limits.queries_max);
      }
      KANSOKU_TRY(Query query, read_query(in.message(), counts));
      out.queries.push_back(std::move(query));
    } else if (in.field() == 2) {
      in.for_each_packed(ProtobufType::Varint, [&](ProtobufReader& one) {
        uint64_t type = one.value_varint();
        // A longer list only repeats itself.
        if (out.accepted.size() < limits.queries_max) out.accepted.push_back(type);
      });
    }
  }
  if (!in.ok()) return invalid_argument("body is no ReadRequest: damaged protobuf");
  return out;
}

Result<ResponseType> choose_response_type(const Request& request) {
  if (request.accepted.empty()) return ResponseType::Samples;
  for (uint64_t type : request.accepted) {
    if (type <= static_cast<uint64_t>(ResponseType::StreamedXorChunks)) {
      return static_cast<ResponseType>(type);
    }
  }
  std::string types;
  for (uint64_t type : request.accepted)
    types += fmt::format("{}{}", types.empty() ? "" : ", ", type);
  return invalid_argument(
      "server does not support any of the requested response types: {}; supported: SAMPLES (0), "
      "STREAMED_XOR_CHUNKS (1)",
      types);
}

}  // namespace kansoku::wire::remote_read
