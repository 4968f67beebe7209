#include "query/metric_math/metric_math.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "support/conformance.h"

using namespace kansoku;
using namespace kansoku::query::metric_math;

namespace {

const double kGap = std::numeric_limits<double>::quiet_NaN();

using Metrics = std::vector<std::pair<std::string, std::vector<double>>>;

// The points of the result's series; "?text" in front of an error.
struct Outcome {
  std::vector<std::vector<double>> series;
  std::string error;
  size_t position = 0;
};

Outcome run(std::string_view text, const Metrics& metrics, int64_t start_ms = 1'700'000'040'000) {
  Outcome out;
  auto expression = Expression::parse(text);
  if (!expression) return {{}, expression.error().message, expression.error().position};
  Environment environment;
  environment.grid = {start_ms, 60'000, metrics.empty() ? 3 : metrics[0].second.size()};
  environment.find = [&](std::string_view id) -> std::optional<Operand> {
    for (const auto& [name, values] : metrics) {
      if (name == id) return Operand{Series{name, values, {}}, true};
    }
    return std::nullopt;
  };
  environment.metrics = [&] {
    std::vector<std::pair<std::string, Series>> all;
    for (const auto& [name, values] : metrics) all.push_back({name, {name, values, {}}});
    return all;
  };
  // Each call finds everything whose id is a part of its text.
  environment.search = [&](size_t index) {
    Array found;
    for (const auto& [name, values] : metrics) {
      if (expression->searches()[index].text.find(name) == std::string::npos) continue;
      found.push_back({name, values, {}});
    }
    return found;
  };
  // What is normal: the width around each value, over a history that is as long as the range.
  Environment history = environment;
  environment.history = &history;
  environment.band = [](std::string_view, const Series& series, double deviations) {
    Series high = series;
    Series low = series;
    for (double& v : high.values) v += deviations;
    for (double& v : low.values) v -= deviations;
    return Array{high, low};
  };
  auto value = expression->evaluate(environment);
  if (!value) return {{}, value.error().message, value.error().position};
  if (std::holds_alternative<double>(*value)) return {{}, "a number", 0};
  if (auto* one = std::get_if<Series>(&*value)) out.series.push_back(one->values);
  if (auto* many = std::get_if<Array>(&*value)) {
    for (Series& series : *many) out.series.push_back(series.values);
  }
  return out;
}

void check_values(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    if (std::isnan(expected[i])) {
      CHECK(std::isnan(found[i]));
    } else {
      CHECK(found[i] == doctest::Approx(expected[i]));
    }
  }
}

}  // namespace

