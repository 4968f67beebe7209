// Insights over the API: started, answered, stopped, described; saved queries; records by @ptr.
#include <doctest/doctest.h>

#include "api/aws/logs/test_server.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr int64_t kNowS = 1'795'348'800;

struct QueryServer : TestServer {
  QueryServer() {
    ok("CreateLogGroup", R"({"logGroupName":"g"})");
    ok("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
    std::string events;
    for (int i = 0; i < 6; ++i) {
      events += fmt::format(R"({}{{"timestamp":{},"message":"{{\"level\":\"{}\",\"took\":{}}}"}})",
                            i == 0 ? "" : ",", (kNowS - 60 + i) * 1'000,
                            i % 3 == 0 ? "ERROR" : "INFO", i);
    }
    ok("PutLogEvents", R"({"logGroupName":"g","logStreamName":"s","logEvents":[)" + events + "]}");
  }
  static std::string body(std::string_view query, std::string_view more = "") {
    return fmt::format(R"({{"logGroupName":"g","startTime":{},"endTime":{},"queryString":"{}"{}}})",
                       kNowS - 3'600, kNowS, query, more);
  }
  std::string start(std::string_view query, std::string_view more = "") {
    return ok("StartQuery", body(query, more))["queryId"].text;
  }
  test::JsonValue results(const std::string& id, std::string_view more = "") {
    return ok("GetQueryResults", fmt::format(R"({{"queryId":"{}"{}}})", id, more));
  }
};

// "field=value field=value; ..." without pointers.
std::string shown(const test::JsonValue& answer) {
  std::string out;
  for (const test::JsonValue& row : answer["results"].list) {
    for (const test::JsonValue& cell : row.list) {
      if (cell["field"].text != "@ptr") out += cell["field"].text + "=" + cell["value"].text + " ";
    }
    out += "; ";
  }
  return out;
}

}  // namespace

TEST_CASE("a query is started, answered and described") {
  QueryServer server;
  const std::string id = server.start("stats count(*) as n, max(took) as t by level | sort level");
  CHECK(id.size() == 36);
  const auto answer = server.results(id);
  CHECK(answer["status"].text == "Complete");
  CHECK(answer["queryLanguage"].text == "CWLI");
  CHECK(shown(answer) == "level=ERROR n=2 t=3 ; level=INFO n=4 t=5 ; ");
  CHECK(answer["statistics"]["recordsScanned"].number == 6);
  CHECK(answer["statistics"]["recordsMatched"].number == 6);
  const auto listed = server.ok("DescribeQueries", R"({"logGroupName":"g"})");
  REQUIRE(listed["queries"].list.size() == 1);
  CHECK(listed["queries"].list[0]["queryId"].text == id);
  CHECK(listed["queries"].list[0]["status"].text == "Complete");
  CHECK(server.ok("DescribeQueries", R"({"status":"Running"})")["queries"].list.empty());
  CHECK(server.error("StopQuery", fmt::format(R"({{"queryId":"{}"}})", id))
            .starts_with("InvalidParameterException"));
  CHECK(server.error("GetQueryResults", R"({"queryId":"none"})")
            .starts_with("ResourceNotFoundException"));
}

TEST_CASE("results come in pages, at most as many as were asked for") {
  QueryServer server;
  const std::string id = server.start("fields took | sort took asc");
  const auto first = server.results(id, R"(,"maxItems":4)");
  CHECK(shown(first) == "took=0 ; took=1 ; took=2 ; took=3 ; ");
  CHECK(shown(server.results(id, fmt::format(R"(,"nextToken":"{}")", first["nextToken"].text))) ==
        "took=4 ; took=5 ; ");
  CHECK(shown(server.results(server.start("fields took | sort took asc", R"(,"limit":2)"))) ==
        "took=0 ; took=1 ; ");
}

TEST_CASE("the range is of seconds, both ends in it") {
  QueryServer server;
  const std::string id =
      server
          .ok("StartQuery", fmt::format(R"({{"logGroupNames":["g"],"startTime":{},"endTime":{},)"
                                        R"("queryString":"stats count(*) as n"}})",
                                        kNowS - 59, kNowS - 57))["queryId"]
          .text;
  CHECK(shown(server.results(id)) == "n=3 ; ");
  CHECK(server
            .error("StartQuery", R"({"logGroupName":"g","startTime":2,"endTime":1,)"
                                 R"("queryString":"fields a"})")
            .starts_with("InvalidParameterException: endTime 1 is before startTime 2"));
}

