// Scheduled queries over memory and a simulated clock.
#include "api/aws/logs/scheduled_queries.h"

#include <doctest/doctest.h>

#include "api/aws/logs/test_server.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr int64_t kNowMs = 1'795'348'800'000;  // a Sunday, 12:00 UTC

struct ScheduledServer : TestServer {
  ScheduledServer() {
    ok("CreateLogGroup", R"({"logGroupName":"g"})");
    ok("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
  }
  // One event, some minutes from the first now.
  void put(int64_t minutes, std::string_view message) {
    ok("PutLogEvents", fmt::format(R"({{"logGroupName":"g","logStreamName":"s","logEvents":)"
                                   R"([{{"timestamp":{},"message":"{}"}}]}})",
                                   kNowMs + minutes * 60'000, message));
  }
  static std::string body(
      std::string_view name, std::string_view schedule, std::string_view more = "",
      std::string_view query = "filter @message like /ERROR/ | stats count() as n") {
    return fmt::format(
        R"({{"name":"{}","queryLanguage":"CWLI","queryString":"{}","scheduleExpression":"{}",)"
        R"("executionRoleArn":"arn:role","logGroupIdentifiers":["g"]{}}})",
        name, query, schedule, more);
  }
  void minutes(int64_t n) { seconds(n * 60); }
  void seconds(int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      clock.advance(env::kNsPerS);
      executor.run_until_idle();
    }
  }
  // The history, newest first: "minutes after the first now: status".
  std::vector<std::string> history(std::string_view name, std::string_view more = "") {
    const auto answer = ok("GetScheduledQueryHistory",
                           fmt::format(R"({{"identifier":"{}","startTime":0,"endTime":{}{}}})",
                                       name, kNowMs * 2, more));
    std::vector<std::string> out;
    for (const auto& run : answer["triggerHistory"].list) {
      const auto at = static_cast<int64_t>(run["triggeredTimestamp"].number) - kNowMs;
      out.push_back(fmt::format("{}: {}", at / 60'000, run["executionStatus"].text));
    }
    return out;
  }
  std::string result(std::string_view name) {
    const auto answer =
        ok("GetScheduledQueryHistory",
           fmt::format(R"({{"identifier":"{}","startTime":0,"endTime":{}}})", name, kNowMs * 2));
    const std::string id = answer["triggerHistory"].list.at(0)["queryId"].text;
    const auto rows = ok("GetQueryResults", fmt::format(R"({{"queryId":"{}"}})", id));
    CHECK(rows["status"].text == "Complete");
    if (rows["results"].list.empty()) return "none";
    return rows["results"].list[0].list.at(0)["value"].text;
  }
};

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a scheduled query runs when it is due, over the time before, and keeps its history") {
  ScheduledServer server;
  server.put(-2, "ERROR before");
  const auto made = server.ok(
      "CreateScheduledQuery",
      ScheduledServer::body("errors", "cron(0/5 * * * ? *)",
                            R"(,"startTimeOffset":300,"endTimeOffset":60,"description":"d")"));
  const std::string arn = made["scheduledQueryArn"].text;
  CHECK(arn.starts_with("arn:aws:logs:eu-west-1:123456789012:scheduled-query:"));
  CHECK(made["state"].text == "ENABLED");
  CHECK(server.history("errors").empty());
  server.put(1, "ERROR one");
  server.put(2, "ERROR two");
  server.put(3, "fine");
  server.minutes(6);
  CHECK(server.history("errors") == List{"5: Complete"});
  CHECK(server.result("errors") == "2");
  server.put(5, "ERROR three");
  server.minutes(5);
  CHECK(server.history(arn) == List{"10: Complete", "5: Complete"});
  CHECK(server.result(arn) == "1");
  CHECK(server.history("errors", R"(,"maxResults":1)") == List{"10: Complete"});
  CHECK(server.history("errors", R"(,"executionStatuses":["Failed"])").empty());
  const auto shown = server.ok("GetScheduledQuery", R"({"identifier":"errors"})");
  CHECK(shown["scheduledQueryArn"].text == arn);
  CHECK(shown["name"].text == "errors");
  CHECK(shown["description"].text == "d");
  CHECK(shown["scheduleExpression"].text == "cron(0/5 * * * ? *)");
  CHECK(shown["timezone"].text == "UTC");
  CHECK(shown["startTimeOffset"].number == 300);
  CHECK(shown["endTimeOffset"].number == 60);
  CHECK(shown["logGroupIdentifiers"].list[0].text == "g");
  CHECK(shown["executionRoleArn"].text == "arn:role");
  CHECK(shown["scheduleType"].text == "CUSTOMER_MANAGED");
  CHECK(shown["lastExecutionStatus"].text == "Complete");
  CHECK(shown["lastTriggeredTime"].number == kNowMs + 600'000);
  CHECK(shown["creationTime"].number == kNowMs);
}

TEST_CASE("a scheduled query follows its zone, its first and last moment, and its state") {
  ScheduledServer server;
  server.ok("CreateScheduledQuery",
            ScheduledServer::body("tokyo", "cron(10 21 * * ? *)", R"(,"timezone":"Asia/Tokyo")"));
  server.ok("CreateScheduledQuery",
            ScheduledServer::body("bounded", "rate(2 minutes)",
                                  fmt::format(R"(,"scheduleStartTime":{},"scheduleEndTime":{})",
                                              kNowMs + 3 * 60'000, kNowMs + 8 * 60'000)));
  server.ok("CreateScheduledQuery",
            ScheduledServer::body("off", "rate(1 minute)", R"(,"state":"DISABLED")"));
  server.minutes(12);
  CHECK(server.history("tokyo") == List{"10: Complete"});
  CHECK(server.history("bounded") == List{"7: Complete", "5: Complete", "3: Complete"});
  CHECK(server.history("off").empty());
  const auto changed =
      server.ok("UpdateScheduledQuery",
                R"({"identifier":"off","queryLanguage":"CWLI","queryString":"fields @message",)"
                R"~("scheduleExpression":"rate(3 minutes)","executionRoleArn":"arn:other",)~"
                R"("state":"ENABLED"})");
  CHECK(changed["state"].text == "ENABLED");
  CHECK(changed["queryString"].text == "fields @message");
  CHECK(changed["executionRoleArn"].text == "arn:other");
  CHECK(changed["logGroupIdentifiers"].list[0].text == "g");
  CHECK(changed["lastUpdatedTime"].number == kNowMs + 12 * 60'000);
  server.minutes(4);
  CHECK(server.history("off") == List{"15: Complete"});
  const auto enabled = server.ok("ListScheduledQueries", R"({"state":"ENABLED","maxResults":2})");
  CHECK(enabled["scheduledQueries"].list[0]["name"].text == "bounded");
  CHECK(enabled["scheduledQueries"].list[1]["name"].text == "off");
  const auto rest =
      server.ok("ListScheduledQueries",
                fmt::format(R"({{"state":"ENABLED","maxResults":2,"nextToken":"{}"}})",
                            enabled["nextToken"].text));
  REQUIRE(rest["scheduledQueries"].list.size() == 1);
  CHECK(rest["scheduledQueries"].list[0]["name"].text == "tokyo");
}

TEST_CASE("a run that cannot be is in the history with its reason") {
  ScheduledServer server;
  server.ok("CreateScheduledQuery", ScheduledServer::body("q", "rate(1 minute)"));
  server.ok("DeleteLogGroup", R"({"logGroupName":"g"})");
  server.minutes(1);
  CHECK(server.history("q") == List{"1: Failed"});
  const auto answer =
      server.ok("GetScheduledQueryHistory",
                fmt::format(R"({{"identifier":"q","startTime":0,"endTime":{}}})", kNowMs * 2));
  CHECK(answer["triggerHistory"].list[0]["errorMessage"].text.find("does not exist") !=
        std::string::npos);
}

TEST_CASE(
    "scheduled queries and their history outlive a restart; what fell due meanwhile does not") {
  ScheduledServer server;
  server.ok("CreateScheduledQuery", ScheduledServer::body("q", "rate(1 minute)"));
  server.minutes(3);
  CHECK(server.history("q").size() == 3);
  server.seconds(2);  // that the last has ended is seen, and kept
  const signal::Scope scope{"123456789012", "eu-west-1"};
  server.clock.advance(10 * 60 * env::kNsPerS);
  const auto again = server.open_scheduled();
  const auto found = again->find(scope, "q");
  REQUIRE(found.has_value());
  CHECK(found->history.size() == 3);
  CHECK(found->history[2].status == "Complete");
  CHECK(found->history[2].triggered_ms == kNowMs + 180'000);
  CHECK(found->groups == List{"g"});
  server.ok("DeleteScheduledQuery", R"({"identifier":"q"})");
  CHECK(server.open_scheduled()->list(scope).empty());
  CHECK(server.catalog.list("log_scheduled_query_runs", "", "", 0)->empty());
  CHECK(server.error("GetScheduledQuery", R"({"identifier":"q"})")
            .starts_with("ResourceNotFoundException"));
}

TEST_CASE("the history is bounded") {
  ScheduledServer server;
  server.ok("CreateScheduledQuery", ScheduledServer::body("q", "rate(1 minute)"));
  server.minutes(static_cast<int64_t>(kHistoryMax) + 5);
  server.seconds(2);
  CHECK(server.history("q", R"(,"maxResults":1000)").size() == kHistoryMax);
  CHECK(server.catalog.list("log_scheduled_query_runs", "", "", 0)->size() == kHistoryMax);
}

TEST_CASE("scheduled queries are refused with their reason") {
  ScheduledServer server;
  const auto refused = [&](std::string body) {
    return server.error("CreateScheduledQuery", std::move(body));
  };
  const auto body = ScheduledServer::body;
  CHECK(refused(body("q", "rate(1 minutes)", "", "fields @message"))
            .starts_with("ValidationException: Invalid Schedule Expression"));
  CHECK(refused(body("q", "rate(1 minute)", R"(,"timezone":"No/Where")", "fields @message"))
            .find("timezone") != std::string::npos);
  CHECK(refused(body("q", "rate(1 minute)", "", "fields |")).starts_with("ValidationException"));
  CHECK(refused(body("q", "rate(1 minute)", "", "SOURCE logGroups() | fields @message"))
            .find("SOURCE") != std::string::npos);
  CHECK(refused(body("q", "rate(1 minute)", R"(,"startTimeOffset":5,"endTimeOffset":5)", "limit 1"))
            .find("startTimeOffset") != std::string::npos);
  CHECK(refused(
            body("q", "rate(1 minute)", R"(,"scheduleStartTime":5,"scheduleEndTime":5)", "limit 1"))
            .find("scheduleEndTime") != std::string::npos);
  CHECK(refused(body("q", "rate(1 minute)",
                     R"(,"destinationConfiguration":{"s3Configuration":)"
                     R"({"destinationIdentifier":"s3://b","roleArn":"r"}})",
                     "limit 1"))
            .find("destinationConfiguration") != std::string::npos);
  CHECK(refused(body("q", "rate(1 minute)", R"(,"tags":{"a":"b"})", "limit 1")).find("tags") !=
        std::string::npos);
  for (const char* language : {"SQL", "PPL"}) {
    CHECK(refused(fmt::format(
                      R"({{"name":"q","queryLanguage":"{}","queryString":"x","scheduleExpression":)"
                      R"~("rate(1 hour)","executionRoleArn":"r","logGroupIdentifiers":["g"]}})~",
                      language))
              .find(language) != std::string::npos);
  }
  CHECK(refused(R"({"name":"q","queryLanguage":"CWLI","queryString":"limit 1",)"
                R"~("scheduleExpression":"rate(1 hour)","executionRoleArn":"r",)~"
                R"("logGroupIdentifiers":["none"]})")
            .starts_with("ResourceNotFoundException"));
  server.ok("CreateScheduledQuery", body("q", "rate(1 hour)", "", "limit 1"));
  CHECK(refused(body("q", "rate(1 hour)", "", "limit 1")).starts_with("ConflictException"));
}

}  // namespace kansoku::api::aws::logs
