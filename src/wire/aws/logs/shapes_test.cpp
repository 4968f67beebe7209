// Requests of the operations of CloudWatch Logs that are known here, and both decoders of
// PutLogEvents.
#include "wire/aws/logs/shapes.h"

#include <doctest/doctest.h>

#include "conformance/aws/model_value.h"
#include "wire/aws/logs/put_log_events_decoder.h"

namespace kansoku::aws::logs {
namespace {

using test::JsonValue;

class TextSink final : public PutLogEventsSink {
 public:
  std::string text;
  size_t stop_at = 0;
  bool event(std::optional<int64_t> ms, std::optional<std::string_view> message) override {
    text += fmt::format("{}:{};", ms.value_or(-1), message.value_or("-"));
    return --stop_at != 0;
  }
};

std::string pushed(std::string_view body, size_t stop_at = 0) {
  TextSink sink;
  sink.stop_at = stop_at;
  PutLogEventsNames names;
  const Decoded done = decode_put_log_events(body, names, sink);
  if (!done) return "failure: " + done.error().message;
  return fmt::format("{}/{}{} {}", names.group.value_or("-"), names.stream.value_or("-"),
                     names.has_events ? "" : " none", sink.text);
}

}  // namespace

TEST_CASE("requests_of_cloudwatch_logs_decode") {
  auto folder = test::conformance("aws/request-decode");
  if (!folder) return test::skip("requests_of_cloudwatch_logs");
  int cases = 0;
  for (const JsonValue& one : test::read_json_lines(*folder / "logs.json.jsonl")) {
    INFO(one["id"].text);
    const OperationShapes* row = find_operation(operation_shapes(), one["operation"].text);
    REQUIRE(row != nullptr);
    if (row->make_input == nullptr) continue;  // refused by name
    auto input = row->make_input();
    const Decoded done = decode_json(one["request"]["body"].text, *row->input, input.get());
    REQUIRE(done.has_value());
    CHECK(test::differs(*row->input, input.get(), one["params"]) == "");
    ++cases;
  }
  CHECK(cases >= 30);
}

TEST_CASE("PutLogEvents is read in any order of its members") {
  CHECK(pushed(R"({"logGroupName":"g","logStreamName":"s","logEvents":)"
               R"([{"timestamp":1,"message":"a"},{"message":"b\n","timestamp":2.0}]})") ==
        "g/s 1:a;2:b\n;");
  CHECK(pushed(R"({"logEvents":[{"x":{"y":[1,{"timestamp":9}]},"timestamp":1}],"entity":)"
               R"({"keyAttributes":{"timestamp":"1"}},"sequenceToken":null,"logGroupName":"g"})") ==
        "g/- 1:-;");
  CHECK(pushed("{}") == "-/- none ");
  CHECK(pushed(R"({"logEvents":[{"message":"a"},{"message":"b"}],"logGroupName":3})", 1) ==
        "-/- -1:a;");
}

TEST_CASE("what PutLogEvents cannot be says where") {
  CHECK(pushed(R"({"logGroupName":3})") == "failure: logGroupName cannot be a number");
  CHECK(pushed(R"({"logEvents":{}})") == "failure: logEvents cannot be a structure");
  CHECK(pushed(R"({"logEvents":["x"]})") == "failure: an item of logEvents cannot be text");
  CHECK(pushed(R"({"logEvents":[{"timestamp":"x"}]})") == "failure: timestamp cannot be text");
  CHECK(pushed(R"({"logEvents":[{"message":[]}]})") == "failure: message cannot be a list");
  CHECK(pushed("[]") == "failure: the request cannot be a list");
  CHECK(pushed(R"({"logEvents":[)").starts_with("failure: "));
}

}  // namespace kansoku::aws::logs
