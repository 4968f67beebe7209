#include "pipeline/exporters/cloudwatch_logs/cloudwatch_logs_exporter.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "wire/document/document.h"

namespace kansoku::pipeline::cloudwatch_logs {
namespace {

using signal::EventBatchBuilder;
using signal::Verdict;

constexpr int64_t kDayNs = 86'400 * env::kNsPerS;

// CloudWatch Logs as the API reference has it, as far as the exporter asks it.
struct Service {
  std::set<std::string> groups;
  std::set<std::pair<std::string, std::string>> streams;
  std::map<std::string, std::string> classes;
  std::map<std::string, double> retention;
  std::map<std::string, std::vector<std::string>> messages;  // by stream
  std::vector<std::string> numbers;                          // x-kansoku-batch
  std::vector<std::string> asked;                            // operations
  std::map<std::string, bool> emf;
  // What happens to the next PutLogEvents instead: an answer, or none.
  std::deque<Result<net::HttpClientResponse>> puts;
  std::string put_answer = "{}";
  bool away = false;
  // The code with which an operation on a stream ("" where it has none) is refused; empty: it is
  // not.
  std::function<std::string(std::string_view operation, std::string_view stream)> refuses;

  static net::HttpClientResponse error(std::string_view code) {
    return {.status = 400, .body = fmt::format(R"({{"__type":"{}","message":"no"}})", code)};
  }

  Result<net::HttpClientResponse> answer(const net::HttpClientRequest& request) {
    const std::string operation(request.headers.get("x-amz-target").substr(14));
    asked.push_back(operation);
    if (away) return unavailable("connection refused");
    std::string body = request.body;
    if (request.headers.get("content-encoding") == "gzip")
      body = net::decode_content("gzip", body, 8U << 20).value();
    const wire::Node node = wire::parse_json(body).value();
    const std::string group(node.text_of("logGroupName"));
    const std::string stream(node.text_of("logStreamName"));
    const std::string refusal = refuses ? refuses(operation, stream) : std::string();
    if (!refusal.empty()) return error(refusal);
    if (operation == "CreateLogGroup") {
      if (!groups.insert(group).second) return error("ResourceAlreadyExistsException");
      classes[group] = node.text_of("logGroupClass");
      return net::HttpClientResponse{.status = 200};
    }
    if (operation == "CreateLogStream") {
      if (!groups.contains(group)) return error("ResourceNotFoundException");
      streams.insert({group, stream});
      return net::HttpClientResponse{.status = 200};
    }
    if (operation == "DescribeLogGroups") {
      std::string out = R"({"logGroups":[)";
      for (const std::string& name : groups) {
        out += fmt::format(R"({}{{"logGroupName":"{}"}})", out.ends_with('[') ? "" : ",", name);
      }
      return net::HttpClientResponse{.status = 200, .body = out + "]}"};
    }
    if (operation == "PutRetentionPolicy") {
      retention[group] = node.number_of("retentionInDays").value();
      return net::HttpClientResponse{.status = 200};
    }
    return put(request, node, group, stream);
  }

