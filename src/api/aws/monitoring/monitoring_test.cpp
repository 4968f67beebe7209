// The four operations end to end over memory: recorded messages, units, labels, pages, rounding.
#include <doctest/doctest.h>

#include "api/aws/monitoring/page_token.h"
#include "api/aws/monitoring/test_server.h"
#include "query/exec/resolution.h"
#include "query/metric_data/label.h"
#include "wire/aws/monitoring/shapes.h"

namespace kansoku::api::aws::monitoring {
namespace {

using query::is_period;
using query::period_available;
using query::round_start_ms;
using query::metric_data::check_label;
using query::metric_data::default_labels;
using query::metric_data::expand_label;
using query::metric_data::LabelSubject;
using query::metric_data::parse_utc_offset;
using test::JsonValue;

constexpr int64_t kNowS = 1'795'348'800;

std::string put_body(std::string_view datums, std::string_view space = "N") {
  return fmt::format(R"({{"Namespace":"{}","MetricData":[{}]}})", space, datums);
}
std::string put_error(TestServer& server, std::string_view datums, std::string_view space = "N") {
  auto response = server.call(TestServer::json("PutMetricData", put_body(datums, space)));
  if (response.status == 200) return "stored";
  return fmt::format("{}: {}", response.headers.get("x-amzn-query-error"),
                     test::parse_json(response.body)["message"].text);
}
std::string statistics_body(std::string_view rest, int64_t from_s = kNowS - 3'600,
                            int64_t to_s = kNowS + 60) {
  return fmt::format(R"({{"Namespace":"N","MetricName":"m","StartTime":{},"EndTime":{},{}}})",
                     from_s, to_s, rest);
}
std::string data_body(std::string_view queries, std::string_view rest = "",
                      int64_t from_s = kNowS - 3'600, int64_t to_s = kNowS + 60) {
  return fmt::format(R"({{"StartTime":{},"EndTime":{},"MetricDataQueries":[{}]{}}})", from_s, to_s,
                     queries, rest);
}
std::string query(std::string_view id, std::string_view stat = "Sum", int period = 60,
                  std::string_view extra = "", std::string_view metric = "m") {
  return fmt::format(R"({{"Id":"{}","MetricStat":{{"Metric":{{"Namespace":"N","MetricName":"{}"}},)"
                     R"("Period":{},"Stat":"{}"}}{}}})",
                     id, metric, period, stat, extra);
}

TEST_CASE("recorded_messages_of_put_metric_data") {
  TestServer server;
  CHECK(put_error(server, R"({"MetricName":"m","Value":1,"Values":[1]})") ==
        "InvalidParameterCombination;Sender: The parameters MetricData.member.1.Value and "
        "MetricData.member.1.Values are mutually exclusive and you have specified both.");
  CHECK(put_error(server, R"({"MetricName":"m","Values":[1],"Counts":[1,2]})") ==
        "InvalidParameterValue;Sender: The parameters MetricData.member.1.Values and "
        "MetricData.member.1.Counts must be of the same size.");
  CHECK(put_error(server, R"({"MetricName":"m","Value":1,"StatisticValues":{"SampleCount":1,)"
                          R"("Sum":1,"Minimum":1,"Maximum":1}})") ==
        "InvalidParameterCombination;Sender: The parameters MetricData.member.1.Value and "
        "MetricData.member.1.StatisticValues are mutually exclusive and you have specified both.");
}

TEST_CASE("datums_are_checked") {
  TestServer server;
  auto code = [&](std::string_view datums, std::string_view space = "N") {
    std::string error = put_error(server, datums, space);
    return error.substr(0, error.find(';'));
  };
  const std::string dimension = R"({"MetricName":"m","Value":1,"Dimensions":[%]})";
  auto with = [&](std::string d) {
    return std::string(dimension).replace(dimension.find('%'), 1, d);
  };
  CHECK(code(R"({"MetricName":"m","Value":1})") == "stored");
  CHECK(code("") == "MissingParameter");
  CHECK(code(R"({"Value":1})") == "MissingParameter");
  CHECK(code(R"({"MetricName":"m"})") == "MissingParameter");
  CHECK(code(R"({"MetricName":"m","Value":1})", ":n") == "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","Value":1})", std::string(256, 'n')) == "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","Value":1})", "") == "MissingParameter");
  CHECK(code(R"({"MetricName":"m","Value":"NaN"})") == "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","Value":1e200})") == "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","Value":1,"Unit":"Apples"})") == "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","Value":1,"StorageResolution":5})") == "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","Value":1,"Timestamp":1790000000})") == "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","Value":1,"Timestamp":1795360000})") == "InvalidParameterValue");
  CHECK(code(with(R"({"Name":"d","Value":""})")) == "MissingParameter");
  CHECK(code(with(R"({"Name":":d","Value":"v"})")) == "InvalidParameterValue");
  CHECK(code(with(R"({"Name":"d","Value":" "})")) == "InvalidParameterValue");
  CHECK(code(with(R"({"Name":"__name__","Value":"x"})")) == "InvalidParameterValue");
  CHECK(code(with(R"({"Name":"d","Value":"1"},{"Name":"d","Value":"2"})")) ==
        "InvalidParameterValue");
  CHECK(code(R"({"MetricName":"m","StatisticValues":{"SampleCount":1,"Sum":1}})") ==
        "MissingParameter");
  std::string many;
  for (int i = 0; i < 1'001; ++i)
    many += std::string(i == 0 ? "" : ",") + R"({"MetricName":"m","Value":1})";
  CHECK(code(many) == "InvalidParameterValue");
}

