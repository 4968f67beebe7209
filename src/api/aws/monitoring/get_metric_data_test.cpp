// GetMetricData end to end over memory: pages, limits, expressions, searches, Metrics Insights.
#include <doctest/doctest.h>

#include "api/aws/monitoring/test_bodies.h"
#include "api/aws/page_token.h"

namespace kansoku::api::aws::monitoring {
namespace {

using test::JsonValue;

TEST_CASE("get_metric_data_pages_by_max_datapoints_in_either_order") {
  TestServer server;
  std::string datums;
  for (int i = 0; i < 10; ++i) {
    datums += fmt::format(R"({}{{"MetricName":"{}","Value":{},"Timestamp":{}}})", i == 0 ? "" : ",",
                          i % 2 == 0 ? "m" : "n", i, kNowS - 60 * (i / 2));
  }
  server.call_json("PutMetricData", put_body(datums));
  std::string queries = query("a") + "," + query("b", "Sum", 60, "", "n");
  for (const char* order : {"TimestampDescending", "TimestampAscending"}) {
    std::vector<double> seen[2];
    std::string token;
    int pages = 0;
    do {
      std::string rest = fmt::format(R"(,"MaxDatapoints":3,"ScanBy":"{}")", order);
      if (!token.empty()) rest += fmt::format(R"(,"NextToken":"{}")", token);
      JsonValue page = server.call_json("GetMetricData", data_body(queries, rest));
      for (size_t i = 0; i < 2; ++i) {
        for (const auto& value : page["MetricDataResults"].list[i]["Values"].list) {
          seen[i].push_back(value.number);
        }
      }
      token = page["NextToken"].text;
      ++pages;
    } while (!token.empty() && pages < 10);
    CHECK(pages == 4);
    std::vector<double> expected{0, 2, 4, 6, 8};
    if (std::string(order) == "TimestampAscending") std::ranges::reverse(expected);
    CHECK(seen[0] == expected);
    CHECK(seen[1].size() == 5);
  }
}

TEST_CASE("a_token_of_another_request_is_refused") {
  TestServer server;
  server.call_json("PutMetricData", put_body(R"({"MetricName":"m","Value":1},{"MetricName":"m",)"
                                             R"("Value":1,"Timestamp":1795348700})"));
  JsonValue page =
      server.call_json("GetMetricData", data_body(query("a"), R"(,"MaxDatapoints":1)"));
  std::string token = page["NextToken"].text;
  REQUIRE_FALSE(token.empty());
  auto rest = fmt::format(R"(,"NextToken":"{}")", token);
  server.call_json("GetMetricData", data_body(query("a"), rest));
  auto other =
      server.call(TestServer::json("GetMetricData", data_body(query("a", "Average"), rest)));
  CHECK(other.status == 400);
  CHECK(other.headers.get("x-amzn-query-error") == "InvalidNextToken;Sender");
  PageTokens tokens("key"), stranger("other");
  std::string issued = tokens.issue("b", "p");
  CHECK(tokens.open("b", issued) == "p");
  CHECK_FALSE(tokens.open("c", issued).has_value());
  CHECK_FALSE(stranger.open("b", issued).has_value());
  CHECK_FALSE(tokens.open("b", "x").has_value());
}

TEST_CASE("get_metric_data_refuses_what_it_cannot_answer") {
  TestServer server;
  auto error = [&](std::string queries, std::string_view rest = "") {
    auto response = server.call(TestServer::json("GetMetricData", data_body(queries, rest)));
    std::string code(response.headers.get("x-amzn-query-error"));
    return response.status == 200 ? "served" : code.substr(0, code.find(';'));
  };
  CHECK(error(query("a")) == "served");
  CHECK(error(R"({"Id":"e","Expression":"m1*2"})") == "ValidationError");
  CHECK(error(R"({"Id":"e","Expression":"e+1"})") == "ValidationError");
  CHECK(error(query("a") + R"x(,{"Id":"e","Expression":"SUM(a)"})x") == "ValidationError");
  CHECK(error(query("a") + R"x(,{"Id":"e","Expression":"SELECT AVG(x) FRM y"})x") ==
        "ValidationError");
  CHECK(error(query("A")) == "ValidationError");
  CHECK(error(query("a") + "," + query("a")) == "ValidationError");
  CHECK(error(query("a", "Median")) == "InvalidParameterValue");
  CHECK(error(query("a", "Sum", 61)) == "InvalidParameterValue");
  CHECK(error(query("a", "Sum", 60, R"(,"ReturnData":false)")) == "ValidationError");
  CHECK(error(query("a", "Sum", 60, R"(,"AccountId":"999999999999")")) == "InvalidParameterValue");
  CHECK(error(query("a", "Sum", 60, R"(,"Label":"${X}")")) == "InvalidParameterValue");
  CHECK(error(query("a"), R"(,"MaxDatapoints":0)") == "ValidationError");
  CHECK(error("") == "MissingParameter");
  auto response = server.call(
      TestServer::json("GetMetricData", data_body(R"({"Id":"e","Expression":"1 + m1"})")));
  CHECK(response.body.find("Error in expression 'e'") != std::string::npos);
}

TEST_CASE("damage_on_disk_is_told_and_does_not_hide_the_rest") {
  TestServer server;
  server.call_json("PutMetricData", put_body(R"({"MetricName":"m","Value":1})"));
  server.backend.partial = true;
  JsonValue json = server.call_json("GetMetricData",
                                    data_body(query("a") + R"(,{"Id":"e","Expression":"a*2"})"));
  for (const JsonValue& result : json["MetricDataResults"].list) {
    CHECK(result["StatusCode"].text == "PartialData");
    CHECK(result["Values"].list.size() == 1);
    CHECK(result["Messages"].list[0]["Code"].text == "PartialData");
  }
  auto response = server.call(TestServer::json(
      "GetMetricStatistics", statistics_body(R"("Period":60,"Statistics":["Sum"])")));
  CHECK(response.status == 200);
  CHECK(response.headers.get("x-kansoku-partial") == "true");
}

TEST_CASE("get_metric_data_computes_expressions") {
  TestServer server;
  std::string datums;
  for (int minute = 1; minute <= 10; ++minute) {
    for (std::string_view metric : {"m", "n"}) {
      datums += fmt::format(R"({}{{"MetricName":"{}","Value":{},"Timestamp":{}}})",
                            datums.empty() ? "" : ",", metric, metric == "m" ? minute : 10,
                            kNowS - kNowS % 300 - minute * 60);
    }
  }
  server.call_json("PutMetricData", put_body(datums));
  auto ask = [&](const std::string& queries) {
    return server.call_json("GetMetricData",
                            data_body(queries, R"(,"ScanBy":"TimestampAscending")",
                                      kNowS - kNowS % 300 - 600, kNowS - kNowS % 300));
  };
  std::string hidden = R"(,"ReturnData":false)";
  std::string a = query("a", "Sum", 60, hidden, "m");
  std::string b = query("b", "Sum", 60, hidden, "n");
  JsonValue sum = ask(a + "," + b +
                      R"(,{"Id":"e","Expression":"d * 2","Label":"both"},)"
                      R"({"Id":"d","Expression":"a + b","ReturnData":false})");
  REQUIRE(sum["MetricDataResults"].list.size() == 1);
  const JsonValue& result = sum["MetricDataResults"].list[0];
  CHECK(result["Id"].text == "e");
  CHECK(result["Label"].text == "both");
  REQUIRE(result["Values"].list.size() == 10);
  CHECK(result["Values"].list[0].number == 40);
  CHECK(result["Values"].list[9].number == 22);

  // An array gives a result a series, all with the expression's id and each with its label.
  JsonValue array = ask(a + "," + b + R"x(,{"Id":"e","Expression":"METRICS() / 2"})x");
  REQUIRE(array["MetricDataResults"].list.size() == 2);
  CHECK(array["MetricDataResults"].list[1]["Id"].text == "e");
  CHECK(array["MetricDataResults"].list[1]["Label"].text == "n");
  CHECK(array["MetricDataResults"].list[1]["Values"].list[0].number == 5);

  // The coarsest period wins; the finer metric is folded by its own statistic.
  JsonValue mixed =
      ask(a + "," + query("c", "Sum", 300, hidden, "n") + R"(,{"Id":"e","Expression":"a + c"})");
  const auto& values = mixed["MetricDataResults"].list[0]["Values"].list;
  REQUIRE(values.size() == 2);
  CHECK(values[0].number == 10 + 9 + 8 + 7 + 6 + 50);
  CHECK(values[1].number == 5 + 4 + 3 + 2 + 1 + 50);

  // Without any metric the expression's own period holds.
  JsonValue flat = ask(R"x({"Id":"e","Expression":"TIME_SERIES(7)","Period":300})x");
  CHECK(flat["MetricDataResults"].list[0]["Values"].list.size() == 2);

  JsonValue division = ask(a + R"x(,{"Id":"e","Expression":"a * (1 / 0)"})x");
  CHECK(division["MetricDataResults"].list[0]["Values"].list.empty());
  CHECK(division["MetricDataResults"].list[0]["Messages"].list[0]["Code"].text ==
        "ArithmeticError");
}

// Orders of three hosts over ten minutes, and one metric without dimensions.
void put_orders(TestServer& server) {
  std::string datums;
  for (int host = 1; host <= 3; ++host) {
    for (int minute = 1; minute <= 10; ++minute) {
      datums +=
          fmt::format(R"({}{{"MetricName":"Orders","Value":{},"Timestamp":{},)"
                      R"("Dimensions":[{{"Name":"Host","Value":"h{}"}}]}})",
                      datums.empty() ? "" : ",", host * 100 + minute, kNowS - minute * 60, host);
    }
  }
  server.call_json("PutMetricData", put_body(datums, "Shop"));
}
std::string labels_of(const JsonValue& answer) {
  std::string out;
  for (const JsonValue& result : answer["MetricDataResults"].list) {
    out += fmt::format("{}:{}:{} ", result["Id"].text, result["Label"].text,
                       result["Values"].list.size());
  }
  return out;
}

TEST_CASE("get_metric_data_searches_metrics") {
  TestServer server;
  put_orders(server);
  auto ask = [&](std::string_view queries) {
    return server.call_json("GetMetricData", data_body(queries));
  };
  JsonValue found =
      ask(R"x({"Id":"s","Expression":"SEARCH('{Shop,Host} Orders', 'Maximum', 60)"},)x"
          R"x({"Id":"top","Expression":"SORT(s, MAX, DESC, 1)","Label":"busiest ${LABEL}"},)x"
          R"x({"Id":"sum","Expression":"SUM(s)","Label":"all"})x");
  CHECK(labels_of(found) == "s:h1:10 s:h2:10 s:h3:10 top:busiest h3:10 sum:all:10 ");
  CHECK(found["MetricDataResults"].list[4]["Values"].list[0].number == 101 + 201 + 301);
  CHECK(found["MetricDataResults"].list[0]["StatusCode"].text == "Complete");
  CHECK(found["Messages"].list.empty());

  auto error = [&](std::string_view expression) {
    auto response = server.call(TestServer::json(
        "GetMetricData",
        data_body(fmt::format(R"x({{"Id":"s","Expression":"{}"}})x", expression))));
    CHECK(response.status == 400);
    CHECK(response.headers.get("x-amzn-query-error").starts_with("ValidationError"));
    return test::parse_json(response.body)["message"].text;
  };
  CHECK(error("SEARCH('{Shop', 'Sum')") ==
        "Error in expression 's' at character 9: a } is missing");
  CHECK(error("SEARCH('x', 'Medium')").starts_with("Error in expression 's' at character 14: "));
  CHECK(error("SERVICE_QUOTA(s)").find("SERVICE_QUOTA is not served") != std::string::npos);
  CHECK(error("INSIGHT_RULE_METRIC('r', 'Sum')").find("not served") != std::string::npos);
}

TEST_CASE("get_metric_data_answers_metrics_insights") {
  TestServer server;
  put_orders(server);
  auto ask = [&](std::string_view queries, std::string_view rest = "") {
    return server.call_json("GetMetricData", data_body(queries, rest));
  };
  JsonValue top = ask(R"x({"Id":"q","Period":60,"Expression":)x"
                      R"x("SELECT AVG(Orders) FROM SCHEMA(Shop, Host) GROUP BY Host )x"
                      R"x(ORDER BY MAX() DESC LIMIT 2"},)x"
                      R"x({"Id":"e","Expression":"MAX(q)"})x");
  CHECK(labels_of(top) == "q:h3:10 q:h2:10 e:e:10 ");
  JsonValue one = ask(R"x({"Id":"q","Period":300,"Expression":"SELECT COUNT(Orders) FROM Shop"})x");
  CHECK(labels_of(one) == "q:q:2 ");
  CHECK(one["MetricDataResults"].list[0]["Values"].list[0].number == 15);
  JsonValue hidden = ask(
      R"x({"Id":"q","Period":60,"ReturnData":false,"Expression":"SELECT SUM(Orders) FROM Shop"},)x"
      R"x({"Id":"e","Expression":"q / 3","Label":"mean of ${MAX}"})x");
  CHECK(labels_of(hidden) == "e:mean of 210:10 ");
  auto response = server.call(TestServer::json(
      "GetMetricData", data_body(R"x({"Id":"q","Expression":"SELECT SUM(m) FROM AWS/EC2"})x")));
  CHECK(test::parse_json(response.body)["message"].text ==
        "Error in expression 'q' at character 23: unexpected \"/\"");
}

