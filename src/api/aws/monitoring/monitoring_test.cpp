// The four operations end to end over memory: recorded messages, units, labels, pages, rounding.
#include <doctest/doctest.h>

#include "api/aws/monitoring/test_bodies.h"
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

std::string put_error(TestServer& server, std::string_view datums, std::string_view space = "N") {
  auto response = server.call(TestServer::json("PutMetricData", put_body(datums, space)));
  if (response.status == 200) return "stored";
  return fmt::format("{}: {}", response.headers.get("x-amzn-query-error"),
                     test::parse_json(response.body)["message"].text);
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
