// StartLiveTail over memory and a simulated clock.
#include <doctest/doctest.h>

#include "api/aws/logs/live_session.h"
#include "api/aws/logs/test_server.h"
#include "wire/aws/event_stream.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr int64_t kNowMs = 1'795'348'800'000;

// What a connection was told.
struct FakeStream final : net::HttpExchange::Impl {
  std::optional<net::HttpResponse> response;
  int status = 0;
  net::Headers headers;
  std::string bytes;
  bool room = true;
  bool ended = false;
  bool gone = false;
  std::move_only_function<void()> on_closed;
  std::move_only_function<void()> on_drained;

  void respond(net::HttpResponse r) override { response = std::move(r); }
  void begin(int code, net::Headers h) override {
    status = code;
    headers = std::move(h);
  }
  bool write(std::string chunk) override {
    bytes += chunk;
    return room;
  }
  void end(net::Headers) override { ended = true; }
  void abort() override { ended = true; }
  bool closed() const override { return gone; }
  void on_close(std::move_only_function<void()> callback) override {
    on_closed = std::move(callback);
  }
  void on_drain(std::move_only_function<void()> callback) override {
    on_drained = std::move(callback);
  }
};

struct LiveServer : TestServer {
  std::shared_ptr<FakeStream> stream = std::make_shared<FakeStream>();

  LiveServer() {
    for (const char* name : {"g", "h"}) {
      ok("CreateLogGroup", fmt::format(R"({{"logGroupName":"{}"}})", name));
      for (const char* s : {"s", "web-1"}) {
        ok("CreateLogStream",
           fmt::format(R"({{"logGroupName":"{}","logStreamName":"{}"}})", name, s));
      }
    }
  }
  void start(std::string body) {
    net::HttpRequest out = request("StartLiveTail", std::move(body));
    out.headers.set("Host", "stream-h");
    sign(out, "logs");
    dispatcher->handle(std::move(out), net::HttpExchange(stream));
    executor.run_until_idle();
  }
  void put(std::string_view message, size_t count = 1, std::string_view group = "g",
           std::string_view name = "s") {
    std::string events;
    for (size_t i = 0; i < count; ++i) {
      events += fmt::format(R"({}{{"timestamp":{},"message":"{}"}})", i == 0 ? "" : ",",
                            kNowMs + static_cast<int64_t>(i), message);
    }
    ok("PutLogEvents",
       fmt::format(R"({{"logGroupName":"{}","logStreamName":"{}","logEvents":[{}]}})", group, name,
                   events));
  }
  void second() {
    clock.advance(env::kNsPerS);
    executor.run_until_idle();
  }
  // What was sent since the last call: "type payload".
  std::vector<std::pair<std::string, test::JsonValue>> take() {
    std::vector<std::pair<std::string, test::JsonValue>> out;
    std::string_view left = stream->bytes;
    while (!left.empty()) {
      const auto message = kansoku::aws::decode_stream_message(left);
      REQUIRE(message.has_value());
      std::string type(message->header(":event-type"));
      if (type.empty()) type = message->header(":exception-type");
      out.emplace_back(std::move(type), test::parse_json(message->payload));
    }
    stream->bytes.clear();
    return out;
  }
  // Events and whether they were sampled, of one update.
  std::pair<size_t, bool> update() {
    const auto all = take();
    REQUIRE(all.size() == 1);
    CHECK(all[0].first == "sessionUpdate");
    return {all[0].second["sessionResults"].list.size(),
            all[0].second["sessionMetadata"]["sampled"].boolean};
  }
};

const std::string kGroupArn = "arn:aws:logs:eu-west-1:123456789012:log-group:g";
const std::string kAsk = R"({"logGroupIdentifiers":[")" + kGroupArn + R"("]})";

using Update = std::pair<size_t, bool>;

}  // namespace

TEST_CASE("a live tail begins with what was asked, then shows what is stored, every second") {
  LiveServer server;
  server.put("before");
  server.start(R"({"logGroupIdentifiers":[")" + kGroupArn +
               R"("],"logStreamNames":["s"],"logEventFilterPattern":"ERROR"})");
  CHECK(server.stream->status == 200);
  CHECK(server.stream->headers.get("Content-Type") == "application/vnd.amazon.eventstream");
  CHECK(server.stream->headers.has("x-amzn-RequestId"));
  auto first = server.take();
  REQUIRE(first.size() == 2);
  CHECK(first[0].first == "initial-response");
  CHECK(first[1].first == "sessionStart");
  const test::JsonValue& begun = first[1].second;
  CHECK(begun["requestId"].text == server.stream->headers.get("x-amzn-RequestId"));
  CHECK(begun["sessionId"].text.size() == 36);
  CHECK(begun["logGroupIdentifiers"].list[0].text == kGroupArn);
  CHECK(begun["logStreamNames"].list[0].text == "s");
  CHECK(begun["logStreamNamePrefixes"].list.empty());
  CHECK(begun["logEventFilterPattern"].text == "ERROR");
  server.second();
  CHECK(server.update() == Update{0, false});
  server.put("ERROR one");
  server.put("fine");
  server.put("ERROR of another stream", 1, "g", "web-1");
  server.put("ERROR of another group", 1, "h");
  CHECK(server.stream->bytes.empty());
  server.second();
  const auto update = server.take();
  REQUIRE(update.size() == 1);
  CHECK_FALSE(update[0].second["sessionMetadata"]["sampled"].boolean);
  const auto& events = update[0].second["sessionResults"].list;
  REQUIRE(events.size() == 1);
  CHECK(events[0]["message"].text == "ERROR one");
  CHECK(events[0]["logStreamName"].text == "s");
  CHECK(events[0]["logGroupIdentifier"].text == kGroupArn);
  CHECK(events[0]["timestamp"].number == kNowMs);
  CHECK(events[0]["ingestionTime"].number == kNowMs + 1'000);
}