TEST_CASE("series_of_expressions_are_paged_like_metrics") {
  TestServer server;
  put_orders(server);
  std::string queries =
      R"x({"Id":"s","Expression":"SEARCH('{Shop,Host} Orders', 'Sum', 60)"},)x"
      R"x({"Id":"q","Period":60,"Expression":"SELECT SUM(Orders) FROM Shop GROUP BY Host"})x";
  std::map<std::string, std::vector<double>> seen;
  std::string token;
  int pages = 0;
  do {
    std::string rest = R"(,"MaxDatapoints":7)";
    if (!token.empty()) rest += fmt::format(R"(,"NextToken":"{}")", token);
    JsonValue page = server.call_json("GetMetricData", data_body(queries, rest));
    size_t points = 0;
    for (const JsonValue& result : page["MetricDataResults"].list) {
      auto& values = seen[result["Id"].text + result["Label"].text];
      for (const auto& value : result["Values"].list) values.push_back(value.number);
      points += result["Values"].list.size();
      CHECK(result["Values"].list.size() == result["Timestamps"].list.size());
    }
    CHECK(points <= 7);
    token = page["NextToken"].text;
    ++pages;
  } while (!token.empty() && pages < 20);
  CHECK(pages == 9);
  REQUIRE(seen.size() == 6);
  for (const auto& [key, values] : seen) {
    CAPTURE(key);
    REQUIRE(values.size() == 10);
    CHECK(values.front() < values.back());  // newest first: the value grows with the age
  }
}