TEST_CASE("namespaces_of_aws_need_to_be_allowed_by_name") {
  TestServer server;
  server.add_key("AKIDAGENT", "secret", "123456789012", "agent");
  server.add_key("AKIDPLAIN", "secret", "123456789012",
                 R"({"Statement":{"Effect":"Allow","Action":"cloudwatch:*","Resource":"*"}})");
  auto result = [&](std::string key, std::string_view space) {
    server.credentials.access_key_id = key;
    return put_error(server, R"({"MetricName":"m","Value":1})", space).substr(0, 21);
  };
  CHECK(result("AKIDEXAMPLE", "AWS/EC2") == "stored");
  CHECK(result("AKIDAGENT", "AWS/EC2") == "stored");
  CHECK(result("AKIDAGENT", "AWS/SQS") == "InvalidParameterValue");
  CHECK(result("AKIDPLAIN", "AWS/EC2") == "InvalidParameterValue");
  CHECK(result("AKIDPLAIN", "CWAgent") == "stored");
}

TEST_CASE("a_put_is_answered_when_the_backend_says_so") {
  TestServer server;
  server.backend.hold = true;
  net::HttpRequest request =
      TestServer::json("PutMetricData", put_body(R"({"MetricName":"m","Value":1})"));
  server.sign(request);
  int answers = 0;
  server.dispatcher->handle(request, [&](net::HttpResponse response) {
    ++answers;
    CHECK(response.status == 200);
    CHECK(response.body == "{}");
  });
  server.executor.run_until_idle();
  CHECK(answers == 0);
  REQUIRE(server.backend.held.size() == 1);
  server.backend.held[0]();
  CHECK(answers == 1);
  server.backend.hold = false;
  server.backend.put_status = unavailable("disk full");
  CHECK(server.call(request).status == 503);
  server.backend.put_status = resource_exhausted("slow down");
  CHECK(put_error(server, R"({"MetricName":"m","Value":1})").starts_with("Throttling;Sender"));
}

TEST_CASE("statistics_are_answered_in_all_protocols") {
  TestServer server;
  server.call_json("PutMetricData", put_body(R"({"MetricName":"m","Unit":"Count","Values":[1,10],)"
                                             R"("Counts":[2,4]})"));
  std::string body = statistics_body(R"("Period":60,"Statistics":["Sum","Maximum","SampleCount"])");
  JsonValue json = server.call_json("GetMetricStatistics", body);
  CHECK(json["Label"].text == "m");
  REQUIRE(json["Datapoints"].list.size() == 1);
  const JsonValue& point = json["Datapoints"].list[0];
  CHECK(point["Sum"].number == 42);
  CHECK(point["SampleCount"].number == 6);
  CHECK(point["Maximum"].number == 10);
  CHECK(point["Unit"].text == "Count");
  CHECK(point["Timestamp"].number == kNowS);
  CHECK(point.find("Average") == nullptr);

  kansoku::aws::monitoring::GetMetricStatisticsInput input;
  const auto* row = kansoku::aws::find_operation(kansoku::aws::monitoring::operation_shapes(),
                                                 "GetMetricStatistics");
  REQUIRE(kansoku::aws::decode_json(body, *row->input, &input).has_value());
  auto cbor = server.call(
      TestServer::cbor("GetMetricStatistics", kansoku::aws::encode_cbor(row->input, &input)));
  kansoku::aws::monitoring::GetMetricStatisticsOutput output;
  REQUIRE(kansoku::aws::decode_cbor(cbor.body, *row->output, &output).has_value());
  CHECK(*output.datapoints->at(0).sum == 42);
  auto form = server.call(TestServer::form(
      "Action=GetMetricStatistics&Version=2010-08-01&Namespace=N&MetricName=m&Period=60&"
      "Statistics.member.1=Sum&StartTime=2026-11-22T11%3A00%3A00Z&EndTime=2026-11-22T12%3A01%"
      "3A00Z"));
  auto root = test::parse_xml(form.body);
  const auto* points = root.child("GetMetricStatisticsResult")->child("Datapoints");
  REQUIRE(points->children.size() == 1);
  CHECK(points->children[0].child("Sum")->text == "42");
  CHECK(points->children[0].child("Timestamp")->text == "2026-11-22T12:00:00Z");
}

