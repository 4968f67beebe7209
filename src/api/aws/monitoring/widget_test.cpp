// GetMetricWidgetImage over memory: what is read of a widget, what is refused, what is drawn.
#include "api/aws/monitoring/widget.h"

#include <doctest/doctest.h>

#include "api/aws/monitoring/picture_queue.h"
#include "api/aws/monitoring/test_server.h"
#include "api/aws/monitoring/widget_data.h"
#include "api/widget_image/palette.h"
#include "base/text/base64.h"

namespace kansoku::api::aws::monitoring {
namespace {

using test::JsonValue;

constexpr int64_t kNowS = 1'795'348'800;
const WidgetContext kContext{.now_ms = kNowS * 1000, .region = "eu-west-1", .account = "1"};

Widget parsed(std::string_view json) {
  auto widget = parse_widget(json, kContext);
  if (!widget) FAIL_CHECK(widget.error().message);
  REQUIRE(widget);
  return std::move(*widget);
}
// The message without what all have.
std::string refusal(std::string_view json) {
  auto widget = parse_widget(json, kContext);
  if (widget) return "accepted";
  constexpr std::string_view kPrefix = "The parameter MetricWidget is invalid: ";
  CHECK(widget.error().message.starts_with(kPrefix));
  return widget.error().message.substr(kPrefix.size());
}
std::string with(std::string_view rest) {
  return fmt::format(R"({{"metrics":[["N","m"]],{}}})", rest);
}

TEST_CASE("a_widget_s_defaults_are_those_of_the_documentation") {
  Widget widget = parsed(R"({"metrics":[["N","m"]]})");
  CHECK(widget.picture.width == 600);
  CHECK(widget.picture.height == 400);
  CHECK(widget.picture.end_ms == kNowS * 1000);
  CHECK(widget.picture.start_ms == kNowS * 1000 - 10'800'000);
  CHECK(widget.rows[0].stat == "Average");
  CHECK(widget.rows[0].period_s == 300);
  CHECK(widget.rows[0].id == "m1");
  CHECK_FALSE(widget.picture.dark);
  // What is too old for five minutes is read by the hour.
  CHECK(parsed(with(R"("start":"-P90D")")).rows[0].period_s == 3'600);
}

TEST_CASE("rows_repeat_what_stands_above_them") {
  Widget widget = parsed(R"json({"stat":"Sum","period":60,"metrics":[
      ["AWS/EC2","CPUUtilization","InstanceId","i-1",{"id":"cpu","stat":"p99","period":300}],
      ["...","i-2",{"color":"#ff0000","label":"second","yAxis":"right"}],
      [".","NetworkIn",".","."],
      [".",".","InstanceId","i-3","Az","a",{"visible":false}],
      [{"expression":"SUM(METRICS())","label":"all","id":"e7"}],
      ["...","b"]]
})json");
  REQUIRE(widget.rows.size() == 6);
  using Dimensions = DimensionList;
  CHECK(widget.rows[1].metric.metric_name == "CPUUtilization");
  CHECK(widget.rows[1].metric.dimensions == Dimensions{{"InstanceId", "i-2"}});
  CHECK(widget.rows[1].right_axis);
  CHECK(*widget.rows[1].label == "second");
  CHECK(widget.rows[2].metric.metric_name == "NetworkIn");
  CHECK(widget.rows[2].metric.dimensions == Dimensions{{"InstanceId", "i-2"}});
  CHECK(widget.rows[2].stat == "Sum");
  CHECK(widget.rows[2].period_s == 60);
  CHECK_FALSE(widget.rows[3].visible);
  CHECK(widget.rows[4].expression == "SUM(METRICS())");
  CHECK(widget.rows[5].metric.dimensions == Dimensions{{"Az", "b"}, {"InstanceId", "i-3"}});
  CHECK(widget.rows[0].id == "cpu");
  CHECK(widget.rows[0].stat == "p99");
}

TEST_CASE("axes_annotations_times_and_looks_are_read") {
  Widget widget = parsed(with(R"("view":"timeSeries","stacked":true,"title":"T","theme":"dark",
      "width":1000,"height":200,"start":"2026-11-22T06:00:00Z","end":"2026-11-22T08:00:00.000Z",
      "timezone":"+0930","liveData":true,"legend":{"position":"right"},
      "yAxis":{"left":{"min":0,"max":10.5,"label":"L","showUnits":false},"right":{"min":-1}},
      "annotations":{"horizontal":[{"value":5,"label":"five","color":"#00ff00","fill":"above"},
        [{"value":1,"label":"from"},{"value":2,"label":"to"}],{"value":9,"visible":false}],
        "vertical":[{"value":"2026-11-22T07:00:00Z","fill":"after"},
        [{"value":"2026-11-22T07:00:00Z"},{"value":"2026-11-22T07:30:00Z"}]]})"));
  const auto& picture = widget.picture;
  CHECK(picture.dark);
  CHECK(picture.stacked);
  CHECK(picture.width == 1'000);
  CHECK(picture.end_ms - picture.start_ms == 7'200'000);
  CHECK(picture.offset_minutes == 570);
  CHECK(*picture.left.max == 10.5);
  CHECK_FALSE(picture.left.show_units);
  CHECK(*picture.right.min == -1);
  REQUIRE(picture.horizontal.size() == 2);
  CHECK(picture.horizontal[0].fill == widget_image::Fill::Above);
  CHECK(*picture.horizontal[1].until == 2);
  CHECK(picture.horizontal[1].fill == widget_image::Fill::Between);
  REQUIRE(picture.vertical.size() == 2);
  CHECK(picture.vertical[1].until_ms);
}

TEST_CASE("what_is_wrong_or_not_supported_is_named_by_its_place") {
  CHECK(refusal("{") != "accepted");
  CHECK(refusal("[]") == "it is not a JSON object");
  CHECK(refusal("{}") == "/metrics: is required");
  CHECK(refusal(std::string(100 * 1024 + 1, ' ')).find("limit 102400") != std::string::npos);
  CHECK(refusal(R"({"metrics":[]})").starts_with("/metrics:"));
  CHECK(refusal(R"({"metrics":[["N"]]})").starts_with("/metrics/0:"));
  CHECK(refusal(R"({"metrics":[["N","m","dim"]]})").starts_with("/metrics/0:"));
  CHECK(refusal(R"({"metrics":[["...","m"]]})").starts_with("/metrics/0/0:"));
  CHECK(refusal(R"({"metrics":[[".","m"]]})").starts_with("/metrics/0/0:"));
  CHECK(refusal(R"({"metrics":[["N","m",{"id":"a"}],["N","n",{"id":"a"}]]})")
            .starts_with("/metrics: two rows"));
  CHECK(refusal(R"({"metrics":[["N","m",{"colour":"#000000"}]]})") ==
        R"(/metrics/0/2/colour: unknown key "colour", did you mean "color"?)");
  CHECK(refusal(R"({"metrics":[["N","m",{"stat":"Median"}]]})").starts_with("/metrics/0/2/stat:"));
  CHECK(refusal(R"({"metrics":[["N","m",{"period":61}]]})").starts_with("/metrics/0/2/period:"));
  CHECK(refusal(R"({"metrics":[["N","m",{"expression":"m1"}]]})").starts_with("/metrics/0:"));
  std::string many = R"(["N","m"])";
  for (int i = 0; i < 500; ++i) many += R"(,["N","m"])";
  CHECK(refusal(R"({"metrics":[)" + many + "]}").find("limit 500") != std::string::npos);
  struct Case {
    std::string_view rest;
    std::string_view place;
  };
  for (const Case& one :
       {Case{R"("view":"table")", "/view: "},
        {R"("width":2001)", "/width: "},
        {R"("height":0)", "/height: "},
        {R"("theme":"blue")", "/theme: "},
        {R"("start":"yesterday")", "/start: "},
        {R"("start":"PT3H")", "/start: "},
        {R"("start":"-PT1H","end":"-PT2H")", "/start: "},
        {R"("timezone":"Europe/Berlin")", "/timezone: "},
        {R"("region":"us-east-1")", "/region: "},
        {R"("accountId":"2")", "/accountId: "},
        {R"("legend":{"position":"top"})", "/legend/position: "},
        {R"("yAxis":{"left":{"min":2,"max":1}})", "/yAxis/left/min: "},
        {R"("yAxis":{"middle":{}})", "/yAxis/middle: "},
        {R"("annotations":{"alarms":["arn"]})", "/annotations/alarms: "},
        {R"("annotations":{"horizontal":[{"label":"x"}]})", "/annotations/horizontal/0/value: "},
        {R"("annotations":{"horizontal":[{"value":1,"fill":"before"}]})",
         "/annotations/horizontal/0/fill: "},
        {R"("annotations":{"vertical":[{"value":5}]})", "/annotations/vertical/0/value: "},
        {R"("view":"gauge")", "/yAxis: "},
        {R"("trend":true)", "/trend: "},
        {R"("setPeriodToTimeRange":true)", "/setPeriodToTimeRange: "},
        {R"("view":"bar","stat":"p50","setPeriodToTimeRange":true)", "/setPeriodToTimeRange: "}}) {
    INFO(one.rest);
    std::string found = refusal(with(one.rest));
    INFO(found);
    CHECK(found.starts_with(one.place));
  }
}

void put_points(TestServer& server) {
  std::string datums;
  for (int64_t i = 0; i < 36; ++i) {
    if (i > 9 && i < 14) continue;
    datums += fmt::format(R"({}{{"MetricName":"m","Timestamp":{},"Value":{},"Unit":"Percent"}})",
                          datums.empty() ? "" : ",", kNowS - 10'800 + i * 300, 20 + i);
  }
  server.call_json("PutMetricData",
                   fmt::format(R"({{"Namespace":"N","MetricData":[{}]}})", datums));
}

std::string body_of(std::string_view widget, std::string_view format = "") {
  std::string text;
  for (char c : widget) {
    if (c == '"') text += '\\';
    text += c;
  }
  return fmt::format(R"({{"MetricWidget":"{}"{}}})", text,
                     format.empty() ? "" : fmt::format(R"(,"OutputFormat":"{}")", format));
}

TEST_CASE("an_image_is_answered_in_every_protocol_and_raw") {
  if (!widget_image::draw_png({.width = 1, .height = 1})) {
    MESSAGE("skipped: no cairo and pango here");
    return;
  }
  TestServer server;
  put_points(server);
  std::string widget = R"({"metrics":[["N","m"]],"width":300,"height":200,"title":"x"})";
  auto raw = server.call(TestServer::json("GetMetricWidgetImage", body_of(widget, "image/png")));
  CHECK(raw.status == 200);
  CHECK(raw.headers.get("Content-Type") == "image/png");
  CHECK(raw.body.starts_with("\x89PNG"));
  JsonValue json = server.call_json("GetMetricWidgetImage", body_of(widget));
  CHECK(json["MetricWidgetImage"].text == base64_encode(raw.body));
  auto form = server.call(TestServer::form(
      "Action=GetMetricWidgetImage&Version=2010-08-01&MetricWidget=%7B%22metrics%22%3A%5B%5B%22N"
      "%22%2C%22m%22%5D%5D%2C%22width%22%3A300%2C%22height%22%3A200%2C%22title%22%3A%22x%22%7D"));
  auto root = test::parse_xml(form.body);
  CHECK(root.child("GetMetricWidgetImageResult")->child("MetricWidgetImage")->text ==
        base64_encode(raw.body));
  // {"MetricWidget": text}; the picture is a byte string.
  std::string cbor = "\xa1\x6cMetricWidget\x78";
  cbor += static_cast<char>(widget.size());
  auto bytes = server.call(TestServer::cbor("GetMetricWidgetImage", cbor + widget));
  CHECK(bytes.status == 200);
  CHECK(bytes.body.find(raw.body) != std::string::npos);
  CHECK(server.call(TestServer::json("GetMetricWidgetImage", body_of(widget, "gif"))).status ==
        400);
  CHECK(server.call(TestServer::json("GetMetricWidgetImage", body_of("{}"))).status == 400);
  CHECK(server
            .call(TestServer::json("GetMetricWidgetImage",
                                   body_of(R"({"metrics":[[{"expression":"m9"}]]})")))
            .status == 400);
}

// The picture that a request would draw.
widget_image::Picture picture_of(TestServer& server, std::string_view json) {
  Widget widget = parsed(json);
  auto request = widget_request(widget);
  REQUIRE(request);
  WidgetData data;
  auto shared = std::make_shared<Shared>(
      MonitoringOptions{.backend = &server.backend, .page_token_key = "key"});
  auto context = std::make_shared<OperationContext>();
  auto principal = std::make_shared<net::auth::Principal>();
  principal->account = "123456789012";
  context->principal = principal;
  context->region = server.region;
  context->now = server.clock.wall_now();
  if (!request->metric_data_queries->empty()) {
    run_metric_data(*shared, context, *request, kWidgetPointsMax, [&](auto page) {
      if (!page) FAIL_CHECK(page.error().message);
      if (page) data.add(std::move(*page));
    });
  }
  return data.picture(widget);
}

TEST_CASE("lines_have_their_data_gaps_units_and_labels") {
  TestServer server;
  put_points(server);
  auto picture = picture_of(server, R"({"metrics":[["N","m",{"id":"m1"}],
      [{"expression":"m1*2","label":"double"}],
      [{"expression":"[m1,m1/2]","label":"both"}],
      ["N","m",{"visible":false,"id":"h"}],["N","none",{"color":"#123456"}]]})");
  REQUIRE(picture.lines.size() == 5);
  CHECK(picture.lines[0].values.size() == 32);
  CHECK(picture.lines[0].unit == "Percent");
  CHECK(widget_image::Colour(picture.lines[0].colour) == widget_image::series_colour(0, false));
  CHECK(picture.lines[1].label == "double");
  CHECK(picture.lines[1].values[0] == 40);
  CHECK(picture.lines[2].label.starts_with("both "));
  CHECK(picture.lines[4].values.empty());
  CHECK(picture.lines[4].colour == *widget_image::parse_colour("#123456"));
  CHECK(picture_of(server, R"({"metrics":[["N","m",{"visible":false}]]})").lines.empty());
  server.backend.partial = true;
  CHECK(picture_of(server, R"({"metrics":[["N","m"]]})").incomplete);
}

TEST_CASE("one_value_of_the_whole_range_is_folded_from_its_periods") {
  TestServer server;
  put_points(server);
  auto value = [&](std::string_view stat) {
    auto picture =
        picture_of(server, fmt::format(R"({{"view":"bar","setPeriodToTimeRange":true,"stat":"{}",)"
                                       R"("metrics":[["N","m"]]}})",
                                       stat));
    REQUIRE(picture.lines.size() == 1);
    REQUIRE(picture.lines[0].values.size() == 1);
    return picture.lines[0].values[0];
  };
  double sum = 0;
  for (int i = 0; i < 36; ++i) sum += i > 9 && i < 14 ? 0 : 20 + i;
  CHECK(value("Sum") == sum);
  CHECK(value("SampleCount") == 32);
  CHECK(value("Minimum") == 20);
  CHECK(value("Maximum") == 55);
  CHECK(value("Average") == doctest::Approx(sum / 32));
}

TEST_CASE("searches_and_queries_of_metrics_insights_are_drawn_too") {
  TestServer server;
  put_points(server);
  server.call_json("PutMetricData", R"({"Namespace":"N","MetricData":[{"MetricName":"other",)"
                                    R"("Timestamp":1795348500,"Value":7}]})");
  auto picture = picture_of(server, R"json({"metrics":[
      [{"expression":"SEARCH('{N} m OR other', 'Average', 300)","label":""}],
      [{"expression":"SELECT MAX(other) FROM SCHEMA(N)","label":"most"}]]})json");
  REQUIRE(picture.lines.size() == 3);
  CHECK(picture.lines[0].values.size() == 32);
  CHECK(picture.lines[1].values == std::vector<double>{7});
  CHECK(picture.lines[2].label == "most");
}

TEST_CASE("too_many_datapoints_are_refused") {
  Widget widget = parsed(with(R"("period":60,"start":"-P14D")"));
  CHECK(widget_request(widget));
  widget.rows.resize(60, widget.rows[0]);
  CHECK_FALSE(widget_request(widget));
}

TEST_CASE("pictures_are_drawn_one_at_a_time_by_whoever_is_there") {
  PictureQueue queue;
  std::string order;
  CHECK(queue.run([&] {
    order += "a";
    // What comes meanwhile waits for the end of this one.
    CHECK(queue.run([&] { order += "b"; }));
    for (size_t i = 1; i < PictureQueue::kWaitingMax; ++i) CHECK(queue.run([] {}));
    CHECK_FALSE(queue.run([&] { order += "never"; }));
    order += "A";
  }));
  CHECK(order == "aAb");
  CHECK(queue.run([&] { order += "c"; }));
  CHECK(order == "aAbc");
}

}  // namespace
}  // namespace kansoku::api::aws::monitoring