TEST_CASE("more than 500 events a second are sampled, which the update says") {
  LiveServer server;
  server.start(kAsk);
  server.take();
  server.put("exactly", 500);
  server.second();
  CHECK(server.update() == Update{500, false});
  server.put("many", 5'000);
  server.second();
  CHECK(server.update() == Update{500, true});
  server.put("few", 3);
  server.second();
  CHECK(server.update() == Update{3, false});
}

TEST_CASE("large messages are sampled to what a frame holds") {
  LiveServer server;
  server.start(kAsk);
  server.take();
  for (int i = 0; i < 4; ++i) server.put(std::string(900'000, 'x'));
  server.second();
  CHECK(server.update() == Update{2, true});
}

TEST_CASE("a client that reads slowly gets samples, and holds back no memory") {
  LiveServer server;
  server.start(kAsk);
  server.take();
  server.stream->room = false;
  server.put("a");
  server.second();
  CHECK(server.update() == Update{1, false});  // taken all the same, but no more until it drains
  for (int i = 0; i < 5; ++i) {
    server.put("while it is slow", 200);
    server.second();
  }
  CHECK(server.stream->bytes.empty());
  server.stream->room = true;
  server.stream->on_drained();
  server.second();
  CHECK(server.update() == Update{500, true});
}

TEST_CASE("a live tail ends with its client, after three hours, and with the server") {
  LiveServer server;
  server.start(kAsk);
  CHECK(server.backend.tail.watchers() == 1);
  SUBCASE("client") {
    server.stream->gone = true;
    server.stream->on_closed();
    server.executor.run_until_idle();
  }
  SUBCASE("client that nobody told of") {
    server.stream->gone = true;
    server.second();
  }
  SUBCASE("three hours") {
    for (int64_t s = 0; s < kSessionMs / 1'000 - 1; ++s) server.second();
    CHECK_FALSE(server.stream->ended);
    server.take();
    server.second();
    const auto last = server.take();
    REQUIRE(last.size() == 1);
    CHECK(last[0].first == "SessionTimeoutException");
    CHECK(last[0].second["message"].text.find("three hours") != std::string::npos);
  }
  SUBCASE("server") {
    server.backend.tail.close();
    server.executor.run_until_idle();
  }
  CHECK(server.stream->ended);
  CHECK(server.backend.tail.watchers() == 0);
  server.take();
  server.second();
  CHECK(server.stream->bytes.empty());
}

TEST_CASE("a live tail is refused with its reason") {
  LiveServer server;
  server.ok("CreateLogGroup", R"({"logGroupName":"i","logGroupClass":"INFREQUENT_ACCESS"})");
  const auto refused = [&](std::string body) {
    return server.error("StartLiveTail", std::move(body));
  };
  CHECK(refused(R"({"logGroupIdentifiers":["none"]})") ==
        "ResourceNotFoundException: The specified log group does not exist.");
  CHECK(refused("{}").starts_with("InvalidParameterException"));
  CHECK(refused(R"({"logGroupIdentifiers":["1","2","3","4","5","6","7","8","9","10","11"]})")
            .starts_with("InvalidParameterException"));
  CHECK(refused(R"({"logGroupIdentifiers":["g","h"],"logStreamNames":["s"]})")
            .starts_with("InvalidParameterException: logStreamNames"));
  CHECK(refused(R"({"logGroupIdentifiers":["g"],"logStreamNames":["s"],)"
                R"("logStreamNamePrefixes":["w"]})")
            .starts_with("InvalidParameterException: logStreamNames"));
  CHECK(refused(R"({"logGroupIdentifiers":["g"],"logEventFilterPattern":"{ $.a = "})")
            .starts_with("InvalidParameterException: Invalid filter pattern"));
  CHECK(refused(R"({"logGroupIdentifiers":["i"]})").find("INFREQUENT_ACCESS") != std::string::npos);
  server.add_key("AKIDNONE", "secret", "123456789012", "");
  server.credentials = {"AKIDNONE", "secret"};
  CHECK(refused(kAsk).starts_with("AccessDeniedException"));
}

TEST_CASE("who cannot take a stream is told so, and takes no place") {
  LiveServer server;
  for (size_t i = 0; i < 2 * kSessionsMax; ++i)
    CHECK(server.error("StartLiveTail", kAsk).starts_with("UnsupportedOperation"));
  CHECK(server.backend.tail.watchers() == 0);
  server.start(kAsk);
  CHECK(server.stream->status == 200);
}

TEST_CASE("an account has at most 15 live tails at once") {
  LiveServer server;
  std::vector<std::shared_ptr<FakeStream>> streams;
  for (size_t i = 0; i < kSessionsMax; ++i) {
    server.stream = std::make_shared<FakeStream>();
    server.start(kAsk);
    CHECK(server.stream->status == 200);
    streams.push_back(server.stream);
  }
  server.stream = std::make_shared<FakeStream>();
  server.start(kAsk);
  REQUIRE(server.stream->response.has_value());
  CHECK(server.stream->response->body.find("LimitExceededException") != std::string::npos);
  streams[3]->gone = true;
  server.second();
  server.stream = std::make_shared<FakeStream>();
  server.start(kAsk);
  CHECK(server.stream->status == 200);
}

}  // namespace kansoku::api::aws::logs