TEST_CASE("what cannot be asked is refused with its place") {
  QueryServer server;
  const auto response = server.send("StartQuery", QueryServer::body("fields a | filtr b"));
  CHECK(response.status == 400);
  const auto error = test::parse_json(response.body);
  CHECK(error["__type"].text.ends_with("MalformedQueryException"));
  CHECK(error["queryCompileError"]["location"]["startCharOffset"].number == 11);
  CHECK_FALSE(error["queryCompileError"]["message"].text.empty());
  CHECK(server.error("StartQuery", QueryServer::body("fields a", R"(,"queryLanguage":"SQL")")) ==
        "InvalidParameterException: query language SQL is not supported, only CWLI is");
  CHECK(server
            .error("StartQuery", R"({"logGroupNames":["none"],"startTime":0,"endTime":1,)"
                                 R"("queryString":"fields a"})")
            .starts_with("ResourceNotFoundException: Log group 'none' does not exist for account "
                         "ID '123456789012'"));
  CHECK(server.error("StartQuery", R"({"startTime":0,"endTime":1,"queryString":"fields a"})")
            .starts_with("InvalidParameterException: one of logGroupName"));
}

TEST_CASE("a record is found by the pointer that a query gives") {
  QueryServer server;
  const auto answer = server.results(server.start("fields @message | filter took = 4"));
  REQUIRE(answer["results"].list.size() == 1);
  std::string pointer;
  for (const test::JsonValue& cell : answer["results"].list[0].list) {
    if (cell["field"].text == "@ptr") pointer = cell["value"].text;
  }
  const auto record = server.ok(
      "GetLogRecord", fmt::format(R"({{"logRecordPointer":"{}"}})", pointer))["logRecord"];
  CHECK(record["took"].text == "4");
  CHECK(record["@logStream"].text == "s");
  CHECK(record["@log"].text == "123456789012:g");
  CHECK(record["@message"].text == R"({"level":"INFO","took":4})");
  CHECK(server.error("GetLogRecord", R"({"logRecordPointer":"x"})")
            .starts_with("InvalidParameterException"));
}

TEST_CASE("who may not read a group gets no answer from it") {
  QueryServer server;
  server.ok("CreateLogGroup", R"({"logGroupName":"secret"})");
  server.add_key("AKIDREAD", "secret", "123456789012",
                 R"({"Statement":{"Effect":"Allow","Action":"logs:*","Resource":)"
                 R"("arn:aws:logs:eu-west-1:123456789012:log-group:g:*"}})");
  server.credentials.access_key_id = "AKIDREAD";
  server.start("fields a");
  CHECK(server
            .error("StartQuery", R"({"logGroupNames":["g","secret"],"startTime":0,"endTime":1,)"
                                 R"("queryString":"fields a"})")
            .starts_with("AccessDeniedException"));
}

TEST_CASE("saved queries are kept, changed and deleted") {
  QueryServer server;
  const auto put = [](std::string_view name, std::string_view more = "") {
    return fmt::format(R"({{"name":"{}","queryString":"fields took","logGroupNames":["g"]{}}})",
                       name, more);
  };
  const std::string id = server.ok("PutQueryDefinition", put("a/one"))["queryDefinitionId"].text;
  server.ok("PutQueryDefinition", put("b"));
  server.ok("PutQueryDefinition", put("a/two", fmt::format(R"(,"queryDefinitionId":"{}")", id)));
  const auto found = server.ok("DescribeQueryDefinitions", R"({"queryDefinitionNamePrefix":"a/"})");
  REQUIRE(found["queryDefinitions"].list.size() == 1);
  const test::JsonValue& row = found["queryDefinitions"].list[0];
  CHECK(row["name"].text == "a/two");
  CHECK(row["queryDefinitionId"].text == id);
  CHECK(row["queryString"].text == "fields took");
  CHECK(row["logGroupNames"].list.size() == 1);
  CHECK(row["lastModified"].number == kNowS * 1'000);
  const std::string by_id = fmt::format(R"({{"queryDefinitionId":"{}"}})", id);
  server.ok("DeleteQueryDefinition", by_id);
  CHECK(server.error("DeleteQueryDefinition", by_id).starts_with("ResourceNotFoundException"));
  CHECK(server.error("PutQueryDefinition", R"({"name":"x","queryString":"filtr"})")
            .starts_with("InvalidParameterException"));
}

}  // namespace kansoku::api::aws::logs