  Result<net::HttpClientResponse> put(const net::HttpClientRequest& request, const wire::Node& node,
                                      const std::string& group, const std::string& stream) {
    if (!puts.empty()) {
      auto next = std::move(puts.front());
      puts.pop_front();
      return next;
    }
    if (!streams.contains({group, stream})) return error("ResourceNotFoundException");
    const wire::Node* events = node.find("logEvents");
    size_t bytes = 0;
    double last = 0;
    for (const wire::Node& event : events->items) {
      const double at = event.number_of("timestamp").value();
      CHECK(at >= last);
      last = at;
      bytes += event.text_of("message").size() + 26;
      messages[stream].emplace_back(event.text_of("message"));
    }
    CHECK(bytes <= 1'048'576);
    CHECK(events->items.size() <= 10'000);
    CHECK(last - events->items[0].number_of("timestamp").value() <= 86'400'000);
    numbers.emplace_back(request.headers.get("x-kansoku-batch"));
    emf[stream] = request.headers.get("x-amzn-logs-format") == "json/emf";
    return net::HttpClientResponse{.status = 200, .body = put_answer};
  }
  size_t count(std::string_view operation) const {
    return static_cast<size_t>(std::ranges::count(asked, operation));
  }
};

struct World {
  explicit World(CloudWatchLogsConfig config = {})
      : http(clock,
             [this](const net::HttpClientRequest& request) { return service.answer(request); }) {
    net::aws::Doors doors{.http = &http,
                          .timers = &clock,
                          .clock = &clock,
                          .random = &random,
                          .files = &files,
                          .variable = [](const char*) { return std::nullopt; }};
    auto client = net::aws::AwsClient::make(
        doors, net::aws::static_credentials({"AKIDEXAMPLE", "secret", ""}),
        {.region = "us-east-1", .service = "logs", .attempts_max = 1});
    exporter = CloudWatchLogsExporter::make({.env = {&clock, &files, &random},
                                             .timers = &clock,
                                             .executor = &executor,
                                             .ledger = &ledger,
                                             .local_scope = {"1", "r"}},
                                            std::move(config), std::move(client));
  }
  void run(int64_t ns, int64_t step_ns = 100 * env::kNsPerMs) {
    for (int64_t at = 0; at < ns; at += step_ns) {
      executor.run_until_idle();
      clock.advance(step_ns);
    }
    executor.run_until_idle();
  }
  // Events (seconds, text) of one stream; the verdict when there is one.
  std::shared_ptr<std::optional<Verdict>> push(
      const std::vector<std::tuple<std::string, int64_t, std::string>>& events,
      signal::Producer producer = {}) {
    EventBatchBuilder builder;
    std::map<std::string, uint32_t> known;
    for (const auto& [stream, at_s, text] : events) {
      if (!known.contains(stream)) known[stream] = builder.add_stream({"group", stream});
      builder.add_row(known[stream], at_s * env::kNsPerS);
      builder.set_text(signal::kMessagePath, text);
    }
    auto out = std::make_shared<std::optional<Verdict>>();
    exporter->push({{"1", "r"},
                    builder.finish(),
                    std::move(producer),
                    signal::AckToken(events.size(), nullptr, Lane::Ingest,
                                     [out](Verdict verdict) { *out = std::move(verdict); })});
    return out;
  }
  uint64_t rows(const std::optional<Verdict>& verdict, signal::Outcome outcome,
                std::string_view reason = {}) {
    uint64_t out = 0;
    REQUIRE(verdict.has_value());
    for (const auto& count : verdict->counts) {
      if (count.outcome == outcome && count.reason == reason) out += count.rows;
    }
    return out;
  }

