#include "query/log_filter/log_filter.h"

#include <doctest/doctest.h>

#include <random>

#include "base/env/sim.h"
#include "store/event_filter.h"
#include "store/reference/reference_events.h"
#include "support/conformance.h"
#include "wire/json/json_reader.h"

namespace kansoku::query::log_filter {
namespace {

std::string shown(const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out;
  for (const auto& [name, value] : values) out += fmt::format("{}={};", name, value);
  return out;
}

std::string pushed(const Pattern& pattern) {
  std::string out;
  for (const store::EventClause& clause : pattern.pushdown()) {
    if (!out.empty()) out += " & ";
    std::string any;
    for (const store::EventPredicate& one : clause) {
      if (!any.empty()) any += " | ";
      any += fmt::format("{}:{}:{}{}", one.path, static_cast<int>(one.op), one.text,
                         one.number == 0 ? "" : fmt::format("{}", one.number));
    }
    out += any;
  }
  return out;
}

void check_error(const std::string& text, const std::string& right) {
  const auto pattern = Pattern::parse(text);
  REQUIRE_FALSE(pattern.has_value());
  const size_t space = right.find(' ');
  CHECK_MESSAGE(pattern.error().position == std::stoul(right.substr(0, space)),
                pattern.error().position, " ", pattern.error().message);
  CHECK_MESSAGE(pattern.error().message.find(right.substr(space + 1)) != std::string::npos,
                pattern.error().message);
}

std::string evaluate(const std::string& verb, const std::string& text, std::string_view message) {
  const auto pattern = Pattern::parse(text);
  REQUIRE_MESSAGE(pattern.has_value(), pattern.error().message);
  if (verb == "pushed") return pushed(*pattern);
  Message subject(message);
  if (verb == "extract") {
    REQUIRE(pattern->matches(subject));
    return shown(pattern->extracted(subject));
  }
  return pattern->matches(subject) ? "yes" : "no";
}

// One string of a JSON document by key, for the conformance cases.
struct CaseReader final : wire::TreeVisitor {
  struct Case {
    std::map<std::string, std::string> texts;
    std::map<std::string, std::string> fields;
    bool match = false;
  };
  std::vector<Case> cases;
  std::string name;
  int depth = 0;
  bool begin_map() override {
    if (++depth == 2) cases.emplace_back();
    return true;
  }
  bool begin_list() override { return true; }
  bool end() override {
    --depth;
    return true;
  }
  bool key(std::string_view k) override {
    name = k;
    return true;
  }
  bool text(std::string_view value) override {
    if (depth == 2) cases.back().texts[name] = value;
    if (depth == 3) cases.back().fields[name] = value;
    return true;
  }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t) override { return true; }
  bool number(double) override { return true; }
  bool boolean(bool value) override {
    if (name == "match") cases.back().match = value;
    return true;
  }
  bool null() override { return true; }
};

}  // namespace

TEST_CASE("filter pattern scripts") {
  std::istringstream script(test::read_text(std::filesystem::path(KANSOKU_SOURCE_DIR) /
                                            "src/query/log_filter/testdata/patterns.cases"));
  std::string message;
  size_t cases = 0;
  for (std::string line; std::getline(script, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    INFO(line);
    const size_t space = line.find(' ');
    const std::string verb = line.substr(0, space), rest = line.substr(space + 1);
    if (verb == "message") {
      message = rest;
      continue;
    }
    ++cases;
    const size_t arrow = rest.rfind(" -> ");
    REQUIRE(arrow != std::string::npos);
    const std::string left = rest.substr(0, arrow), right = rest.substr(arrow + 4);
    if (verb == "error") {
      check_error(left, right);
    } else {
      CHECK(evaluate(verb, left, message) == (right == "-" ? "" : right));
    }
  }
  CHECK(cases > 100);
}

TEST_CASE("filter patterns: the derived cases") {
  const auto folder = test::conformance("aws/derived");
  if (!folder) return test::skip("filter patterns: the derived cases");
  CaseReader reader;
  REQUIRE(wire::read_json(test::read_text(*folder / "log-filter-patterns.json"), reader));
  // The outer map is the first level.
  size_t run = 0;
  for (const CaseReader::Case& one : reader.cases) {
    if (!one.texts.contains("pattern")) continue;
    ++run;
    INFO(one.texts.at("id"), " ", one.texts.at("pattern"));
    const auto pattern = Pattern::parse(one.texts.at("pattern"));
    REQUIRE(pattern.has_value());
    Message message(one.texts.at("message"));
    CHECK(pattern->matches(message) == one.match);
    if (one.fields.empty()) continue;
    const auto values = pattern->extracted(message);
    CHECK(std::map<std::string, std::string>(values.begin(), values.end()) == one.fields);
  }
  CHECK(run > 30);
}

TEST_CASE("filter patterns that stand in examples and snapshots are understood") {
  const auto folder = test::conformance("aws");
  if (!folder) {
    return test::skip("filter patterns that stand in examples and snapshots are understood");
  }
  constexpr std::string_view kKey = R"("filterPattern": ")";
  size_t found = 0;
  for (const char* part : {"docs-examples", "snapshots/logs", "api-examples", "request-decode"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(*folder / part)) {
      if (!file.is_regular_file()) continue;
      const std::string text = test::read_text(file.path());
      for (size_t at = 0; (at = text.find(kKey, at)) != std::string::npos;) {
        std::string pattern;
        for (at += kKey.size(); text[at] != '"'; ++at) {
          if (text[at] == '\\') ++at;
          pattern += text[at];
        }
        INFO(pattern);
        // Names of things that were replaced in recordings.
        if (pattern.starts_with('<')) continue;
        CHECK(Pattern::parse(pattern).has_value());
        ++found;
      }
    }
  }
  CHECK(found > 2);
}