TEST_CASE("recorded_errors_of_get_metric_statistics") {
  TestServer server;
  auto error = [&](std::string body) {
    auto response = server.call(TestServer::json("GetMetricStatistics", std::move(body)));
    return fmt::format("{}: {}", response.headers.get("x-amzn-query-error"),
                       test::parse_json(response.body)["message"].text);
  };
  CHECK(error(statistics_body(R"("Period":1,"Statistics":["Sum"])", kNowS - 86'400, kNowS)) ==
        "InvalidParameterCombination;Sender: You have requested up to 86400 datapoints, which "
        "exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, "
        "or decreasing the time range.");
  CHECK(error(statistics_body(R"("Period":60,"Statistics":["Sum"])", kNowS, kNowS)) ==
        "InvalidParameterValue;Sender: The parameter StartTime must be less than the parameter "
        "EndTime.");
  CHECK(error(statistics_body(R"("Statistics":["Sum"])")) ==
        "MissingParameter;Sender: The parameter Period is required.");
  CHECK(error(statistics_body(R"("Period":61,"Statistics":["Sum"])"))
            .starts_with("InvalidParameterValue"));
  CHECK(error(statistics_body(R"("Period":60)")).starts_with("MissingParameter"));
  CHECK(error(statistics_body(R"("Period":60,"ExtendedStatistics":["p101"])"))
            .starts_with("InvalidParameterValue"));
  CHECK(
      error(statistics_body(R"("Period":60,"Statistics":["p99"])")).starts_with("ValidationError"));
}

TEST_CASE("units_are_kept_apart") {
  TestServer server;
  server.call_json("PutMetricData",
                   put_body(R"({"MetricName":"m","Value":60000,"Unit":"Milliseconds"},)"
                            R"({"MetricName":"m","Value":60,"Unit":"Seconds"})"));
  JsonValue data = server.call_json("GetMetricData", data_body(query("m1")));
  const JsonValue& result = data["MetricDataResults"].list[0];
  CHECK(result["Values"].list[0].number == 60'000);
  CHECK(result["Messages"].list[0]["Code"].text == "MultipleUnits");
  CHECK(result["Messages"].list[0]["Value"].text ==
        "Multiple units returned: '[Milliseconds, Seconds]'");
  CHECK(data["Messages"].list.empty());
  JsonValue both = server.call_json("GetMetricStatistics",
                                    statistics_body(R"("Period":60,"Statistics":["Average"])"));
  CHECK(both["Datapoints"].list.size() == 2);
  JsonValue one =
      server.call_json("GetMetricStatistics",
                       statistics_body(R"("Period":60,"Statistics":["Average"],"Unit":"Seconds")"));
  REQUIRE(one["Datapoints"].list.size() == 1);
  CHECK(one["Datapoints"].list[0]["Average"].number == 60);
}

TEST_CASE("default_labels_carry_what_tells_queries_apart") {
  auto labels = [](std::vector<std::pair<std::string, int64_t>> queries) {
    std::vector<LabelSubject> subjects;
    for (auto& [stat, period] : queries) subjects.push_back({"N", "metric1", {}, stat, period, {}});
    return default_labels(subjects);
  };
  using List = std::vector<std::string>;
  CHECK(labels({{"Sum", 60}, {"Minimum", 30}}) == List{"metric1 Sum 60", "metric1 Minimum 30"});
  CHECK(labels({{"Sum", 60}, {"Minimum", 60}}) == List{"metric1 Sum", "metric1 Minimum"});
  CHECK(labels({{"Sum", 60}, {"Sum", 30}}) == List{"metric1 60", "metric1 30"});
  CHECK(labels({{"Sum", 60}, {"Sum", 60}}) == List{"metric1", "metric1"});
  std::vector<LabelSubject> two{{"N", "m", {{"d", "x"}}, "Sum", 60, {}},
                                {"N", "m", {{"d", "y"}}, "Sum", 60, {}}};
  CHECK(default_labels(two) == List{"m x", "m y"});
}

TEST_CASE("dynamic_labels_speak_of_the_series") {
  std::vector<int64_t> times{(kNowS - 120) * 1000, (kNowS - 60) * 1000};
  std::vector<double> values{4, 2.5};
  LabelSubject subject{"N", "m", {{"InstanceId", "i-1"}}, "Sum", 60, {}};
  auto text = [&](std::string_view label) {
    REQUIRE(check_label(label).has_value());
    return expand_label(label, "m", subject, {times, values},
                        {"eu-west-1", "123456789012", kNowS * 1000, 540});
  };
  CHECK(text("${AVG} ${SUM} ${MIN} ${MAX} ${LAST}") == "3.25 6.5 2.5 4 2.5");
  CHECK(text("${FIRST} ${DATAPOINT_COUNT} ${LABEL}") == "4 2 m");
  CHECK(text("${FIRST_LAST_RANGE} | ${MIN_MAX_RANGE}") == "4 - 2.5 | 2.5 - 4");
  CHECK(text("${LAST_TIME}") == "2026-11-22 20:59:00");
  CHECK(text("${MAX_TIME_RELATIVE}") == "2m");
  CHECK(text("${FIRST_LAST_TIME_RANGE}") == "2026-11-22 20:58:00 - 2026-11-22 20:59:00");
  CHECK(text("${PROP('Dim.InstanceId')} ${PROP('Stat')} ${PROP('Period')} ${PROP('Region')}") ==
        "i-1 Sum 60 eu-west-1");
  CHECK_FALSE(check_label("${NOPE}").has_value());
  CHECK_FALSE(check_label("${LABEL}${LABEL}").has_value());
  CHECK_FALSE(check_label("${AVG}${AVG}${AVG}${AVG}${AVG}${AVG}").has_value());
  CHECK(parse_utc_offset("+0900") == 540);
  CHECK(parse_utc_offset("-0130") == -90);
  CHECK_FALSE(parse_utc_offset("0900").has_value());
}

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

TEST_CASE("metrics_are_listed_by_page_within_the_tenant") {
  TestServer server;
  for (int batch = 0; batch < 2; ++batch) {
    std::string datums;
    for (int i = 0; i < 300; ++i) {
      datums += fmt::format(
          R"({}{{"MetricName":"m{:03}","Value":1,"Dimensions":[{{"Name":"d","Value":"v{}"}}]}})",
          i == 0 ? "" : ",", batch * 300 + i, i % 2);
    }
    server.call_json("PutMetricData", put_body(datums));
  }
  JsonValue first = server.call_json("ListMetrics", R"({"Namespace":"N"})");
  CHECK(first["Metrics"].list.size() == 500);
  JsonValue second = server.call_json(
      "ListMetrics",
      fmt::format(R"({{"Namespace":"N","NextToken":"{}"}})", first["NextToken"].text));
  CHECK(second["Metrics"].list.size() == 100);
  CHECK(second["Metrics"].list[99]["MetricName"].text == "m599");
  CHECK(second.find("NextToken") == nullptr);
  JsonValue filtered = server.call_json(
      "ListMetrics", R"({"MetricName":"m001","Dimensions":[{"Name":"d","Value":"v1"}]})");
  CHECK(filtered["Metrics"].list.size() == 1);
  CHECK(
      server.call_json("ListMetrics", R"({"Dimensions":[{"Name":"x"}]})")["Metrics"].list.empty());
  CHECK(server.call_json("ListMetrics", R"({"OwningAccount":"999999999999"})")["Metrics"]
            .list.empty());
  // Another account and another region see nothing.
  server.region = "us-east-1";
  CHECK(server.call_json("ListMetrics", "{}")["Metrics"].list.empty());
  server.region = "eu-west-1";
  server.add_key("AKIDTWO", "secret", "210987654321", "administrator");
  server.credentials.access_key_id = "AKIDTWO";
  CHECK(server.call_json("ListMetrics", "{}")["Metrics"].list.empty());
  auto stolen = server.call(TestServer::json(
      "ListMetrics",
      fmt::format(R"({{"Namespace":"N","NextToken":"{}"}})", first["NextToken"].text)));
  CHECK(stolen.status == 400);
}

TEST_CASE("periods_are_held_and_starts_rounded_by_age") {
  constexpr int64_t kDay = 86'400;
  CHECK(period_available(3'600, 1));
  CHECK_FALSE(period_available(14'400, 1));
  CHECK(period_available(14'400, 60));
  CHECK(period_available(14 * kDay, 60));
  CHECK_FALSE(period_available(16 * kDay, 60));
  CHECK(period_available(16 * kDay, 300));
  CHECK_FALSE(period_available(64 * kDay, 300));
  CHECK(period_available(64 * kDay, 3'600));
  CHECK_FALSE(period_available(456 * kDay, 3'600));
  int64_t now_ms = kNowS * 1000;
  auto rounded = [&](int64_t age_s, int64_t period_s) {
    int64_t start_ms = now_ms - age_s * 1000 + 2'054'000;  // …:34:14 past the hour
    return (start_ms - round_start_ms(start_ms, now_ms, period_s)) / 1000;
  };
  CHECK(rounded(kDay, 60) == 14);
  CHECK(rounded(7'200, 10) == 4);
  CHECK(rounded(20 * kDay, 300) == 254);
  CHECK(rounded(70 * kDay, 3'600) == 2'054);
  for (int64_t period : {1, 5, 10, 20, 30, 60, 120, 86'400}) CHECK(is_period(period));
  for (int64_t period : {0, -60, 2, 15, 61, 90}) CHECK_FALSE(is_period(period));
}

TEST_CASE("derived_cases_of_units_labels_and_resolution_hold") {
  auto folder = test::conformance("aws/derived");
  if (!folder) return test::skip("derived_cases_of_units_labels_and_resolution");
  for (const JsonValue& one : test::read_json_file(*folder / "resolution.json")["cases"].list) {
    INFO(one["id"].text);
    if (one.find("available") != nullptr) {
      CHECK(period_available(one["ageSeconds"].integer, one["period"].integer) ==
            one["available"].boolean);
    }
    if (one.find("roundedStart") == nullptr) continue;
    auto clock_s = [](const std::string& text) {
      return std::stoll(text.substr(0, 2)) * 3'600 + std::stoll(text.substr(3, 2)) * 60 +
             std::stoll(text.substr(6, 2));
    };
    int64_t start_ms = (kNowS - kNowS % 86'400 + clock_s(one["start"].text)) * 1000;
    int64_t now_ms = start_ms + one["ageSeconds"].integer * 1000;
    CHECK(round_start_ms(start_ms, now_ms, one["period"].integer) / 1000 % 86'400 ==
          clock_s(one["roundedStart"].text));
  }
  for (const JsonValue& one :
       test::read_json_file(*folder / "units-and-labels.json")["cases"].list) {
    INFO(one["id"].text);
    TestServer server;
    std::string datums;
    for (const JsonValue& datum : one["data"].list) {
      datums += fmt::format(R"({}{{"MetricName":"m","Value":{},"Unit":"{}"}})",
                            datums.empty() ? "" : ",", datum["value"].number, datum["unit"].text);
    }
    if (!datums.empty()) server.call_json("PutMetricData", put_body(datums));
    if (one["api"].text == "GetMetricData") {
      std::string unit =
          one["unit"].is_null() ? "" : fmt::format(R"(,"Unit":"{}")", one["unit"].text);
      std::string q =
          fmt::format(R"({{"Id":"a","MetricStat":{{"Metric":{{"Namespace":"N","MetricName":"m"}},)"
                      R"("Period":60,"Stat":"{}"{}}}}})",
                      one["stat"].text, unit);
      JsonValue data = server.call_json("GetMetricData", data_body(q));
      const JsonValue& result = data["MetricDataResults"].list[0];
      REQUIRE(result["Values"].list.size() == one["values"].list.size());
      for (size_t i = 0; i < one["values"].list.size(); ++i) {
        CHECK(result["Values"].list[i].number == one["values"].list[i].number);
      }
      CHECK((result.find("Messages") != nullptr) == (one.find("message") != nullptr));
    } else if (one["api"].text == "GetMetricStatistics") {
      JsonValue data = server.call_json(
          "GetMetricStatistics",
          statistics_body(fmt::format(R"("Period":60,"Statistics":["{}"])", one["stat"].text)));
      CHECK(data["Datapoints"].list.size() == one["datapoints"].map.size());
      for (const JsonValue& point : data["Datapoints"].list) {
        CHECK(point[one["stat"].text].number == one["datapoints"][point["Unit"].text].number);
      }
    } else {
      std::vector<LabelSubject> subjects;
      for (const JsonValue& q : one["queries"].list) {
        subjects.push_back({"N", one["metric"].text, {}, q["stat"].text, q["period"].integer, {}});
      }
      auto labels = default_labels(subjects);
      for (size_t i = 0; i < labels.size(); ++i) CHECK(labels[i] == one["labels"].list[i].text);
    }
  }
}

}  // namespace
}  // namespace kansoku::api::aws::monitoring
