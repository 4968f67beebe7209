// CloudWatch Logs end to end over memory: groups, streams, tags, events, pages, recorded messages.
#include <doctest/doctest.h>

#include "api/aws/logs/test_server.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr int64_t kNowMs = 1'795'348'800'000;
const std::string kGroup = R"({"logGroupName":"g"})";

void make_stream(TestServer& server) {
  server.ok("CreateLogGroup", kGroup);
  server.ok("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
}

// Events as "offset from now in ms:message", messages without quotes.
std::string put_body(std::initializer_list<std::pair<int64_t, std::string_view>> events,
                     std::string_view stream = "s") {
  std::string out;
  for (const auto& [ms, message] : events) {
    out += fmt::format(R"({}{{"timestamp":{},"message":"{}"}})", out.empty() ? "" : ",",
                       kNowMs + ms, message);
  }
  return fmt::format(R"({{"logGroupName":"g","logStreamName":"{}","logEvents":[{}]}})", stream,
                     out);
}

std::string messages(const test::JsonValue& answer) {
  std::string out;
  for (const test::JsonValue& event : answer["events"].list) out += event["message"].text + " ";
  return out;
}

std::vector<std::string> names(const test::JsonValue& list, const char* member) {
  std::vector<std::string> out;
  for (const test::JsonValue& item : list.list) out.push_back(item[member].text);
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("log groups are made, described and gone") {
  TestServer server;
  server.ok("CreateLogGroup", R"({"logGroupName":"b","tags":{"env":"x"}})");
  server.ok("CreateLogGroup", R"({"logGroupName":"a/c","logGroupClass":"INFREQUENT_ACCESS"})");
  CHECK(server.error("CreateLogGroup", R"({"logGroupName":"b"})") ==
        "ResourceAlreadyExistsException: The specified log group already exists");
  CHECK(server.error("CreateLogGroup", R"({"logGroupName":"a b"})")
            .starts_with("InvalidParameterException: 1 validation error detected"));
  CHECK(server.error("CreateLogGroup", R"({"logGroupName":"k","kmsKeyId":"key"})")
            .starts_with("InvalidParameterException"));
  const auto all = server.ok("DescribeLogGroups", "{}");
  CHECK(names(all["logGroups"], "logGroupName") == Names{"a/c", "b"});
  const test::JsonValue& group = all["logGroups"].list[1];
  CHECK(group["arn"].text == "arn:aws:logs:eu-west-1:123456789012:log-group:b:*");
  CHECK(group["logGroupArn"].text == "arn:aws:logs:eu-west-1:123456789012:log-group:b");
  CHECK(group["creationTime"].number == kNowMs);
  CHECK(group["storedBytes"].number == 0);
  CHECK(group.find("retentionInDays") == nullptr);
  CHECK(names(server.ok("DescribeLogGroups", R"({"logGroupNamePrefix":"a"})")["logGroups"],
              "logGroupName") == Names{"a/c"});
  CHECK(names(server.ok("DescribeLogGroups", R"({"logGroupNamePattern":"/"})")["logGroups"],
              "logGroupName") == Names{"a/c"});
  CHECK(server.error("DescribeLogGroups",
                     R"({"logGroupNamePrefix":"a","logGroupNamePattern":"b"})") ==
        "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are mutually "
        "exclusive parameters.");
  server.ok("DeleteLogGroup", R"({"logGroupName":"b"})");
  CHECK(server.error("DeleteLogGroup", R"({"logGroupName":"b"})") ==
        "ResourceNotFoundException: The specified log group does not exist.");
}

TEST_CASE("listings of groups go on behind their token") {
  TestServer server;
  for (const char* name : {"g1", "g2", "g3"})
    server.ok("CreateLogGroup", fmt::format(R"({{"logGroupName":"{}"}})", name));
  const auto first = server.ok("DescribeLogGroups", R"({"limit":2})");
  CHECK(names(first["logGroups"], "logGroupName") == Names{"g1", "g2"});
  const std::string token = first["nextToken"].text;
  const auto rest =
      server.ok("DescribeLogGroups", fmt::format(R"({{"limit":2,"nextToken":"{}"}})", token));
  CHECK(names(rest["logGroups"], "logGroupName") == Names{"g3"});
  CHECK(rest.find("nextToken") == nullptr);
  CHECK(server.error("DescribeLogGroups",
                     fmt::format(R"({{"logGroupNamePrefix":"g","nextToken":"{}"}})", token)) ==
        "InvalidParameterException: The specified nextToken is invalid.");
  CHECK(names(server.ok("ListLogGroups", R"({"limit":1})")["logGroups"], "logGroupName") ==
        Names{"g1"});
}

TEST_CASE("ListLogGroups finds groups by texts of their names") {
  TestServer server;
  for (const char* name : {"app/web", "app/db", "web"})
    server.ok("CreateLogGroup", fmt::format(R"({{"logGroupName":"{}"}})", name));
  const auto found = [&](const char* pattern) {
    return names(server.ok("ListLogGroups",
                           fmt::format(R"({{"logGroupNamePattern":"{}"}})", pattern))["logGroups"],
                 "logGroupName");
  };
  CHECK(found("web") == Names{"app/web", "web"});
  CHECK(found("^web") == Names{"web"});
  CHECK(found("^web|/db") == Names{"app/db", "web"});
  CHECK(server.error("ListLogGroups", R"({"logGroupNamePattern":"^w[e]b"})")
            .contains("logGroupNamePattern takes up to 5 texts"));
}

TEST_CASE("retention is one of the values that CloudWatch Logs knows") {
  TestServer server;
  server.ok("CreateLogGroup", kGroup);
  server.ok("PutRetentionPolicy", R"({"logGroupName":"g","retentionInDays":7})");
  CHECK(server.ok("DescribeLogGroups", "{}")["logGroups"].list[0]["retentionInDays"].number == 7);
  CHECK(server.error("PutRetentionPolicy", R"({"logGroupName":"g","retentionInDays":8})")
            .starts_with("InvalidParameterException: 1 validation error detected: Value '8' at "
                         "'retentionInDays'"));
  server.ok("DeleteRetentionPolicy", kGroup);
  CHECK(server.ok("DescribeLogGroups", "{}")["logGroups"].list[0].find("retentionInDays") ==
        nullptr);
  CHECK(server.error("PutRetentionPolicy", R"({"logGroupName":"n","retentionInDays":7})") ==
        "ResourceNotFoundException: The specified log group does not exist.");
}

TEST_CASE("a protected group stays") {
  TestServer server;
  server.ok("CreateLogGroup", R"({"logGroupName":"g","deletionProtectionEnabled":true})");
  CHECK(server.error("DeleteLogGroup", kGroup).starts_with("ValidationException"));
  server.ok("PutLogGroupDeletionProtection",
            R"({"logGroupIdentifier":"g","deletionProtectionEnabled":false})");
  server.ok("DeleteLogGroup", kGroup);
}

TEST_CASE("tags by name and by ARN are the same tags") {
  TestServer server;
  const std::string arn = "arn:aws:logs:eu-west-1:123456789012:log-group:g";
  server.ok("CreateLogGroup", R"({"logGroupName":"g","tags":{"env":"1"}})");
  server.ok("TagLogGroup", R"({"logGroupName":"g","tags":{"a":"1","env":"2"}})");
  server.ok("TagResource", R"({"resourceArn":")" + arn + R"(:*","tags":{"b":"1"}})");
  server.ok("UntagLogGroup", R"({"logGroupName":"g","tags":["a"]})");
  const auto by_name = server.ok("ListTagsLogGroup", kGroup);
  CHECK(by_name["tags"]["env"].text == "2");
  CHECK(by_name["tags"]["b"].text == "1");
  CHECK(by_name["tags"].find("a") == nullptr);
  server.ok("UntagResource", R"({"resourceArn":")" + arn + R"(","tagKeys":["b"]})");
  CHECK(server.ok("ListTagsForResource", R"({"resourceArn":")" + arn + R"("})")["tags"].find("b") ==
        nullptr);
  CHECK(server
            .error("ListTagsForResource",
                   R"({"resourceArn":"arn:aws:logs:eu-west-1:999999999999:log-group:g"})")
            .starts_with("ResourceNotFoundException"));
}

TEST_CASE("streams are made, described by name and time, and gone with their events") {
  TestServer server;
  make_stream(server);
  CHECK(server.error("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})") ==
        "ResourceAlreadyExistsException: The specified log stream already exists");
  CHECK(server.error("CreateLogStream", R"({"logGroupName":"n","logStreamName":"s"})") ==
        "ResourceNotFoundException: The specified log group does not exist.");
  CHECK(server.error("CreateLogStream", R"({"logGroupName":"g","logStreamName":"a:b"})")
            .starts_with("InvalidParameterException"));
  for (const char* name : {"t", "u"}) {
    server.ok("CreateLogStream",
              fmt::format(R"({{"logGroupName":"g","logStreamName":"{}"}})", name));
  }
  server.ok("PutLogEvents", put_body({{-5, "a"}, {-2, "b"}}, "t"));
  server.ok("PutLogEvents", put_body({{-9, "c"}}, "s"));
  const auto by_name = server.ok("DescribeLogStreams", kGroup);
  CHECK(names(by_name["logStreams"], "logStreamName") == Names{"s", "t", "u"});
  const test::JsonValue& t = by_name["logStreams"].list[1];
  CHECK(t["firstEventTimestamp"].number == kNowMs - 5);
  CHECK(t["lastEventTimestamp"].number == kNowMs - 2);
  CHECK(t["lastIngestionTime"].number == kNowMs);
  CHECK(t["arn"].text == "arn:aws:logs:eu-west-1:123456789012:log-group:g:log-stream:t");
  CHECK(by_name["logStreams"].list[2].find("lastEventTimestamp") == nullptr);
  const std::string by_time = R"({"logGroupName":"g","orderBy":"LastEventTime","descending":true)";
  const auto first = server.ok("DescribeLogStreams", by_time + R"(,"limit":2})");
  CHECK(names(first["logStreams"], "logStreamName") == Names{"t", "s"});
  const auto rest = server.ok("DescribeLogStreams", by_time + fmt::format(R"(,"nextToken":"{}"}})",
                                                                          first["nextToken"].text));
  CHECK(names(rest["logStreams"], "logStreamName") == Names{"u"});
  CHECK(server.error("DescribeLogStreams", R"({"logGroupName":"g","orderBy":"LastEventTime",)"
                                           R"("logStreamNamePrefix":"t"})") ==
        "InvalidParameterException: Cannot order by LastEventTime with a logStreamNamePrefix.");
  CHECK(server.error("DescribeLogStreams", R"({"logGroupName":"g","logGroupIdentifier":"g"})") ==
        "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters.");
  server.ok("DeleteLogStream", R"({"logGroupName":"g","logStreamName":"t"})");
  CHECK(messages(server.ok("FilterLogEvents", kGroup)) == "c ");
  CHECK(server.error("DeleteLogStream", R"({"logGroupName":"g","logStreamName":"t"})") ==
        "ResourceNotFoundException: The specified log stream does not exist.");
}

TEST_CASE("events of a deleted group do not come back") {
  TestServer server;
  make_stream(server);
  server.ok("PutLogEvents", put_body({{0, "old"}}));
  CHECK(server.ok("DescribeLogGroups", "{}")["logGroups"].list[0]["storedBytes"].number == 3);
  server.ok("DeleteLogGroup", kGroup);
  server.clock.advance(1);
  make_stream(server);
  CHECK(messages(server.ok("FilterLogEvents", kGroup)).empty());
  CHECK(names(server.ok("DescribeLogStreams", kGroup)["logStreams"], "logStreamName") ==
        Names{"s"});
}

TEST_CASE("recorded errors of PutLogEvents") {
  TestServer server;
  CHECK(server.error("PutLogEvents", put_body({{0, "a"}})) ==
        "ResourceNotFoundException: The specified log group does not exist.");
  make_stream(server);
  CHECK(server.error("PutLogEvents", put_body({{0, "a"}}, "none")) ==
        "ResourceNotFoundException: The specified log stream does not exist.");
  CHECK(server.error("PutLogEvents", put_body({{0, "a"}, {-1, "b"}})) ==
        "InvalidParameterException: Log events in a single PutLogEvents request must be in "
        "chronological order.");
  CHECK(server.error("PutLogEvents", put_body({{-86'400'001, "a"}, {0, "b"}})) ==
        "InvalidParameterException: The batch of log events in a single PutLogEvents request "
        "cannot span more than 24 hours.");
  CHECK(server.error("PutLogEvents", put_body({})).starts_with("InvalidParameterException"));
  CHECK(server.error("PutLogEvents", put_body({{0, ""}})).starts_with("InvalidParameterException"));
  CHECK(server.error("PutLogEvents", R"({"logGroupName":"g","logEvents":[]})")
            .contains("Value null at 'logStreamName'"));
  CHECK(server.error("PutLogEvents", R"({"logGroupName":3})").starts_with("Serialization"));
  const std::string large(1'048'576 - 25, 'x');
  CHECK(server.error("PutLogEvents", put_body({{0, large}})) ==
        "InvalidParameterException: Upload too large: 1048577 bytes exceeds limit of 1048576");
  server.ok("PutLogEvents", put_body({{0, std::string_view(large).substr(1)}}));
  server.backend.put_status = unavailable("disk full");
  CHECK(server.send("PutLogEvents", put_body({{0, "a"}})).status == 503);
}

TEST_CASE("events out of the window are told and left out, the rest is kept") {
  TestServer server;
  make_stream(server);
  constexpr int64_t kDay = 86'400'000;
  auto answer = server.ok("PutLogEvents",
                          put_body({{-15 * kDay, "a"}, {-14 * kDay - 1, "b"}, {-14 * kDay, "c"}}));
  CHECK(answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"].number == 2);
  answer = server.ok("PutLogEvents", put_body({{7'200'000, "d"}, {7'200'001, "e"}}));
  CHECK(answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"].number == 1);
  CHECK(answer["nextSequenceToken"].text.size() == 56);
  server.ok("PutRetentionPolicy", R"({"logGroupName":"g","retentionInDays":1})");
  answer = server.ok("PutLogEvents", put_body({{-kDay - 1, "f"}, {-kDay, "g"}}));
  CHECK(answer["rejectedLogEventsInfo"]["expiredLogEventEndIndex"].number == 1);
  CHECK(answer["rejectedLogEventsInfo"].find("tooOldLogEventEndIndex") == nullptr);
  CHECK(messages(server.ok("FilterLogEvents", kGroup)) == "g d ");
}

TEST_CASE("GetLogEvents walks forward and backward until the token comes back") {
  TestServer server;
  make_stream(server);
  server.ok("PutLogEvents", put_body({{-5, "a"}, {-4, "b"}, {-3, "c"}, {-2, "d"}, {-1, "e"}}));
  const std::string stream = R"({"logGroupName":"g","logStreamName":"s")";
  const auto get = [&](const std::string& more) {
    return server.ok("GetLogEvents", stream + more + "}");
  };
  const auto next = [&](const std::string& token) {
    return get(fmt::format(R"(,"limit":2,"nextToken":"{}")", token));
  };
  CHECK(messages(get("")) == "a b c d e ");
  const auto newest = get(R"(,"limit":2)");
  CHECK(messages(newest) == "d e ");
  const auto before = next(newest["nextBackwardToken"].text);
  CHECK(messages(before) == "b c ");
  CHECK(messages(next(before["nextForwardToken"].text)) == "d e ");
  const auto end = next(newest["nextForwardToken"].text);
  CHECK(messages(end).empty());
  CHECK(end["nextForwardToken"].text == newest["nextForwardToken"].text);
  const auto oldest = get(R"(,"limit":2,"startFromHead":true)");
  CHECK(messages(oldest) == "a b ");
  CHECK(messages(next(oldest["nextForwardToken"].text)) == "c d ");
  CHECK(messages(get(fmt::format(R"(,"startTime":{},"endTime":{})", kNowMs - 4, kNowMs - 2))) ==
        "b c ");
  CHECK(server.error("GetLogEvents", stream + R"(,"nextToken":"x"})") ==
        "InvalidParameterException: The specified nextToken is invalid.");
  CHECK(server.error("GetLogEvents", stream + R"(,"limit":10001})")
            .contains("Member must have value less than or equal to 10000"));
  CHECK(server.error("GetLogEvents", R"({"logGroupName":"g","logStreamName":"n"})") ==
        "ResourceNotFoundException: The specified log stream does not exist.");
}

TEST_CASE("FilterLogEvents filters by time, stream and pattern, page by page") {
  TestServer server;
  make_stream(server);
  server.ok("CreateLogStream", R"({"logGroupName":"g","logStreamName":"t"})");
  server.ok("PutLogEvents", put_body({{-5, "ERROR one"}, {-3, "ok two"}, {-1, "ERROR three"}}));
  server.ok("PutLogEvents", put_body({{-4, "ERROR four"}, {-2, "{\\\"code\\\":500}"}}, "t"));
  const auto filter = [&](const std::string& more) {
    return server.ok("FilterLogEvents", R"({"logGroupName":"g")" + more + "}");
  };
  CHECK(messages(filter(R"(,"filterPattern":"ERROR")")) == "ERROR one ERROR four ERROR three ");
  CHECK(messages(filter(R"(,"filterPattern":"{ $.code = 500 }")")) == "{\"code\":500} ");
  CHECK(messages(filter(R"(,"logStreamNames":["t"],"filterPattern":"ERROR")")) == "ERROR four ");
  CHECK(messages(filter(R"(,"logStreamNamePrefix":"s","filterPattern":"ok")")) == "ok two ");
  CHECK(messages(filter(fmt::format(R"(,"startTime":{},"endTime":{})", kNowMs - 4, kNowMs - 3))) ==
        "ERROR four ok two ");
  auto page = filter(R"(,"limit":2,"filterPattern":"ERROR")");
  CHECK(messages(page) == "ERROR one ERROR four ");
  CHECK(page["events"].list[0]["eventId"].text.size() == 56);
  const std::string token = page["nextToken"].text;
  page = filter(fmt::format(R"(,"limit":2,"filterPattern":"ERROR","nextToken":"{}")", token));
  CHECK(messages(page) == "ERROR three ");
  CHECK(page.find("nextToken") == nullptr);
  CHECK(server.error("FilterLogEvents",
                     fmt::format(R"({{"logGroupName":"g","nextToken":"{}"}})", token)) ==
        "InvalidParameterException: The specified nextToken is invalid.");
  CHECK(server.error("FilterLogEvents", R"({"logGroupName":"g","filterPattern":"{ $.a = "})")
            .starts_with("InvalidParameterException: Invalid filter pattern: "));
}

TEST_CASE("metric filters are put, described, tested and gone with their group") {
  TestServer server;
  make_stream(server);
  const auto put = [](std::string_view name, std::string_view more,
                      std::string_view pattern = "ERROR", std::string_view value = "1") {
    return fmt::format(
        R"({{"logGroupName":"g","filterName":"{}","filterPattern":"{}","metricTransformations":)"
        R"([{{"metricName":"m","metricNamespace":"N","metricValue":"{}"{}}}]}})",
        name, pattern, value, more);
  };
  server.ok("PutMetricFilter", put("b", R"(,"defaultValue":0)"));
  server.ok("PutMetricFilter", put("a", "", "{ $.took > 1 }", "$.took"));
  const auto all = server.ok("DescribeMetricFilters", kGroup);
  CHECK(names(all["metricFilters"], "filterName") == Names{"a", "b"});
  const test::JsonValue& b = all["metricFilters"].list[1];
  CHECK(b["metricTransformations"].list[0]["defaultValue"].number == 0);
  CHECK(b["creationTime"].number == kNowMs);
  CHECK(b.find("fieldSelectionCriteria") == nullptr);
  const auto first = server.ok("DescribeMetricFilters", R"({"limit":1})");
  CHECK(names(first["metricFilters"], "filterName") == Names{"a"});
  CHECK(names(server.ok("DescribeMetricFilters",
                        fmt::format(R"({{"limit":1,"nextToken":"{}"}})",
                                    first["nextToken"].text))["metricFilters"],
              "filterName") == Names{"b"});
  CHECK(server.ok("DescribeLogGroups", "{}")["logGroups"].list[0]["metricFilterCount"].number == 2);
  CHECK(server.error("PutMetricFilter",
                     put("c", R"(,"defaultValue":0,"dimensions":{"d":"$.x"})", "{ $.x = 1 }")) ==
        "InvalidParameterException: Invalid metric transformation: dimensions and default value "
        "are mutually exclusive properties.");
  CHECK(server.error("PutMetricFilter", put("c", "", "{ $.x = "))
            .starts_with("InvalidParameterException: Invalid filter pattern: "));
  CHECK(server.error("PutMetricFilter", put("c", "", "ERROR", "$.x"))
            .starts_with("InvalidParameterException: Invalid metric transformation: "));
  server.ok("DeleteMetricFilter", R"({"logGroupName":"g","filterName":"a"})");
  CHECK(server.error("DeleteMetricFilter", R"({"logGroupName":"g","filterName":"a"})") ==
        "ResourceNotFoundException: The specified metric filter does not exist.");
  const signal::Scope scope{"123456789012", "eu-west-1"};
  CHECK((*FilterStore::open(server.catalog))->filters_of(scope, "g")->size() == 1);
  server.ok("DeleteLogGroup", kGroup);
  CHECK(server.filters->filters_of(scope, "g") == nullptr);
  const auto tested = server.ok(
      "TestMetricFilter",
      R"({"filterPattern":"[ip, user, code=5*]","logEventMessages":["a b 500","a b 200"]})");
  REQUIRE(tested["matches"].list.size() == 1);
  CHECK(tested["matches"].list[0]["eventNumber"].number == 1);
  CHECK(tested["matches"].list[0]["extractedValues"]["$code"].text == "500");
}

TEST_CASE("fields of a group are told with their share") {
  TestServer server;
  make_stream(server);
  server.ok("PutLogEvents",
            put_body({{-5, "{\\\"a\\\":1}"}, {-4, "{\\\"a\\\":\\\"x\\\"}"}, {-3, "text"}}));
  const auto answer = server.ok("GetLogGroupFields", kGroup);
  std::map<std::string, double> shares;
  for (const test::JsonValue& field : answer["logGroupFields"].list)
    shares[field["name"].text] = field["percent"].number;
  CHECK(shares["a"] == 67);
  CHECK(shares["@message"] == 100);
  CHECK(shares["@timestamp"] == 100);
}

TEST_CASE("policies are asked for the group's ARN") {
  TestServer server;
  make_stream(server);
  server.add_key("AKIDPUT", "secret", "123456789012",
                 R"({"Statement":{"Effect":"Allow","Action":["logs:PutLogEvents",)"
                 R"("logs:DescribeLogStreams"],"Resource":)"
                 R"("arn:aws:logs:eu-west-1:123456789012:log-group:g:*"}})");
  server.credentials.access_key_id = "AKIDPUT";
  server.ok("PutLogEvents", put_body({{0, "a"}}));
  server.ok("DescribeLogStreams", kGroup);
  CHECK(server.error("CreateLogGroup", R"({"logGroupName":"h"})")
            .starts_with("AccessDeniedException"));
  CHECK(server.error("PutLogEvents", R"({"logGroupName":"h","logStreamName":"s","logEvents":[]})")
            .starts_with("AccessDeniedException"));
}

TEST_CASE("what is not there yet is refused by name") {
  TestServer server;
  CHECK(server.error("PutDestination", "{}").contains("PutDestination"));
  CHECK(server.error("NoSuchOperation", "{}").starts_with("UnknownOperationException"));
}

TEST_CASE("groups and streams survive a restart") {
  TestServer server;
  make_stream(server);
  server.ok("PutRetentionPolicy", R"({"logGroupName":"g","retentionInDays":3})");
  const signal::Scope scope{"123456789012", "eu-west-1"};
  const auto again = GroupStore::open(server.catalog, server.clock);
  REQUIRE(again);
  const auto before = server.groups->find(scope, "g");
  const auto after = (*again)->find(scope, "g");
  REQUIRE(after);
  CHECK(after->generation == before->generation);
  CHECK(after->retention_days == 3);
  CHECK((*again)->policy_of(scope, "g").keep_ns == 3 * 86'400 * env::kNsPerS);
  CHECK((*again)->find_stream(scope, "g", "s"));
}

}  // namespace kansoku::api::aws::logs
