#include <doctest/doctest.h>

#include "api/event_input/event_input_fixture.h"
#include "api/loki/loki_api.h"
#include "wire/protobuf/protobuf_writer.h"
#include "wire/snappy/snappy.h"

namespace kansoku::api::loki {
namespace {

struct Fixture : InputFixture {
  LokiApi api;
  explicit Fixture(uint64_t memory_bytes = 1U << 20)
      : InputFixture(kReceiver, memory_bytes), api(services()) {}
  net::HttpResponse push(std::string body, const Status& stored = {}, std::string encoding = {},
                         std::string type = "application/json") {
    net::Headers headers{{"Content-Type", std::move(type)}};
    if (!encoding.empty()) headers.add("Content-Encoding", std::move(encoding));
    return send(api, request("POST", "/loki/api/v1/push", std::move(body), std::move(headers)),
                stored);
  }
};

using Lines = std::vector<std::string>;
const std::string kPush =
    R"({"streams":[{"stream":{"job":"web","pod":"p1"},
                    "values":[["7","one",{"pod":"x","trace":"t"}]]},
        {"stream":{"service_name":"api"},"values":[["8","two"]]},
        {"stream":{"a.b":"c"},"values":[["9","three"]]}]})";

}  // namespace

TEST_CASE("entries become events in the group of their job, answered when stored") {
  Fixture f;
  auto answer = f.begin(f.api, Fixture::request("POST", "/loki/api/v1/push", kPush,
                                                {{"Content-Type", "application/json; x=y"}}));
  CHECK_FALSE(answer->response.has_value());
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.sink.text(0) ==
        Lines{"web|{pod=\"p1\"} 7 @message=one job=web pod=p1 pod_extracted=x trace=t",
              "api|{} 8 @message=two service_name=api",
              "/kansoku/loki|{a.b=\"c\"} 9 @message=three a\\.b=c"});
  f.sink.answer_all();
  REQUIRE(answer->response.has_value());
  CHECK(answer->response->status == 204);
  CHECK(f.ledger_text() == "loki: 3 received, stored 3");
}

TEST_CASE("protobuf and compressed JSON are taken") {
  Fixture f;
  std::string message;
  wire::ProtobufWriter(message).message(1, [](auto& stream) {
    stream.bytes(1, "{job=\"web\"}");
    stream.message(2, [](auto& entry) {
      entry.message(1, [](auto& time) { time.varint(1, 1); });
      entry.bytes(2, "line");
    });
  });
  CHECK(f.push(wire::snappy_encode(message), {}, "", "application/x-protobuf").status == 204);
  CHECK(f.push(net::gzip_encode(kPush), {}, "gzip").status == 204);
  CHECK(f.sink.messages() == Lines{"line", "one", "two", "three"});
  CHECK(f.push("x", {}, "", "application/x-protobuf").status == 400);
  CHECK(f.push("x", {}, "", "text/plain").status == 415);
}

TEST_CASE("what is malformed is refused, what came whole before it is kept") {
  Fixture f;
  const auto answer =
      f.push(R"({"streams":[{"stream":{"job":"a"},"values":[["1","kept"],["x","bad"]]}]})");
  CHECK(answer.status == 400);
  CHECK(answer.body == "the time \"x\" is no number of nanoseconds\n");
  CHECK(f.sink.messages() == Lines{"kept"});
  const auto bare = f.push(R"({"streams":[{"stream":{},"values":[["1","x"]]}]})");
  CHECK(bare.status == 400);
  CHECK(bare.body == "error at least one label pair is required per stream\n");
  CHECK(f.ledger_text() == "loki: 2 received, stored 1, rejected no_labels 1");
}

TEST_CASE("lines that are too long and names without end are refused by name, the rest is kept") {
  Fixture f(16U << 20);
  const auto push = [&](const std::string& labels, const std::string& line,
                        const std::string& metadata) {
    return f.push(fmt::format(
        R"({{"streams":[{{"stream":{{{}}},"values":[["1","kept"],["2","{}",{{{}}}]]}}]}})", labels,
        line, metadata));
  };
  const auto names = [](size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += fmt::format("{}\"n{}\":\"v\"", i == 0 ? "" : ",", i);
    return out;
  };
  const std::string job = R"("job":"a")";
  CHECK(push(job, std::string(kInputMessageBytesMax, 'x'), "").status == 204);
  const auto large = push(job, std::string(kInputMessageBytesMax + 1, 'x'), "");
  CHECK(large.status == 400);
  CHECK(large.body.starts_with("max entry size 1048576 bytes exceeded"));
  CHECK(push(job, "x", names(kInputColumnsMax)).status == 204);
  const auto wide = push(job, "x", names(kInputColumnsMax + 1));
  CHECK(wide.status == 400);
  CHECK(wide.body.find("129 names of structured metadata, limit 128") != std::string::npos);
  const auto labels = push(names(kInputColumnsMax + 1), "x", "");
  CHECK(labels.status == 400);
  CHECK(labels.body == "a stream has 129 label names, limit 128\n");
  CHECK(f.ledger_text() ==
        "loki: 10 received, stored 6, rejected too_large 1, rejected too_many_labels 2, rejected "
        "too_much_metadata 1");
}

TEST_CASE("what cannot be stored now is to be sent again, and memory is bounded") {
  Fixture f;
  const auto answer = f.push(kPush, unavailable("disk full"));
  CHECK(answer.status == 503);
  CHECK(answer.headers.get("retry-after") == "1");
  CHECK(f.push(std::string(500'000, ' ')).status == 429);
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("without a credential nothing is taken") {
  Fixture f;
  net::HttpRequest request = Fixture::request("POST", "/loki/api/v1/push", kPush);
  request.headers.set("Authorization", "Bearer other");
  const auto answer = f.send(f.api, std::move(request));
  CHECK(answer.status == 401);
  CHECK(answer.headers.has("www-authenticate"));
  CHECK(f.sink.messages().empty());
}

}  // namespace kansoku::api::loki
