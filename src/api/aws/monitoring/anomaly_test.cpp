// Anomaly detectors and ANOMALY_DETECTION_BAND end to end over memory.
#include <doctest/doctest.h>

#include <cmath>

#include "api/aws/monitoring/test_server.h"

namespace kansoku::api::aws::monitoring {
namespace {

using test::JsonValue;

constexpr int64_t kNowS = 1'795'348'800;
constexpr int64_t kDayS = 86'400;

// A day's wave at five minutes over so many days until now, with a spike near the end.
void put_history(TestServer& server, int64_t days, std::string_view metric = "m",
                 std::string_view unit = "Count") {
  std::string datums;
  size_t count = 0;
  auto send = [&] {
    if (datums.empty()) return;
    server.call_json("PutMetricData",
                     fmt::format(R"({{"Namespace":"N","MetricData":[{}]}})", datums));
    datums.clear();
  };
  for (int64_t at = kNowS - days * kDayS; at < kNowS; at += 300) {
    double wave = std::sin(6.283185307179586 * static_cast<double>(at % kDayS) / kDayS);
    double value = 50 + 20 * wave + static_cast<double>(at / 300 * 7919 % 13) / 6;
    if (at == kNowS - 1'800) value = 99;
    datums += fmt::format(R"({}{{"MetricName":"{}","Timestamp":{},"Value":{},"Unit":"{}"}})",
                          datums.empty() ? "" : ",", metric, at, value, unit);
    if (++count % 1'000 == 0) send();
  }
  send();
}

std::string metric_query(std::string_view id, int period = 300, std::string_view metric = "m",
                         std::string_view more = "") {
  return fmt::format(R"({{"Id":"{}","MetricStat":{{"Metric":{{"Namespace":"N","MetricName":"{}"}},)"
                     R"("Period":{},"Stat":"Average"}}{}}})",
                     id, metric, period, more);
}
std::string expression(std::string_view id, std::string_view text, std::string_view more = "") {
  return fmt::format(R"({{"Id":"{}","Expression":"{}"{}}})", id, text, more);
}
JsonValue data(TestServer& server, std::string_view queries, int status = 200,
               int64_t seconds = 10'800) {
  return server.call_json(
      "GetMetricData",
      fmt::format(R"({{"StartTime":{},"EndTime":{},"ScanBy":"TimestampAscending",)"
                  R"("MetricDataQueries":[{}]}})",
                  kNowS - seconds, kNowS, queries),
      status);
}
std::string refusal(TestServer& server, std::string_view queries) {
  return data(server, queries, 400)["message"].text;
}

const std::string kSingle =
    R"("SingleMetricAnomalyDetector":{"Namespace":"N","MetricName":"m","Stat":"Average"})";
// m1 and its double.
const std::string kMath = R"("MetricMathAnomalyDetector":{"MetricDataQueries":[)" +
                          metric_query("m1", 300, "m", R"(,"ReturnData":false)") +
                          R"(,{"Id":"e1","Expression":"m1*2"}]})";

std::string put_code(TestServer& server, std::string body) {
  auto response = server.call(TestServer::json("PutAnomalyDetector", "{" + std::move(body) + "}"));
  if (response.status == 200) return "stored";
  auto error = std::string(response.headers.get("x-amzn-query-error"));
  return error.substr(0, error.find(';'));
}

TEST_CASE("a_band_has_two_series_of_one_id_the_upper_one_first") {
  TestServer server;
  put_history(server, 14);
  JsonValue found =
      data(server, metric_query("m1") + "," + expression("ad1", "ANOMALY_DETECTION_BAND(m1)"));
  const auto& results = found["MetricDataResults"].list;
  REQUIRE(results.size() == 3);
  CHECK(results[1]["Id"].text == "ad1");
  CHECK(results[2]["Id"].text == "ad1");
  CHECK(results[1]["Label"].text == "m High");
  CHECK(results[2]["Label"].text == "m Low");
  REQUIRE(results[1]["Values"].list.size() == 36);
  REQUIRE(results[2]["Values"].list.size() == 36);
  size_t outside = 0;
  for (size_t i = 0; i < 36; ++i) {
    double upper = results[1]["Values"].list[i].number;
    double lower = results[2]["Values"].list[i].number;
    double value = results[0]["Values"].list[i].number;
    CHECK(upper > lower);
    bool out = value > upper || value < lower;
    outside += out ? 1 : 0;
    if (i == 30) CHECK(out);
  }
  CHECK(outside <= 2);
}

TEST_CASE("a_wider_band_is_wider_and_its_limits_are_used_in_math") {
  TestServer server;
  put_history(server, 14);
  JsonValue found =
      data(server, metric_query("m1", 300, "m", R"(,"ReturnData":false)") + "," +
                       expression("wide", "ANOMALY_DETECTION_BAND(m1, 4)", R"(,"Label":"normal")") +
                       "," + expression("high", "FIRST(ANOMALY_DETECTION_BAND(m1))") + "," +
                       expression("low", "LAST(ANOMALY_DETECTION_BAND(m1))") + "," +
                       expression("out", "IF(m1 > FIRST(ANOMALY_DETECTION_BAND(m1)), 1, 0)") + "," +
                       expression("ofmath", "ANOMALY_DETECTION_BAND(twice)") + "," +
                       expression("twice", "m1 * 2", R"(,"ReturnData":false)") + "," +
                       expression("inline", "ANOMALY_DETECTION_BAND(m1 * 2)"));
  const auto& results = found["MetricDataResults"].list;
  REQUIRE(results.size() == 9);
  double wide = results[0]["Values"].list[3].number - results[1]["Values"].list[3].number;
  double high = results[2]["Values"].list[3].number;
  double low = results[3]["Values"].list[3].number;
  CHECK(results[0]["Label"].text == "normal m High");
  CHECK(results[1]["Label"].text == "normal m Low");
  CHECK(wide == doctest::Approx(2 * (high - low)));
  double outliers = 0;
  for (const JsonValue& one : results[4]["Values"].list) outliers += one.number;
  CHECK(outliers >= 1);
  CHECK(results[5]["Values"].list[3].number == doctest::Approx(2 * high));
  CHECK(results[7]["Values"].list[3].number == doctest::Approx(2 * high));
}

TEST_CASE("what_a_band_cannot_be_about_is_refused") {
  TestServer server;
  put_history(server, 1);
  std::string m1 = metric_query("m1") + ",";
  CHECK(
      refusal(server, m1 + expression("e", "ANOMALY_DETECTION_BAND(5)")).find("one time series") !=
      std::string::npos);
  CHECK(refusal(server, m1 + expression("e", "ANOMALY_DETECTION_BAND([m1])"))
            .find("one time series") != std::string::npos);
  CHECK(refusal(server, m1 + expression("e", "ANOMALY_DETECTION_BAND(m1, 0)")).find("above 0") !=
        std::string::npos);
  CHECK(refusal(server, m1 + expression("e", "ANOMALY_DETECTION_BAND(m1, m1)")).find("above 0") !=
        std::string::npos);
  CHECK(refusal(server,
                m1 + expression("e", "[ANOMALY_DETECTION_BAND(m1), ANOMALY_DETECTION_BAND(m1, 3)]"))
            .find("once") != std::string::npos);
  CHECK(refusal(server, m1 + expression("e", "ANOMALY_DETECTION_BAND(SUM(METRICS()))"))
            .find("METRICS") != std::string::npos);
  // Nested by way of another expression.
  CHECK(refusal(server, m1 + expression("b", "FIRST(ANOMALY_DETECTION_BAND(m1))") + "," +
                            expression("e", "ANOMALY_DETECTION_BAND(b)"))
            .find("another one") != std::string::npos);
  CHECK(refusal(server, m1 + metric_query("m2", 3'600) + "," +
                            expression("e", "ANOMALY_DETECTION_BAND(m1 + m2)"))
            .find("different periods") != std::string::npos);
}

TEST_CASE("too_little_history_answers_an_empty_band") {
  TestServer server;
  put_history(server, 1);
  JsonValue found = data(
      server, expression("ad1", "ANOMALY_DETECTION_BAND(m1)") + "," + metric_query("m1", 3'600));
  CHECK(found["MetricDataResults"].list[0]["Values"].list.empty());
  CHECK(found["MetricDataResults"].list[1]["Values"].list.empty());
  CHECK(found["MetricDataResults"].list[2]["Values"].list.size() == 3);
  // Of seconds no more than three hours are held.
  found =
      data(server, expression("ad1", "ANOMALY_DETECTION_BAND(m1)") + "," + metric_query("m1", 10),
           200, 3'600);
  CHECK(found["MetricDataResults"].list[0]["Values"].list.empty());
}

TEST_CASE("a_percentage_stays_within_0_and_100") {
  TestServer server;
  put_history(server, 14, "p", "Percent");
  JsonValue found = data(server, expression("ad1", "ANOMALY_DETECTION_BAND(m1, 100)") + "," +
                                     metric_query("m1", 300, "p"));
  for (const JsonValue& one : found["MetricDataResults"].list[0]["Values"].list) {
    CHECK(one.number == 100);
  }
  for (const JsonValue& one : found["MetricDataResults"].list[1]["Values"].list) {
    CHECK(one.number == 0);
  }
}

TEST_CASE("a_detector_says_what_its_band_learns_from") {
  TestServer server;
  put_history(server, 4);
  std::string queries = metric_query("m1") + "," + expression("ad1", "ANOMALY_DETECTION_BAND(m1)") +
                        "," + expression("ad2", "ANOMALY_DETECTION_BAND(e1)") + "," +
                        expression("e1", "m1*2", R"(,"ReturnData":false)");
  auto points = [&](size_t result) {
    return data(server, queries)["MetricDataResults"].list[result]["Values"].list.size();
  };
  CHECK(points(1) == 36);
  // Nearly everything is excluded.
  std::string excluded =
      fmt::format(R"(,"Configuration":{{"ExcludedTimeRanges":[{{"StartTime":{},"EndTime":{}}}],)"
                  R"("MetricTimezone":"Asia/Tokyo"}})",
                  kNowS - 5 * kDayS, kNowS - kDayS / 2);
  CHECK(put_code(server, kSingle + excluded) == "stored");
  CHECK(points(1) == 0);
  CHECK(points(3) == 36);
  CHECK(put_code(server, kMath + excluded) == "stored");
  CHECK(points(3) == 0);
  // The same metric is the same detector: without a configuration all is learnt again.
  CHECK(put_code(server, kSingle) == "stored");
  CHECK(points(1) == 36);
}

TEST_CASE("detectors_are_described_with_the_state_that_training_would_find") {
  TestServer server;
  server.call_json("PutAnomalyDetector", "{" + kSingle + "}");
  auto state = [&] {
    JsonValue found = server.call_json("DescribeAnomalyDetectors", "{}");
    REQUIRE(found["AnomalyDetectors"].list.size() == 1);
    return found["AnomalyDetectors"].list[0]["StateValue"].text;
  };
  CHECK(state() == "PENDING_TRAINING");
  server.call_json("PutMetricData",
                   R"({"Namespace":"N","MetricData":[{"MetricName":"m","Value":1}]})");
  CHECK(state() == "TRAINED_INSUFFICIENT_DATA");
  put_history(server, 2);
  CHECK(state() == "TRAINED");
  JsonValue found = server.call_json("DescribeAnomalyDetectors",
                                     R"({"AnomalyDetectorTypes":["SINGLE_METRIC","METRIC_MATH"]})");
  const JsonValue& one = found["AnomalyDetectors"].list[0];
  CHECK(one["Namespace"].text == "N");
  CHECK(one["SingleMetricAnomalyDetector"]["Stat"].text == "Average");
  CHECK_FALSE(one["AnomalyDetectorId"].text.empty());
  CHECK(found.find("NextToken") == nullptr);
}

TEST_CASE("detectors_are_listed_by_page_and_filter_within_the_tenant") {
  TestServer server;
  for (std::string_view metric : {"a", "b", "c"}) {
    server.call_json(
        "PutAnomalyDetector",
        fmt::format(R"({{"Namespace":"N","MetricName":"{}","Stat":"p90","Dimensions":[)"
                    R"({{"Name":"Host","Value":"{}"}}]}})",
                    metric, metric));
  }
  server.call_json("PutAnomalyDetector", "{" + kMath + "}");
  auto describe = [&](std::string body) {
    return server.call_json("DescribeAnomalyDetectors", "{" + body + "}");
  };
  JsonValue first = describe(R"("MaxResults":2)");
  REQUIRE(first["AnomalyDetectors"].list.size() == 2);
  std::string token = first["NextToken"].text;
  JsonValue second = describe(fmt::format(R"("MaxResults":2,"NextToken":"{}")", token));
  REQUIRE(second["AnomalyDetectors"].list.size() == 1);
  CHECK(second["AnomalyDetectors"].list[0]["MetricName"].text == "c");
  CHECK(second.find("NextToken") == nullptr);
  auto foreign = server.call(TestServer::json(
      "DescribeAnomalyDetectors", fmt::format(R"({{"Namespace":"N","NextToken":"{}"}})", token)));
  CHECK(foreign.status == 400);
  CHECK(describe(R"("MetricName":"b")")["AnomalyDetectors"].list.size() == 1);
  CHECK(describe(R"("Namespace":"other")")["AnomalyDetectors"].list.empty());
  CHECK(describe(R"("Dimensions":[{"Name":"Host","Value":"c"}])")["AnomalyDetectors"].list.size() ==
        1);
  JsonValue math = describe(R"("AnomalyDetectorTypes":["METRIC_MATH"])");
  REQUIRE(math["AnomalyDetectors"].list.size() == 1);
  const JsonValue& one = math["AnomalyDetectors"].list[0];
  CHECK(one["MetricMathAnomalyDetector"]["MetricDataQueries"].list.size() == 2);
  std::string id = one["AnomalyDetectorId"].text;
  CHECK(
      describe(fmt::format(R"("AnomalyDetectorIds":["{}"])", id))["AnomalyDetectors"].list.size() ==
      1);
  auto status = [&](std::string body) {
    return server.call(TestServer::json("DescribeAnomalyDetectors", "{" + body + "}")).status;
  };
  CHECK(status(R"("MaxResults":101)") == 400);
  CHECK(status(fmt::format(R"("AnomalyDetectorIds":["{}"],"Namespace":"N")", id)) == 400);
  // Another account and another region have none.
  server.region = "us-east-1";
  CHECK(describe("")["AnomalyDetectors"].list.empty());
}

TEST_CASE("detectors_are_deleted_by_subject_or_id") {
  TestServer server;
  auto remove = [&](std::string body) {
    return server.call(TestServer::json("DeleteAnomalyDetector", "{" + body + "}"));
  };
  CHECK(remove(kSingle).status == 404);
  CHECK(remove(kSingle).headers.get("x-amzn-query-error") == "ResourceNotFoundException;Sender");
  JsonValue put = server.call_json("PutAnomalyDetector", "{" + kSingle + "}");
  // The old members name the same detector.
  CHECK(remove(R"("Namespace":"N","MetricName":"m","Stat":"Average")").status == 200);
  server.call_json("PutAnomalyDetector", "{" + kSingle + "}");
  std::string id = fmt::format(R"("AnomalyDetectorId":"{}")", put["AnomalyDetectorId"].text);
  CHECK(remove(id + "," + kSingle).status == 400);
  CHECK(remove(id).status == 200);
  CHECK(remove(id).status == 404);
  CHECK(remove("").status == 400);
}

TEST_CASE("definitions_of_detectors_are_checked") {
  TestServer server;
  CHECK(put_code(server, "") == "MissingParameter");
  CHECK(put_code(server, R"("Namespace":"N","MetricName":"m")") == "MissingParameter");
  CHECK(put_code(server, R"("Namespace":"N","MetricName":"m","Stat":"Median")") ==
        "InvalidParameterValue");
  CHECK(put_code(server, R"("Namespace":"N",)" + kSingle) == "InvalidParameterCombination");
  CHECK(put_code(server, kSingle + "," + kMath) == "InvalidParameterCombination");
  CHECK(put_code(server, kSingle + R"(,"Configuration":{"MetricTimezone":"Mars/Olympus"})") ==
        "InvalidParameterValue");
  CHECK(put_code(server, kSingle + R"(,"Configuration":{"MetricTimezone":"UTC"})") == "stored");
  CHECK(put_code(
            server,
            kSingle + R"(,"Configuration":{"ExcludedTimeRanges":[{"StartTime":2,"EndTime":1}]})") ==
        "InvalidParameterValue");
  std::string ranges;
  for (int i = 0; i < 11; ++i) {
    ranges += fmt::format(R"({}{{"StartTime":1,"EndTime":2}})", i == 0 ? "" : ",");
  }
  CHECK(put_code(server, kSingle + R"(,"Configuration":{"ExcludedTimeRanges":[)" + ranges + "]}") ==
        "InvalidParameterValue");
  auto math = [&](std::string queries) {
    return put_code(server,
                    R"("MetricMathAnomalyDetector":{"MetricDataQueries":[)" + queries + "]}");
  };
  CHECK(math("") == "MissingParameter");
  CHECK(math(metric_query("m1")) == "stored");
  CHECK(math(metric_query("m1", 10)) == "InvalidParameterValue");
  CHECK(math(metric_query("m1") + "," + metric_query("m2")) == "ValidationError");
  std::string hidden = metric_query("m1", 300, "m", R"(,"ReturnData":false)");
  CHECK(math(hidden + "," + expression("e1", "m1 * ")) == "ValidationError");
  CHECK(math(hidden + "," + expression("e1", "unknown * 2")) == "ValidationError");
  CHECK(math(hidden + "," + expression("e1", "ANOMALY_DETECTION_BAND(m1)")) == "ValidationError");
  CHECK(math(hidden + "," + expression("e1", "SUM(METRICS())")) == "ValidationError");
  CHECK(math(hidden + "," + expression("m1", "m1")) == "ValidationError");
  CHECK(math(hidden + "," + metric_query("m2", 60, "m", R"(,"ReturnData":false)") + "," +
             expression("e1", "m1 + m2")) == "ValidationError");
  std::string many = expression("e0", "m1");
  for (int i = 1; i < 11; ++i) {
    many += "," + expression(fmt::format("e{}", i), "m1", R"(,"ReturnData":false)");
  }
  CHECK(math(many) == "InvalidParameterValue");
}

TEST_CASE("detectors_speak_query_and_cbor_too") {
  TestServer server;
  auto form = server.call(TestServer::form(
      "Action=PutAnomalyDetector&Version=2010-08-01&SingleMetricAnomalyDetector.Namespace=N&"
      "SingleMetricAnomalyDetector.MetricName=m&SingleMetricAnomalyDetector.Stat=Average&"
      "Configuration.MetricTimezone=Asia%2FTokyo"));
  CHECK(form.status == 200);
  auto root = test::parse_xml(
      server.call(TestServer::form("Action=DescribeAnomalyDetectors&Version=2010-08-01")).body);
  const auto* list = root.child("DescribeAnomalyDetectorsResult")->child("AnomalyDetectors");
  REQUIRE(list != nullptr);
  const auto* member = list->child("member");
  REQUIRE(member != nullptr);
  CHECK(member->child("StateValue")->text == "PENDING_TRAINING");
  CHECK(member->child("Configuration")->child("MetricTimezone")->text == "Asia/Tokyo");
  auto cbor = server.call(TestServer::cbor("DescribeAnomalyDetectors", "\xa0"));
  CHECK(cbor.status == 200);
  CHECK(cbor.body.find("PENDING_TRAINING") != std::string::npos);
}

}  // namespace
}  // namespace kansoku::api::aws::monitoring