TEST_CASE("operators bind as documented") {
  Metrics m{{"m1", {1, 2, 3}}};
  struct Row {
    const char* text;
    std::vector<double> values;
  };
  const Row rows[] = {
      {"m1 + 2 * 3", {7, 8, 9}},         {"(m1 + 2) * 3", {9, 12, 15}},
      {"-m1 ^ 2", {-1, -4, -9}},         {"2 ^ 3 ^ 2 + m1 * 0", {512, 512, 512}},
      {"10 - m1 - 1", {8, 7, 6}},        {"m1 > 1 AND m1 < 3", {0, 1, 0}},
      {"m1 == 1 || m1 == 3", {1, 0, 1}}, {"m1 != 2 && 1 OR 0", {1, 0, 1}},
      {"m1 / 0", {kGap, kGap, kGap}},    {"6 / m1", {6, 3, 2}},
      {"m1 >= 2 OR m1 <= 1", {1, 1, 1}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    Outcome out = run(row.text, m);
    REQUIRE(out.error == "");
    check_values(out.series.at(0), row.values);
  }
}

TEST_CASE("series join on the union of their points, a missing one counting as 0") {
  Metrics m{{"a", {1, kGap, 3, kGap}}, {"b", {10, 20, kGap, kGap}}};
  check_values(run("a + b", m).series.at(0), {11, 20, 3, kGap});
  check_values(run("a / b", m).series.at(0), {0.1, 0, kGap, kGap});
  check_values(run("a + 1", m).series.at(0), {2, kGap, 4, kGap});
}

TEST_CASE("every function has a case") {
  Metrics m{{"m1", {1, kGap, 4}}, {"m2", {3, 2, 1}}, {"x", {kGap, kGap, kGap}}};
  struct Row {
    const char* text;
    std::vector<double> values;
  };
  const Row rows[] = {
      {"ABS(-m2)", {3, 2, 1}},
      {"AVG([m1, m2])", {2, 1, 2.5}},
      {"m2 - AVG(m2)", {1, 0, -1}},
      {"CEIL(m2 / 2)", {2, 1, 1}},
      {"FLOOR(m2 / 2)", {1, 1, 0}},
      {"DATAPOINT_COUNT(METRICS())", {2, 1, 2}},
      {"m2 * DATAPOINT_COUNT(m1)", {6, 4, 2}},
      {"DATE(m1)", {14, 14, 14}},
      {"DAY(m1)", {2, 2, 2}},
      {"DIFF(m2)", {kGap, -1, -1}},
      {"DIFF_TIME(m1)", {kGap, kGap, 120}},
      {"EPOCH(m1)", {1'700'000'040, 1'700'000'100, 1'700'000'160}},
      {"FILL(m1, 9)", {1, 9, 4}},
      {"FILL(m1, m2)", {1, 2, 4}},
      {"FILL(m1, REPEAT)", {1, 1, 4}},
      {"FILL(m1, LINEAR)", {1, 2.5, 4}},
      {"FIRST(METRICS(\"m\"))", {1, kGap, 4}},
      {"LAST([m1, m2])", {3, 2, 1}},
      {"HOUR(m1)", {22, 22, 22}},
      {"IF(m2 > 1, m1, 7)", {1, 0, 7}},
      {"IF(m2 > 1, 5)", {5, 5, kGap}},
      {"IF(1, m2)", {3, 2, 1}},
      {"LOG(m2 - 1)", {std::log(2.0), 0, kGap}},
      {"LOG10(m2 * 10)", {std::log10(30.0), std::log10(20.0), 1}},
      {"MAX([m1, m2])", {3, 2, 4}},
      {"MIN([m1, m2])", {1, 2, 1}},
      {"m2 / METRIC_COUNT(METRICS())", {1, 2.0 / 3, 1.0 / 3}},
      {"MINUTE(m1)", {14, 15, 16}},
      {"MONTH(m1)", {11, 11, 11}},
      {"YEAR(m1)", {2023, 2023, 2023}},
      {"m2 * PERIOD(m2)", {180, 120, 60}},
      {"RATE(m1)", {kGap, kGap, 3.0 / 120}},
      {"SUM(REMOVE_EMPTY([x, m2]))", {3, 2, 1}},
      {"TIME_SERIES(METRIC_COUNT(REMOVE_EMPTY([x, m2])))", {1, 1, 1}},
      {"RUNNING_SUM(m1)", {1, kGap, 5}},
      {"SEARCH('m2', 'Sum')", {3, 2, 1}},
      {"SUM(SEARCH('m1 m2', 'Sum', 60))", {4, 2, 5}},
      {"FIRST(SORT(SEARCH('m1 m2', 'p99', '60'), SUM, DESC)) + SUM(SEARCH('m2', 'Sum'))",
       {6, 4, 2}},
      {"SLICE([m1, m2], 1)", {3, 2, 1}},
      {"SUM(SLICE([m1, m2, m2], 1))", {6, 4, 2}},
      {"SUM(SLICE([m1, m2, m2], 1, 3))", {6, 4, 2}},
      {"FIRST(SORT([m1, m2], MAX, DESC))", {1, kGap, 4}},
      {"SUM(SORT([m1, m2], SUM, DESC, 1))", {3, 2, 1}},
      {"STDDEV([m1, m2])", {1, 0, 1.5}},
      {"SUM([m1, m2])", {4, 2, 5}},
      {"FIRST(ANOMALY_DETECTION_BAND(m2)) - m2", {2, 2, 2}},
      {"LAST(ANOMALY_DETECTION_BAND(m2 * 2, 3)) - m2 * 2", {-3, -3, -3}},
      {"TIME_SERIES(MIN(m2))", {1, 1, 1}},
      {"m2 + AVG(x)", {kGap, kGap, kGap}},
  };
  std::set<std::string> seen;
  for (const Row& row : rows) {
    CAPTURE(row.text);
    Outcome out = run(row.text, m);
    REQUIRE(out.error == "");
    check_values(out.series.at(0), row.values);
    seen.insert(row.text);
  }
  for (const FunctionDoc& doc : function_docs()) {
    CAPTURE(std::string(doc.name));
    bool covered = std::any_of(seen.begin(), seen.end(), [&](const std::string& text) {
      return text.find(std::string(doc.name) + "(") != std::string::npos;
    });
    CHECK(covered);
  }
}

TEST_CASE("an array goes through functions and operators series by series") {
  Metrics m{{"m1", {1, 2}}, {"m2", {3, 4}}};
  Outcome out = run("METRICS() * 10", m);
  REQUIRE(out.series.size() == 2);
  check_values(out.series[1], {30, 40});
  check_values(run("RATE(METRICS())", m).series.at(0), {kGap, 1.0 / 60});
}

TEST_CASE("problems say where they are") {
  Metrics m{{"m1", {1, 2}}};
  struct Row {
    const char* text;
    size_t position;
    const char* part;
  };
  const Row rows[] = {
      {"avg(m1)", 0, "upper case"},
      {"m1 + m9", 5, "m9"},
      {"m1 +", 4, "ends"},
      {"(m1", 3, ") is missing"},
      {"m1 m1", 3, "unexpected"},
      {"SUM(m1)", 0, "a number"},
      {"ABS(m1, m1)", 0, "takes"},
      {"NOPE(m1)", 0, "no function"},
      {"SERVICE_QUOTA(m1)", 0, "not served"},
      {"INSIGHT_RULE_METRIC('r', 'Sum')", 0, "not served"},
      {"SEARCH('x')", 0, "takes"},
      {"SEARCH(m1, 'Sum')", 7, "a text in quotes"},
      {"SEARCH('x', Sum)", 12, "lower-case"},
      {"SEARCH('x', m1)", 12, "the statistic of SEARCH"},
      {"SEARCH('x', 'Sum', m1)", 19, "the period of SEARCH"},
      {"SEARCH('x', 'Sum', '6x')", 19, "the period of SEARCH"},
      {"SEARCH('x', 'Sum', 0)", 19, "the period of SEARCH"},
      {"SEARCH('x\\', 'Sum')", 14, "a ) is missing"},
      {"SEARCH('m1', 'Sum') + METRICS()", 20, "two arrays"},
      {"METRICS() + METRICS()", 10, "two arrays"},
      {"SORT(METRICS(), m1, ASC)", 16, "sorts by"},
      {"FILL(m1, ASC)", 9, "FILL fills"},
      {"[1, 2]", 1, "not numbers"},
      {"\"m1", 0, "quote"},
      {"1m", 0, "letter"},
      {"m1 $ 2", 3, "unexpected"},
      {"PERIOD(m1 + 1)", 10, "PERIOD takes"},
      {"ABS(ASC)", 4, "no value here"},
      {"SUM('m1')", 4, "no value here"},
      {"IF(\"m1\", 1)", 3, "no value here"},
      {"FILL(REPEAT, REPEAT)", 5, "no value here"},
      {"SORT(\"m\", AVG, ASC)", 5, "no value here"},
      {"SORT(METRICS(), AVG, ASC, DESC)", 26, "no value here"},
      {"SLICE(METRICS(), \"1\")", 17, "no value here"},
      {"SLICE(METRICS(), -1)", 17, "from 0"},
      {"SORT(METRICS(), AVG, ASC, 0)", 26, "at least 1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    Outcome out = run(row.text, m);
    CHECK(out.error.find(row.part) != std::string::npos);
    CHECK(out.position == row.position);
  }
  CHECK(run(std::string(3000, '1'), m).error.find("limit 2048") != std::string::npos);
  CHECK(run(std::string(500, '(') + "m1", m).error.find("deeper") != std::string::npos);
}

TEST_CASE("searches are known with their places before anything is evaluated") {
  auto expression =
      Expression::parse(R"(SUM(SEARCH('{A,b} "c\"d"', 'p99', 300)) / SEARCH(" x ",'Sum'))");
  REQUIRE(expression.has_value());
  const std::vector<SearchCall>& calls = expression->searches();
  REQUIRE(calls.size() == 2);
  CHECK(calls[0].text == R"({A,b} "c\"d")");
  CHECK(calls[0].text_position == 12);
  CHECK(calls[0].statistic == "p99");
  CHECK(calls[0].period_s == 300);
  CHECK(calls[1].index == 1);
  CHECK(calls[1].text == " x ");
  CHECK_FALSE(calls[1].period_s.has_value());
}

TEST_CASE("a series keeps the metric it comes from as long as it is one metric's") {
  auto origin = std::make_shared<const Origin>(Origin{"N", "m", {}, "Sum", 60, {}});
  auto expression = [&](std::string_view text) {
    Environment environment;
    environment.grid = {0, 60'000, 2};
    environment.find = [&](std::string_view) { return Operand{Series{"m", {1, 2}, origin}, true}; };
    return std::get<Series>(*Expression::parse(text)->evaluate(environment)).origin;
  };
  CHECK(expression("-ABS(RATE(m * 2))") == origin);
  CHECK(expression("FILL(m, 0) / 2") == origin);
  CHECK(expression("m + m") == nullptr);
  CHECK(expression("SUM([m, m])") == nullptr);
}

TEST_CASE("derived metric math cases") {
  auto folder = test::conformance("aws/derived");
  if (!folder) return test::skip("derived metric math cases");
  auto document = boost::json::parse(test::read_text(*folder / "metric-math.json"));
  auto list_of = [](const boost::json::value& array) {
    std::vector<double> out;
    for (const auto& v : array.as_array())
      out.push_back(v.is_null() ? kGap : v.to_number<double>());
    return out;
  };
  size_t ran = 0;
  for (const auto& item : document.at("cases").as_array()) {
    Metrics metrics;
    for (const auto& [id, values] : item.at("series").as_object()) {
      metrics.emplace_back(std::string(id), list_of(values));
    }
    std::string text(item.at("expr").as_string());
    CAPTURE(text);
    Outcome out = run(text, metrics);
    ++ran;
    if (item.as_object().contains("error")) {
      CHECK(out.error != "");
      continue;
    }
    REQUIRE(out.error == "");
    check_values(out.series.at(0), list_of(item.at("expect")));
  }
  CHECK(ran > 0);
}
