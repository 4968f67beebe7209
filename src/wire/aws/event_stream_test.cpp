#include "wire/aws/event_stream.h"

#include <doctest/doctest.h>

#include "base/text/hex.h"

namespace kansoku::aws {
namespace {

// Every kind of header.
StreamMessage sample() {
  using enum StreamValueType;
  return {.headers = {{.name = "t", .type = True},
                      {.name = "f", .type = False},
                      {.name = "b", .type = Byte, .number = -1},
                      {.name = "s", .type = Short, .number = -300},
                      {.name = "i", .type = Integer, .number = 70'000},
                      {.name = "l", .type = Long, .number = -5'000'000'000},
                      {.name = "y", .type = Bytes, .text = std::string("\0\xff", 2)},
                      {.name = ":event-type", .type = String, .text = "sessionUpdate"},
                      {.name = "at", .type = Timestamp, .number = 1'700'000'000'123},
                      {.name = "u", .type = Uuid, .text = "0123456789abcdef"}},
          .payload = R"({"a":"ü"})"};
}

ErrorCode fault_of(std::string_view bytes) {
  const auto message = decode_stream_message(bytes);
  return message ? ErrorCode::Internal : message.error().code;
}

}  // namespace

TEST_CASE("event stream: a frame as the specification's checksums have it") {
  // The empty message of the published test suite (aws-c-event-stream, "empty_message").
  const std::string empty = *encode_stream_message({});
  CHECK(to_hex(empty) == "000000100000000005c248eb7d98c8ff");
}

TEST_CASE("event stream: messages come back, one behind the other") {
  const std::string one = *encode_stream_message(sample());
  const std::string two = *encode_stream_event("initial-response", "{}");
  const std::string all = one + two;
  std::string_view left = all;
  CHECK(*decode_stream_message(left) == sample());
  const auto second = decode_stream_message(left);
  REQUIRE(second.has_value());
  CHECK(left.empty());
  CHECK(second->header(":message-type") == "event");
  CHECK(second->header(":event-type") == "initial-response");
  CHECK(second->header(":content-type") == "application/json");
  CHECK(second->payload == "{}");
  CHECK(second->header("none").empty());
}

TEST_CASE("event stream: exceptions name their type") {
  const std::string bytes =
      *encode_stream_exception("SessionTimeoutException", R"({"message":"m"})");
  std::string_view left = bytes;
  const auto message = decode_stream_message(left);
  REQUIRE(message.has_value());
  CHECK(message->header(":message-type") == "exception");
  CHECK(message->header(":exception-type") == "SessionTimeoutException");
}

TEST_CASE("event stream: a frame that is cut is asked for again, a changed one is refused") {
  const std::string good = *encode_stream_message(sample());
  for (size_t bytes = 0; bytes < good.size(); ++bytes)
    CHECK(fault_of(good.substr(0, bytes)) == ErrorCode::OutOfRange);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    CHECK(fault_of(bad) == ErrorCode::DataLoss);
  }
}

TEST_CASE("event stream: what is over a limit is not written") {
  CHECK_FALSE(encode_stream_message({.headers = {{.name = ""}}}).has_value());
  CHECK_FALSE(encode_stream_message({.headers = {{.name = std::string(256, 'n')}}}).has_value());
  CHECK_FALSE(encode_stream_message({.headers = {{.name = "n", .text = std::string(32'768, 'v')}}})
                  .has_value());
  CHECK_FALSE(
      encode_stream_message({.payload = std::string(kStreamPayloadBytesMax + 1, 'p')}).has_value());
}

}  // namespace kansoku::aws
