#include "pipeline/exporters/aws_target/aws_target.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "base/text/base64.h"
#include "wire/document/document.h"

namespace kansoku::pipeline::aws_target {
namespace {

constexpr const char* kStream = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs";
constexpr const char* kDelivery = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/out";
constexpr const char* kFunction = "arn:aws:lambda:eu-west-1:123456789012:function:f";

struct World {
  env::SimClock clock;
  env::SimRandom random{3};
  env::SimFileSystem files;
  std::vector<net::HttpClientRequest> requests;
  // Answers of the next requests; then `otherwise`.
  std::deque<net::HttpClientResponse> answers;
  net::HttpClientResponse otherwise{.status = 200, .body = R"({"FailedRecordCount":0})"};
  net::SimHttpClient http{clock, [this](const net::HttpClientRequest& request) {
                            requests.push_back(request);
                            if (answers.empty()) return Result<net::HttpClientResponse>(otherwise);
                            auto answer = std::move(answers.front());
                            answers.pop_front();
                            return Result<net::HttpClientResponse>(std::move(answer));
                          }};
  signal::Ledger ledger;
  std::shared_ptr<AwsTargetExporter> exporter;
  std::vector<std::string> ended;

  explicit World(Limits limits = {}) {
    exporter = AwsTargetExporter::make(
        {.doors = {.http = &http,
                   .timers = &clock,
                   .clock = &clock,
                   .random = &random,
                   .files = &files,
                   .variable = [](const char*) { return std::optional<std::string>(); }},
         .credentials = net::aws::static_credentials({"AKID", "secret"}),
         .ledger = &ledger,
         .endpoint_of = [](std::string_view service) -> std::optional<std::string> {
           if (service != "kinesis") return std::nullopt;
           return "http://localhost:4566/";
         },
         .limits = limits});
  }
  Status send(std::string_view target, std::vector<std::string> records, int64_t seconds = 3'600) {
    Shipment shipment{.ledger = {"test", "1", "aws_target"},
                      .rows = records.size(),
                      .target = *parse_target(target),
                      .expires = {clock.wall_now().ns + seconds * env::kNsPerS}};
    for (std::string& record : records) shipment.records.push_back({std::move(record), "key"});
    return exporter->send(std::move(shipment), [this](Status status) {
      ended.push_back(status ? "ok" : status.error().message);
    });
  }
  void run(int64_t seconds) {
    for (int64_t i = 0; i < seconds * 10; ++i) clock.advance(100 * env::kNsPerMs);
  }
  signal::LedgerLine line() { return ledger.lines().at(0).second; }
  // The records of a request, decoded.
  std::vector<std::string> data(size_t request) {
    std::vector<std::string> out;
    const auto body = wire::parse_json(requests.at(request).body);
    REQUIRE(body.has_value());
    const wire::Node* records = body->find("Records");
    if (records == nullptr) records = body->find("records");
    REQUIRE(records != nullptr);
    for (const wire::Node& record : records->items) {
      std::string_view text = record.text_of("Data");
      if (text.empty()) text = record.text_of("data");
      out.push_back(*base64_decode(text));
    }
    return out;
  }
};

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("aws_target: targets are named by their ARN or URL, anything else is refused") {
  CHECK(parse_target(kStream)->name == "logs");
  CHECK(parse_target(kStream)->region == "eu-west-1");
  CHECK(parse_target(kDelivery)->kind == TargetKind::Firehose);
  CHECK(parse_target(kFunction)->name == kFunction);
  CHECK(parse_target("https://h/p")->kind == TargetKind::Http);
  for (const char* bad :
       {"", "arn:aws:sqs:r:1:q", "arn:aws:kinesis:r:1:stream/", "ftp://h", "http://",
        "arn:aws:kinesis::1:stream/x", "https://h/ x", "arn:aws:lambda:r:1:layer:x"})
    CHECK_MESSAGE(!parse_target(bad), bad);
}

TEST_CASE("aws_target: each target gets its own request, signed") {
  World world;
  CHECK(world.send(kStream, {"a", "b"}).has_value());
  CHECK(world.send(kDelivery, {"c"}).has_value());
  CHECK(world.send(kFunction, {R"({"x":1})", "{}"}).has_value());
  CHECK(world.send("http://sink.example/in", {"d"}).has_value());
  world.run(1);
  REQUIRE(world.requests.size() == 5);
  std::map<std::string, size_t> at;
  for (size_t i = 0; i < world.requests.size(); ++i) at[world.requests[i].url] = i;
  const auto& kinesis = world.requests[at.at("http://localhost:4566/")];
  CHECK(kinesis.headers.get("X-Amz-Target") == "Kinesis_20131202.PutRecords");
  CHECK(kinesis.headers.get("Content-Type") == "application/x-amz-json-1.1");
  CHECK(kinesis.headers.get("Authorization").find("/eu-west-1/kinesis/aws4_request") !=
        std::string_view::npos);
  CHECK(kinesis.body.find(R"("StreamName":"logs")") != std::string::npos);
  CHECK(kinesis.body.find(R"("PartitionKey":"key")") != std::string::npos);
  CHECK(world.data(at.at("http://localhost:4566/")) == List{"a", "b"});
  const size_t firehose = at.at("https://firehose.eu-west-1.amazonaws.com/");
  CHECK(world.requests[firehose].headers.get("X-Amz-Target") == "Firehose_20150804.PutRecordBatch");
  CHECK(world.data(firehose) == List{"c"});
  const std::string invoke =
      "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/"
      "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/invocations";
  CHECK(world.requests[at.at(invoke)].headers.get("X-Amz-Invocation-Type") == "Event");
  CHECK(world.requests[at.at(invoke)].body == "{}");
  const size_t http = at.at("http://sink.example/in");
  CHECK_FALSE(world.requests[http].headers.has("Authorization"));
  CHECK(world.requests[http].headers.get("X-Amz-Firehose-Protocol-Version") == "1.0");
  CHECK(world.data(http) == List{"d"});
  CHECK(world.ended == List{"ok", "ok", "ok", "ok"});
  CHECK(world.line().received == 6);
  CHECK(world.line().outcomes.at({signal::Outcome::Forwarded, ""}) == 6);
  CHECK(world.exporter->stats().queued_bytes == 0);
}

TEST_CASE("aws_target: what fails is tried again, until it is taken") {
  World world;
  for (int i = 0; i < 4; ++i) world.answers.push_back({.status = 503});
  world.answers.push_back({.status = 400, .body = R"({"__type":"ThrottlingException"})"});
  world.answers.push_back({.status = 400, .body = R"({"__type":"ResourceNotFoundException"})"});
  CHECK(world.send(kStream, {"a"}).has_value());
  world.run(300);
  CHECK(world.ended == List{"ok"});
  CHECK(world.requests.size() == 7);
  CHECK(world.exporter->stats().retries == 6);
  CHECK(world.line().balanced());
  CHECK(world.line().in_flight == 0);
}

TEST_CASE("aws_target: records that are refused one by one are sent again alone") {
  World world;
  world.answers.push_back(
      {.status = 200,
       .body = R"({"FailedRecordCount":2,"Records":[{"ErrorCode":"InternalFailure"},)"
               R"({"SequenceNumber":"1"},)"
               R"({"ErrorCode":"ProvisionedThroughputExceededException"}]})"});
  CHECK(world.send(kStream, {"a", "b", "c"}).has_value());
  world.run(10);
  REQUIRE(world.requests.size() == 2);
  CHECK(world.data(1) == List{"a", "c"});
  CHECK(world.ended == List{"ok"});
  CHECK(world.exporter->stats().records == 3);
}

TEST_CASE("aws_target: many records go in requests within the limits") {
  World world;
  CHECK(world.send(kStream, List(1'201, "r")).has_value());
  CHECK(world.send(kStream, List(3, std::string(1'900'000, 'x'))).has_value());
  world.run(2);
  List counts;
  for (size_t i = 0; i < world.requests.size(); ++i)
    counts.push_back(std::to_string(world.data(i).size()));
  std::ranges::sort(counts);
  CHECK(counts == List{"1", "2", "201", "500", "500"});
}

TEST_CASE("aws_target: what is never taken is dropped by its reason") {
  World world;
  world.answers.push_back({.status = 400, .body = R"({"__type":"ValidationException"})"});
  CHECK(world.send(kStream, {"bad"}).has_value());
  world.run(1);
  REQUIRE(world.ended.size() == 1);
  CHECK(world.ended[0].find("never") != std::string::npos);
  CHECK(world.line().outcomes.at({signal::Outcome::Dropped, "refused"}) == 1);
  world.otherwise = {.status = 500};
  CHECK(world.send(kStream, {"late"}, 120).has_value());
  world.run(110);
  CHECK(world.ended.size() == 1);
  world.run(120);
  CHECK(world.ended.size() == 2);
  CHECK(world.line().outcomes.at({signal::Outcome::Dropped, "expired"}) == 1);
  CHECK(world.line().balanced());
  CHECK(world.exporter->stats().queued_bytes == 0);
}

TEST_CASE("aws_target: queue and requests are bounded") {
  World world({.in_flight_max = 2, .queued_bytes_max = 1'000});
  world.http.set_delay_ns(10 * env::kNsPerS);
  for (int i = 0; i < 4; ++i) CHECK(world.send(kStream, {std::string(150, 'x')}).has_value());
  const Status full = world.send(kStream, {std::string(200, 'x')});
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == ErrorCode::ResourceExhausted);
  CHECK(world.line().received == 4);
  world.run(5);
  CHECK(world.ended.empty());
  CHECK(world.requests.size() <= 2);
  world.run(60);
  CHECK(world.ended.size() == 4);
  CHECK(world.send(kStream, {std::string(5'000, 'x')}).has_value());  // alone, it is taken
}

TEST_CASE("aws_target: after stop nothing is called") {
  World world;
  CHECK(world.send(kStream, {"a"}).has_value());
  world.exporter->stop();
  world.run(10);
  CHECK(world.ended.empty());
}

}  // namespace kansoku::pipeline::aws_target
