#include "query/statistic/statistic.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "support/conformance.h"

using namespace kansoku;
using namespace kansoku::query;
using signal::Point;
using signal::ValueCount;

namespace {

Point one_to(int n) {
  Point cell(1);
  for (int i = 2; i <= n; ++i) cell.add(Point(i));
  return cell;
}

std::optional<double> value_of(std::string_view statistic, const Point& cell) {
  auto parsed = parse_statistic(statistic);
  REQUIRE_MESSAGE(parsed.has_value(), std::string(statistic));
  return evaluate(*parsed, cell);
}

}  // namespace

TEST_CASE("every statistic of the numbers 1 to 100") {
  Point cell = one_to(100);
  struct Row {
    const char* statistic;
    double value;
  };
  const Row rows[] = {
      {"SampleCount", 100},  {"Sum", 5050},     {"Average", 50.5}, {"Minimum", 1},
      {"Maximum", 100},      {"p0", 1},         {"p50", 50},       {"p99", 99},
      {"p99.9", 100},        {"p100", 100},     {"tm90", 45.5},    {"TM(10%:90%)", 50.5},
      {"IQM", 50.5},         {"tc90", 90},      {"ts90", 4095},    {"wm98", 50.47},
      {"WM(10%:90%)", 50.4}, {"TC(:20)", 20},   {"TC(80:)", 20},   {"TS(98:)", 199},
      {"PR(:30)", 30},       {"PR(20:80)", 60}, {"PR(95:)", 5},    {"TM(10:20)", 15.5},
      {"WM(:50)", 37.75},
  };
  for (const Row& row : rows) {
    CAPTURE(row.statistic);
    auto value = value_of(row.statistic, cell);
    REQUIRE(value.has_value());
    CHECK(*value == doctest::Approx(row.value));
  }
}

TEST_CASE("weights count as samples") {
  Point cell = signal::point_from_values({{3, 80}, {1, 10}, {2, 10}});
  CHECK(value_of("Average", cell) == 2.7);
  CHECK(value_of("p50", cell) == 3);
  CHECK(value_of("p10", cell) == 1);
  CHECK(value_of("tm15", cell) == doctest::Approx((10 * 1 + 5 * 2) / 15.0));
}

TEST_CASE("a statistic set has no percentiles unless all its values are equal") {
  CHECK(value_of("p50", signal::point_from_statistic_set(10, 55, 1, 10)) == std::nullopt);
  CHECK(value_of("Average", signal::point_from_statistic_set(10, 55, 1, 10)) == 5.5);
  CHECK(value_of("p50", signal::point_from_statistic_set(4, 8, 2, 2)) == 2);
  CHECK(value_of("p50", signal::point_from_statistic_set(1, 8, 8, 8)) == 8);
}

TEST_CASE("extended statistics do not exist where a value is negative") {
  Point cell(-1);
  cell.add(Point(2));
  CHECK(value_of("p50", cell) == std::nullopt);
  CHECK(value_of("Minimum", cell) == -1);
}

TEST_CASE("percentiles of a sketch stay within one percent") {
  Point cell = one_to(5000);
  REQUIRE(cell.kind() == signal::PointKind::Sketch);
  for (double p : {1.0, 25.0, 50.0, 90.0, 99.0}) {
    double expected = p / 100 * 5000;
    double value = *value_of(fmt::format("p{}", p), cell);
    CHECK(std::abs(value - expected) <= expected * 0.0101);
  }
  CHECK(value_of("p100", cell) == 5000);
  CHECK(value_of("Sum", cell) == 5000.0 * 5001 / 2);
}

TEST_CASE("refuses what is no statistic") {
  for (const char* text :
       {"", "average", "p", "p101", "p-1", "p1.12345678901", "tm", "TM", "TM()", "TM(5)",
        "TM(10%:90)", "TM(90%:10%)", "PR(:)", "p99%", "p5x", "IQM5", "pNaN", "TM(:101%)", "p1e1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_statistic(text).has_value());
  }
}

TEST_CASE("derived statistics cases") {
  auto folder = test::conformance("aws/derived");
  if (!folder) return test::skip("derived statistics cases");
  boost::json::value document = boost::json::parse(test::read_text(*folder / "statistics.json"));
  size_t ran = 0;
  for (const auto& item : document.at("cases").as_array()) {
    const auto& object = item.as_object();
    Point cell;
    if (const auto* set = object.if_contains("statisticSet")) {
      cell = signal::point_from_statistic_set(
          set->at("SampleCount").to_number<double>(), set->at("Sum").to_number<double>(),
          set->at("Minimum").to_number<double>(), set->at("Maximum").to_number<double>());
    } else {
      std::vector<ValueCount> values;
      const auto* samples = object.if_contains("samples");
      const auto& list = samples != nullptr ? samples->as_array() : object.at("values").as_array();
      for (size_t i = 0; i < list.size(); ++i) {
        double count = samples != nullptr ? 1 : object.at("counts").at(i).to_number<double>();
        values.push_back({list[i].to_number<double>(), count});
      }
      cell = signal::point_from_values(values);
    }
    CAPTURE(std::string(object.at("id").as_string()));
    auto value = value_of(std::string_view(object.at("stat").as_string()), cell);
    const auto& expected = object.at("expect");
    if (expected.is_null()) {
      CHECK(value == std::nullopt);
    } else {
      REQUIRE(value.has_value());
      double tolerance = object.contains("tol") ? object.at("tol").to_number<double>() : 1e-9;
      CHECK(std::abs(*value - expected.to_number<double>()) <= tolerance);
    }
    ++ran;
  }
  CHECK(ran > 0);
}
