#include "api/console/promql_query.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"

using namespace kansoku;
using namespace kansoku::api;
using namespace kansoku::api::console;

TEST_CASE("line and column of a message become a byte of the text") {
  CHECK(position_in("up{", "1:4: parse error: unexpected end") == 3);
  CHECK(position_in("sum(\nx[5m)", "2:5: parse error: unexpected") == 9);
  CHECK(position_in("up", "1:99: parse error") == 2);
  CHECK(position_in("up", "3:1: parse error") == std::nullopt);
  CHECK(position_in("up", "1:0: parse error") == std::nullopt);
  CHECK(position_in("up", "query timed out") == std::nullopt);
  CHECK(position_in("up", "12") == std::nullopt);
  CHECK(position_in("up", "") == std::nullopt);
}

TEST_CASE("steps stand at multiples of the step inside the range") {
  auto range = promql_range({-90'000, 130'000}, 60, 200'000, 100);
  REQUIRE(range.has_value());
  CHECK(range->start_ms == -60'000);
  CHECK(range->end_ms == 120'000);
  auto chosen = promql_range({0, 3'600'000}, 0, 3'600'000, 60);
  REQUIRE(chosen.has_value());
  CHECK(chosen->step_ms == 60'000);
  CHECK_FALSE(promql_range({0, 1'000}, -1, 0, 10).has_value());
  CHECK_FALSE(promql_range({0, 1'000}, 0.0001, 0, 10).has_value());
  auto many = promql_range({0, 86'400'000}, 1, 0, 10);
  REQUIRE_FALSE(many.has_value());
  CHECK(many.error().message.find("11000 points") != std::string::npos);
}

TEST_CASE("series of a PromQL answer share one time axis and carry the unit of their name") {
  prometheus::ResultDocument document;
  document.series.push_back({*signal::Labels::from({{"__name__", "heap_bytes"}, {"job", "a"}}),
                             {{0, 1}, {60'000, 2}},
                             {}});
  document.series.push_back({*signal::Labels::from({{"job", "b"}}), {{120'000, 3}}, {}});
  document.series.push_back(
      {*signal::Labels::from({{"__name__", "m"}, {"__unit__", "Percent"}}), {{60'000, 4}}, {}});
  document.series.push_back({*signal::Labels::from({{"__name__", "h"}}), {}, {{0, 1, 1, {}}}});
  document.warnings = {"careful"};
  PromqlRange range;
  range.step_ms = 60'000;
  Frame frame = make_frame(range, std::move(document));
  CHECK(frame.times_ms == std::vector<int64_t>{0, 60'000, 120'000});
  REQUIRE(frame.series.size() == 3);
  CHECK(frame.period_s == 60);
  CHECK(frame.series[0].unit == "Bytes");
  CHECK(frame.series[0].values[1] == 2);
  CHECK(std::isnan(frame.series[0].values[2]));
  CHECK(frame.series[1].label == "{job=\"b\"}");
  CHECK(frame.series[1].unit.empty());
  CHECK(frame.series[2].unit == "Percent");
  CHECK(frame.series[2].dimensions.size() == 1);
  REQUIRE(frame.messages.size() == 2);
  CHECK(frame.messages[0].second == "careful");
  CHECK(frame.messages[1].first == "Histogram");
}

TEST_CASE("more series than are drawn are counted") {
  prometheus::ResultDocument document;
  for (int i = 0; i < 501; ++i) {
    document.series.push_back(
        {*signal::Labels::from({{"i", fmt::format("{}", i)}}), {{i == 500 ? 9'000 : 0, 1}}, {}});
  }
  PromqlRange range;
  range.step_ms = 1'000;
  Frame frame = make_frame(range, std::move(document));
  CHECK(frame.series.size() == 500);
  CHECK(frame.series_total == 501);
  CHECK(frame.times_ms == std::vector<int64_t>{0});
}

TEST_CASE("a PromQL query is cancelled before it begins and while it runs") {
  env::SimClock clock;
  query::QueryContext context(clock, {}, nullptr);
  PromqlCancel running;
  running.attach(&context);
  CHECK_FALSE(context.cancelled());
  running.cancel();
  CHECK(context.cancelled());
  query::QueryContext late(clock, {}, nullptr);
  PromqlCancel early;
  early.cancel();
  early.attach(&late);
  CHECK(late.cancelled());
  query::QueryContext over(clock, {}, nullptr);
  PromqlCancel after;
  after.attach(&over);
  after.attach(nullptr);
  after.cancel();
  CHECK_FALSE(over.cancelled());
}