  env::SimClock clock;
  env::SimRandom random{7};
  env::SimFileSystem files;
  ManualExecutor executor;
  signal::Ledger ledger;
  Service service;
  net::SimHttpClient http;
  std::shared_ptr<CloudWatchLogsExporter> exporter;
};

TEST_CASE("cloudwatch_logs: a stream and a group that are missing are made as configured") {
  World world({.groups = {{"group", "INFREQUENT_ACCESS", 30}}});
  const auto verdict = world.push({{"a", 2, "second"}, {"b", 5, "other"}, {"a", 1, "first"}});
  world.run(20 * env::kNsPerS);
  CHECK(world.rows(*verdict, signal::Outcome::Forwarded) == 3);
  CHECK((*verdict)->good());
  CHECK(world.service.messages["a"] == std::vector<std::string>{"first", "second"});
  CHECK(world.service.messages["b"] == std::vector<std::string>{"other"});
  CHECK(world.service.classes["group"] == "INFREQUENT_ACCESS");
  CHECK(world.service.retention["group"] == 30);
  CHECK(world.exporter->stats().events_forwarded == 3);
}

TEST_CASE("cloudwatch_logs: settings of a pattern hold for groups that no exact name has") {
  World world({.groups = {{"gr*", "INFREQUENT_ACCESS", 30, true}, {"other", "STANDARD", 7}}});
  const auto verdict = world.push({{"a", 1, "first"}});
  world.run(20 * env::kNsPerS);
  CHECK((*verdict)->good());
  CHECK(world.service.classes["group"] == "INFREQUENT_ACCESS");
  CHECK(world.service.retention["group"] == 30);
}

TEST_CASE("cloudwatch_logs: requests keep to the limits of the API") {
  World world;
  std::vector<std::tuple<std::string, int64_t, std::string>> events;
  for (int i = 0; i < 10'001; ++i) events.emplace_back("many", 1'000, "x");
  for (int i = 0; i < 4; ++i) events.emplace_back("big", 1'000 + i, std::string(400'000, 'y'));
  events.emplace_back("old", 1'000, "one day");
  events.emplace_back("old", 1'000 + 86'400, "still in the same day");
  events.emplace_back("old", 1'000 + 86'401, "the next day");
  events.emplace_back("long", 1'000, std::string(1'048'576, 'z'));
  events.emplace_back("empty", 1'000, "");
  const auto verdict = world.push(events);
  world.run(20 * env::kNsPerS);
  CHECK(world.rows(*verdict, signal::Outcome::Forwarded) == 10'001 + 4 + 3);
  CHECK(world.rows(*verdict, signal::Outcome::Rejected, "event_too_long") == 1);
  CHECK(world.rows(*verdict, signal::Outcome::Filtered, "without_message") == 1);
  CHECK(world.service.messages["many"].size() == 10'001);
  CHECK(world.service.messages["big"].size() == 4);
  CHECK(world.service.numbers.size() == 2 + 2 + 2);
}

TEST_CASE("cloudwatch_logs: a day without the endpoint loses nothing and does not hammer it") {
  World world;
  world.service.away = true;
  const auto verdict = world.push({{"a", 1, "kept"}}, {"host-0", 3, 9});
  world.run(kDayNs, env::kNsPerS);
  CHECK(!verdict->has_value());
  // Twice in a half to a whole minute at most.
  CHECK(world.service.asked.size() < 2 * 24 * 60 + 10);
  CHECK(world.service.asked.size() > 24 * 60 - 10);
  CHECK(!world.exporter->stats().last_error.empty());
  world.service.away = false;
  world.run(120 * env::kNsPerS);
  CHECK(world.rows(*verdict, signal::Outcome::Forwarded) == 1);
  CHECK(world.service.messages["a"] == std::vector<std::string>{"kept"});
  CHECK(world.service.numbers == std::vector<std::string>{"host-0.0/3/288"});
  CHECK(world.exporter->stats().last_error.empty());
}

TEST_CASE("cloudwatch_logs: after fourteen days a request is given up, and says so") {
  World world;
  world.service.away = true;
  const auto verdict = world.push({{"a", 1, "too late"}});
  world.run(14 * kDayNs + 1'000 * env::kNsPerS, 10 * env::kNsPerS);
  CHECK(world.rows(*verdict, signal::Outcome::Dropped, "given_up") == 1);
}

TEST_CASE("cloudwatch_logs: rows that the service rejects are named") {
  World world;
  world.service.streams.insert({"group", "a"});
  world.service.put_answer =
      R"({"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1,"expiredLogEventEndIndex":3,)"
      R"("tooNewLogEventStartIndex":4}})";
  const auto verdict =
      world.push({{"a", 1, "1"}, {"a", 2, "2"}, {"a", 3, "3"}, {"a", 4, "4"}, {"a", 5, "5"}});
  world.run(env::kNsPerS);
  CHECK(world.rows(*verdict, signal::Outcome::Forwarded) == 1);
  CHECK(world.rows(*verdict, signal::Outcome::Rejected, "too_old") == 1);
  CHECK(world.rows(*verdict, signal::Outcome::Rejected, "expired") == 2);
  CHECK(world.rows(*verdict, signal::Outcome::Rejected, "too_new") == 1);
}

TEST_CASE("cloudwatch_logs: a wrong request is dropped by name, throttling is not") {
  World world;
  world.service.streams.insert({"group", "a"});
  world.service.puts.push_back(Service::error("ThrottlingException"));
  world.service.puts.push_back(net::HttpClientResponse{.status = 503});
  world.service.puts.push_back(Result<net::HttpClientResponse>(unavailable("reset")));
  const auto good = world.push({{"a", 1, "in the end"}});
  world.run(60 * env::kNsPerS);
  CHECK(world.rows(*good, signal::Outcome::Forwarded) == 1);
  CHECK(world.exporter->stats().events_maybe_repeated == 1);
  world.service.puts.push_back(Service::error("InvalidParameterException"));
  const auto bad = world.push({{"a", 1, "refused"}});
  world.run(env::kNsPerS);
  CHECK(world.rows(*bad, signal::Outcome::Dropped, "refused_by_endpoint") == 1);
  CHECK(!(*bad)->status);
}

TEST_CASE("cloudwatch_logs: a request that fails by itself lets others pass") {
  World world;
  world.service.streams.insert({"group", "b"});
  world.service.puts.push_back(Service::error("AccessDeniedException"));
  const auto first = world.push({{"a", 1, "denied"}});
  const auto second = world.push({{"b", 1, "passes"}});
  world.executor.run_until_idle();
  for (int i = 0; i < 4; ++i) {
    world.clock.advance(env::kNsPerMs);
    world.executor.run_until_idle();
  }
  CHECK(!first->has_value());
  CHECK(world.rows(*second, signal::Outcome::Forwarded) == 1);
  world.run(5 * env::kNsPerS);
  CHECK(world.rows(*first, signal::Outcome::Forwarded) == 1);
}

TEST_CASE("cloudwatch_logs: requests of one delivery are numbered in runs of 32") {
  World world;
  std::vector<std::tuple<std::string, int64_t, std::string>> events;
  for (int i = 0; i < 34; ++i) {
    events.emplace_back(fmt::format("s{:02}", i), 1, "x");
    world.service.streams.insert({"group", fmt::format("s{:02}", i)});
  }
  const auto verdict = world.push(events, {"host", 1, 2});
  world.run(5 * env::kNsPerS);
  REQUIRE(world.service.numbers.size() == 34);
  CHECK(world.service.numbers[0] == "host.0/1/64");
  CHECK(world.service.numbers[31] == "host.0/1/95");
  CHECK(world.service.numbers[32] == "host.1/1/64");
  CHECK(world.service.numbers[33] == "host.1/1/65");
}

TEST_CASE("cloudwatch_logs: documents of the embedded metric format are said to be such") {
  World world;
  world.push({{"m", 1, R"({"_aws":{"CloudWatchMetrics":[]},"x":1})"}, {"t", 1, "text"}});
  world.run(5 * env::kNsPerS);
  CHECK(world.service.emf["m"]);
  CHECK(!world.service.emf["t"]);
}

TEST_CASE("cloudwatch_logs: a stop answers what is open as not taken") {
  World world;
  world.service.away = true;
  const auto first = world.push({{"a", 1, "x"}});
  const auto second = world.push({{"a", 1, "x"}});
  world.run(env::kNsPerS);
  bool stopped = false;
  world.exporter->stop([&] { stopped = true; });
  world.run(env::kNsPerS);
  CHECK(stopped);
  REQUIRE(first->has_value());
  REQUIRE(second->has_value());
  CHECK((*first)->status.error().code == ErrorCode::Unavailable);
  const auto third = world.push({{"a", 1, "x"}});
  REQUIRE(third->has_value());
  CHECK((*third)->status.error().code == ErrorCode::Unavailable);
}

TEST_CASE("cloudwatch_logs: a stop while a stream is made ends too") {
  World world;
  world.http.set_delay_ns(10 * env::kNsPerMs);
  const auto verdict = world.push({{"a", 1, "x"}});
  bool stopped = false;
  // Right after the first answer, which says that there is no such stream.
  world.executor.run_until_idle();
  world.clock.advance(11 * env::kNsPerMs);
  world.exporter->stop([&] { stopped = true; });
  world.run(env::kNsPerS);
  CHECK(stopped);
  REQUIRE(verdict->has_value());
  CHECK((*verdict)->status.error().code == ErrorCode::Unavailable);
}

// Seconds until there is a verdict.
int64_t seconds_to(World& world, const std::shared_ptr<std::optional<Verdict>>& verdict) {
  for (int64_t at = 0; at < 3'600; ++at) {
    if (verdict->has_value()) return at;
    world.run(env::kNsPerS);
  }
  return -1;
}

TEST_CASE("cloudwatch_logs: a stream that is refused for ever holds others for a while only") {
  World world;
  bool denies = true;
  world.service.refuses = [&](std::string_view operation, std::string_view stream) {
    return denies && operation == "PutLogEvents" && stream == "a" ? "AccessDeniedException" : "";
  };
  const auto first = world.push({{"a", 1, "no"}, {"b", 1, "yes"}, {"a", 2, "no"}});
  world.run(590 * env::kNsPerS);
  CHECK(world.service.messages["b"] == std::vector<std::string>{"yes"});
  CHECK(!first->has_value());  // it may be repaired
  world.run(90 * env::kNsPerS);
  CHECK(world.rows(*first, signal::Outcome::Forwarded) == 1);
  CHECK(world.rows(*first, signal::Outcome::Dropped, "refused") == 2);
  // A source settles by such a verdict, and does not send again.
  CHECK((*first)->status.error().code == ErrorCode::InvalidArgument);
  // What is known to be refused is asked once more, and holds nobody.
  const auto second = world.push({{"a", 3, "no"}, {"b", 3, "yes"}});
  CHECK(seconds_to(world, second) <= 1);
  CHECK(world.rows(*second, signal::Outcome::Dropped, "refused") == 1);
  CHECK(world.exporter->stats().events_rejected == 3);
  // Repaired: taken at once, and a later refusal is a first one again.
  denies = false;
  const auto third = world.push({{"a", 4, "now"}});
  CHECK(seconds_to(world, third) <= 1);
  CHECK((*third)->good());
  denies = true;
  const auto fourth = world.push({{"a", 5, "no"}});
  CHECK(seconds_to(world, fourth) >= 600);
}

TEST_CASE("cloudwatch_logs: groups and streams that may not be made are refusals") {
  for (const std::string& operation : {"CreateLogStream", "CreateLogGroup"}) {
    for (const std::string& code : {"AccessDeniedException", "LimitExceededException"}) {
      CAPTURE(operation);
      World world({.refused_after_ms = 60'000});
      world.service.streams.insert({"group", "b"});
      if (operation == "CreateLogStream") world.service.groups.insert("group");
      world.service.refuses = [&](std::string_view asked, std::string_view) {
        return asked == operation ? code : std::string();
      };
      const auto verdict = world.push({{"a", 1, "no"}, {"b", 1, "yes"}});
      const int64_t seconds = seconds_to(world, verdict);
      CHECK(seconds >= 60);
      CHECK(seconds <= 125);
      CHECK(world.rows(*verdict, signal::Outcome::Forwarded) == 1);
      CHECK(world.rows(*verdict, signal::Outcome::Dropped, "refused") == 1);
    }
  }
}

TEST_CASE("cloudwatch_logs: a stream that is made and is not there does not hold others for ever") {
  World world;
  world.service.refuses = [](std::string_view operation, std::string_view stream) {
    return operation == "PutLogEvents" && stream == "a" ? "ResourceNotFoundException" : "";
  };
  const auto verdict = world.push({{"a", 1, "no"}, {"b", 1, "yes"}});
  CHECK(seconds_to(world, verdict) >= 600);
  CHECK(world.rows(*verdict, signal::Outcome::Dropped, "refused") == 1);
}

TEST_CASE(
    "cloudwatch_logs: of a group that is refused as a whole, new streams are not waited for") {
  World world;
  world.service.refuses = [](std::string_view operation, std::string_view) {
    return operation == "PutLogEvents" ? "AccessDeniedException" : "";
  };
  CHECK(seconds_to(world, world.push({{"a", 1, "no"}})) >= 600);
  CHECK(seconds_to(world, world.push({{"new", 1, "no"}})) <= 1);
  // Where others of the group are taken, a stream's first refusal may be repaired.
  world.service.refuses = [](std::string_view operation, std::string_view stream) {
    return operation == "PutLogEvents" && stream != "b" ? "AccessDeniedException" : "";
  };
  CHECK(seconds_to(world, world.push({{"b", 1, "yes"}})) <= 1);
  CHECK(seconds_to(world, world.push({{"newer", 1, "no"}})) >= 600);
}

TEST_CASE("cloudwatch_logs: wrong credentials, and refusals that are never to be dropped, wait") {
  World keys;
  keys.service.refuses = [](std::string_view, std::string_view) {
    return "UnrecognizedClientException";
  };
  const auto kept = keys.push({{"a", 1, "kept"}});
  CHECK(seconds_to(keys, kept) == -1);
  keys.service.refuses = nullptr;
  CHECK(seconds_to(keys, kept) <= 61);
  CHECK((*kept)->good());
  World never({.refused_after_ms = 0});
  never.service.refuses = [](std::string_view operation, std::string_view) {
    return operation == "PutLogEvents" ? "AccessDeniedException" : "";
  };
  CHECK(seconds_to(never, never.push({{"a", 1, "kept"}})) == -1);
}

TEST_CASE("cloudwatch_logs: what is remembered of refusals is bounded") {
  Refusals refusals;
  for (int i = 0; i < 10'000; ++i)
    refusals.refused({"group", std::to_string(i)}, {i * env::kNsPerMs});
  CHECK(refusals.size() == Refusals::kKnownMax);
  CHECK(refusals.refused({"group", "9999"}, {10'000 * env::kNsPerMs}).for_ms == 10'000);
}

}  // namespace
}  // namespace kansoku::pipeline::cloudwatch_logs