TEST_CASE("selectors of metric filters give values") {
  const auto json = Pattern::parse("{ $.latency = * }");
  const auto value = Selector::parse("$.latency", *json);
  REQUIRE(value.has_value());
  Message message(R"({"latency":12.5,"list":[1]})");
  CHECK(value->value(message) == "12.5");
  CHECK_FALSE(Selector::parse("$.list", *json)->value(message).has_value());
  CHECK(Selector::parse("$.list[0]", *json)->value(message) == "1");
  CHECK(Selector::parse("$.a b", *json).error().position == 3);
  const auto fields = Pattern::parse("[a, ..., size]");
  Message words("x y 17");
  CHECK(Selector::parse("$size", *fields)->value(words) == "17");
  CHECK_FALSE(Selector::parse("$none", *fields).has_value());
  CHECK_FALSE(Selector::parse("$.a", *Pattern::parse("ERROR")).has_value());
}

TEST_CASE("expressions are linear: a bomb ends at once") {
  const auto pattern = Pattern::parse("%a*a*a*a*a*a*a*a*a*a*a*a*b%");
  REQUIRE(pattern.has_value());
  const std::string text(100'000, 'a');
  Message message(text);
  CHECK_FALSE(pattern->matches(message));
}

TEST_CASE("what is pushed down lets every matching event through") {
  const std::vector<std::string> parts{R"({"a":1,"b":"x1","c":{"d":[true,"5"]}})",
                                       R"({"a":"1","b":"y","n":null})",
                                       R"({"a":2.5,"b":"xyz","c":{"d":[false,5]}})",
                                       "ERROR x1 [a b] \"c d\" 404",
                                       "WARN y 500",
                                       R"({"@t":"x","a.b":1,"a":{"b":2}})"};
  const std::vector<std::string> patterns{"ERROR",
                                          "?ERROR ?WARN",
                                          "-ERROR",
                                          "%x[0-9]%",
                                          "{ $.a = 1 }",
                                          "{ $.a = \"1\" }",
                                          "{ $.b = x* }",
                                          "{ $.b = *y* || $.a < 2 }",
                                          "{ $.c.d[0] IS TRUE }",
                                          "{ $.c.d[*] = 5 }",
                                          "{ $.a != 1 && $.b = y }",
                                          "{ $.@t = x }",
                                          "{ $.a.b > 1 }",
                                          "{ $.n IS NULL }",
                                          "{ $.z NOT EXISTS }",
                                          "[w=ERROR, ..., n=404]",
                                          "[w=WARN || w=ERROR, ...]",
                                          "[a, b, c>400]",
                                          "{ $.c.d[0] = true }",
                                          "{ $.a = 2* }",
                                          "{ $.a = %^1% }"};
  env::SimClock clock;
  std::mt19937_64 random(7);
  for (const std::string& text : patterns) {
    INFO(text);
    const auto pattern = Pattern::parse(text);
    REQUIRE(pattern.has_value());
    store::ReferenceEventStore events(clock);
    signal::EventBatchBuilder builder;
    const uint32_t stream = builder.add_stream({.group = "g", .stream = "s"});
    size_t matching = 0;
    for (int i = 0; i < 40; ++i) {
      const std::string& message = parts[random() % parts.size()];
      builder.add_row(stream, i);
      builder.set_text(store::kMessagePath, message);
      Message subject(message);
      matching += pattern->matches(subject) ? 1 : 0;
    }
    events.append({.scope = {"1", "r"},
                   .batch = builder.finish(),
                   .token = signal::AckToken(40, nullptr, Lane::Ingest, [](signal::Verdict) {})});
    store::EventScan scan{.scope = {"1", "r"}, .filter = pattern->pushdown()};
    size_t found = 0;
    const auto report = events.scan(scan, [&](store::EventRows& rows) -> Result<bool> {
      const auto columns = rows.columns(store::kMessagePath);
      for (size_t row = 0; row < rows.size(); ++row) {
        Message subject((*columns)[0].text(row));
        found += pattern->matches(subject) ? 1 : 0;
      }
      return true;
    });
    REQUIRE(report.has_value());
    CHECK(found == matching);
  }
}

}  // namespace kansoku::query::log_filter
