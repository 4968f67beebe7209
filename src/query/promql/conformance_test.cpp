// Queries with answers of the real Prometheus 2.42, whose ranges differ from 3.x only at their left
// end, where the data sets have no sample.
#include "support/conformance.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/env/sim.h"
#include "conformance/aws/json_value.h"
#include "net/http/http.h"
#include "query/promql/evaluate.h"
#include "query/promql/lexer.h"
#include "query/promql/memory_source.h"
#include "query/promql/parser.h"

namespace kansoku::query::promql {
namespace {

using test::JsonEntry;
using test::JsonValue;

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::string text = test::read_text(file);
  if (file.extension() == ".gz") {
    auto unpacked = net::decode_content("gzip", text, 64U << 20);
    REQUIRE(unpacked);
    text = std::move(*unpacked);
  }
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

LabelSet labels_of(const JsonValue& map) {
  std::vector<Label> labels;
  for (const JsonEntry& entry : map.map) labels.push_back({entry.first, entry.second.text});
  return LabelSet::from(std::move(labels));
}

void load(const std::filesystem::path& file, MemorySource& source) {
  const std::vector<std::string> lines = lines_of(file);
  const JsonValue times = test::parse_json(lines.front())["timestamps"];
  for (size_t i = 1; i < lines.size(); ++i) {
    const JsonValue series = test::parse_json(lines[i]);
    const LabelSet labels = labels_of(series["labels"]);
    const std::vector<JsonValue>& t = times[series["ts"].text].list;
    for (size_t k = 0; k < series["v"].list.size(); ++k) {
      const JsonValue& value = series["v"].list[k];
      if (value.is_null()) continue;
      double f = value.number;
      if (value.kind == JsonValue::Kind::Text) {
        f = value.text == "stale" ? stale_marker() : *parse_number(value.text);
      }
      source.add(labels, {.t = t[k].integer, .f = f});
    }
  }
  source.finish();
}

bool nearly(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

double number_of(const JsonValue& pair) { return *parse_number(pair.list[1].text); }
int64_t time_of(const JsonValue& pair) { return std::llround(pair.list[0].number * 1000); }

std::string series_difference(const JsonValue& expected, const Series& actual, double tolerance) {
  if (labels_of(expected["metric"]) != actual.labels) {
    return fmt::format("labels {} instead of {}", actual.labels.to_string(),
                       labels_of(expected["metric"]).to_string());
  }
  std::vector<JsonValue> points = expected["values"].list;
  if (points.empty()) points.push_back(expected["value"]);
  if (points.size() != actual.points.size()) {
    return fmt::format("{} points instead of {}", actual.points.size(), points.size());
  }
  for (size_t i = 0; i < points.size(); ++i) {
    if (time_of(points[i]) != actual.points[i].t ||
        !nearly(number_of(points[i]), actual.points[i].f, tolerance)) {
      return fmt::format("{} at {} instead of {} at {}", actual.points[i].f, actual.points[i].t,
                         number_of(points[i]), time_of(points[i]));
    }
  }
  return {};
}

// Empty when the answer is the stored one.
std::string difference(const JsonValue& expected, const Result<QueryResult>& actual, bool ordered,
                       double tolerance) {
  const bool fails = expected["status"].text != "success";
  if (fails || !actual) {
    if (fails && !actual) return {};
    return fails ? "should fail" : actual.error().message;
  }
  if (expected["resultType"].text == "scalar") {
    return nearly(number_of(expected["result"]), actual->scalar, tolerance)
               ? ""
               : fmt::format("scalar {}", actual->scalar);
  }
  Matrix matrix = actual->matrix;
  for (const Sample& sample : actual->vector)
    matrix.push_back({sample.labels, false, {sample.point}});
  std::vector<JsonValue> wanted = expected["result"].list;
  if (!ordered) {
    std::ranges::sort(matrix, [](const Series& a, const Series& b) { return a.labels < b.labels; });
    std::ranges::sort(wanted, [](const JsonValue& a, const JsonValue& b) {
      return labels_of(a["metric"]) < labels_of(b["metric"]);
    });
  }
  if (wanted.size() != matrix.size())
    return fmt::format("{} series instead of {}", matrix.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    std::string text = series_difference(wanted[i], matrix[i], tolerance);
    if (!text.empty()) return text;
  }
  return {};
}

struct Times {
  QueryRange range;
  QueryRange instant;
};

int64_t ms_of(const JsonValue& seconds) { return std::llround(seconds.number * 1000); }

void run_answers(const std::filesystem::path& answers, MemorySource& source, const Times& times) {
  env::SimClock clock;
  // As the answering server: no delayed names.
  const EvaluateOptions options{.delayed_name_removal = false};
  uint64_t good = 0;
  uint64_t bad = 0;
  for (const std::string& line : lines_of(answers)) {
    const JsonValue test = test::parse_json(line);
    const std::string& query = test["query"].text;
    const bool loose = test.find("differs_in_3x") != nullptr || test.find("caution") != nullptr;
    const auto ask = [&](QueryRange range) -> Result<QueryResult> {
      auto expr = parse(query);
      if (!expr) return invalid_argument("{}", expr.error().to_string(query));
      QueryContext context(clock, {});
      return evaluate(**expr, range, source, options, context);
    };
    // The order of groups follows that of ingestion, so only ungrouped answers have one of their
    // own.
    const bool ordered =
        query.starts_with("sort") || query.starts_with("topk(") || query.starts_with("bottomk(");
    if (test.find("start") != nullptr) {
      // A panel of a dashboard: one range query with times of its own.
      const QueryRange range{ms_of(test["start"]), ms_of(test["end"]), ms_of(test["step"])};
      const std::string text = difference(test, ask(range), false, 1e-9);
      ++(text.empty() ? good : bad);
      if (!text.empty()) FAIL_CHECK(query.c_str(), ": ", text);
    }
    for (const char* kind : {"range", "instant"}) {
      const JsonValue* expected = test.find(kind);
      if (expected == nullptr) continue;
      const bool range = std::string_view(kind) == "range";
      const std::string text = difference(*expected, ask(range ? times.range : times.instant),
                                          ordered && !range, loose ? 1e-5 : 1e-9);
      ++(text.empty() ? good : bad);
      if (!text.empty()) FAIL_CHECK(test["id"].text.c_str(), " ", kind, " ", query, ": ", text);
    }
  }
  MESSAGE(answers.filename().string(), ": ", good, " passed, ", bad, " failed");
  CHECK(good > 0);
}

}  // namespace

TEST_CASE("promql conformance: compliance queries against stored answers") {
  const auto folder = test::conformance("prometheus/promql-compliance");
  if (!folder) return test::skip("promql conformance: compliance queries");
  MemorySource source;
  load(*folder / "dataset-a.jsonl", source);
  run_answers(
      *folder / "queries-upstream.dataset-a.prometheus-2.42.jsonl", source,
      {{1'700'005'103'000, 1'700'005'703'000, 60'000}, {1'700'005'433'000, 1'700'005'433'000, 0}});
}

TEST_CASE("promql conformance: panels of dashboards against stored answers") {
  const auto folder = test::conformance("prometheus/dashboards");
  if (!folder) return test::skip("promql conformance: panels of dashboards");
  MemorySource source;
  load(*folder / "node-dataset.jsonl.gz", source);
  run_answers(*folder / "answers.prometheus-2.42.jsonl", source, {});
}

}  // namespace kansoku::query::promql