TEST_CASE("times_of_labels_are_in_the_zone_of_the_label_options") {
  TestServer server;
  put_orders(server);
  auto label = [&](std::string_view zone) {
    JsonValue data = server.call_json(
        "GetMetricData",
        data_body(R"x({"Id":"s","Expression":"SEARCH('{Shop,Host} h1', 'Sum', 60)",)x"
                  R"x("Label":"${LAST_TIME} ${PROP('Dim.Host')}"})x",
                  fmt::format(R"(,"LabelOptions":{{"Timezone":"{}"}})", zone)));
    return data["MetricDataResults"].list[0]["Label"].text;
  };
  CHECK(label("+0000") == "2026-11-22 11:59:00 h1");
  CHECK(label("+0900") == "2026-11-22 20:59:00 h1");
  CHECK(label("-0330") == "2026-11-22 08:29:00 h1");
}

TEST_CASE("get_metric_data_has_the_limits_of_the_api") {
  TestServer server;
  std::string many;
  for (int i = 0; i < 501; ++i) many += (i == 0 ? "" : ",") + query(fmt::format("m{}", i));
  auto code = [&](const std::string& queries, std::string_view rest = "") {
    auto response = server.call(TestServer::json("GetMetricData", data_body(queries, rest)));
    std::string found(response.headers.get("x-amzn-query-error"));
    return response.status == 200 ? "served" : found.substr(0, found.find(';'));
  };
  CHECK(code(many) == "InvalidParameterValue");
  CHECK(code(many.substr(0, many.rfind(R"(,{"Id")"))) == "served");
  CHECK(code(query("a"), R"(,"MaxDatapoints":100800)") == "served");
  CHECK(code(query("a"), R"(,"MaxDatapoints":100801)") == "ValidationError");
  CHECK(code(fmt::format(R"({{"Id":"e","Expression":"1{}"}})", std::string(2'048, ' '))) ==
        "ValidationError");
}

}  // namespace
}  // namespace kansoku::api::aws::monitoring
