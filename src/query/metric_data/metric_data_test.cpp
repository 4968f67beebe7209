#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "query/metric_data/run.h"
#include "signal/metric_batch.h"
#include "store/reference/reference_metrics.h"
#include "support/conformance.h"

namespace kansoku::query::metric_data {
namespace {

constexpr int64_t kNowMs = 1'795'348'800'000;  // 2026-11-22T12:00:00Z
constexpr int64_t kStartMs = kNowMs - 600'000;
const signal::Scope kScope{"1", "r"};

// A word, or a text in double quotes, off the front.
std::string take_word(std::string& line) {
  while (line.starts_with(' ')) line.erase(0, 1);
  size_t end = line.starts_with('"') ? line.find('"', 1) + 1 : line.find(' ');
  std::string word = line.substr(0, end);
  line.erase(0, std::min(end, line.size()));
  while (line.starts_with(' ')) line.erase(0, 1);
  return word;
}

struct Fixture {
  env::SimClock clock{env::WallTime{kNowMs * 1'000'000}};
  store::ReferenceMetricStore store{clock, {}};

  void put(std::vector<signal::LabelView> labels, signal::MergeKind merge,
           const std::vector<std::pair<int64_t, signal::Point>>& points) {
    signal::MetricBatchBuilder builder;
    auto row = builder.add_series(labels, {.merge = merge});
    REQUIRE(row.has_value());
    for (const auto& [time_ms, point] : points) builder.add_point(*row, time_ms, point);
    store.append({kScope,
                  builder.finish(),
                  {},
                  signal::AckToken(points.size(), nullptr, Lane::Ingest,
                                   [](signal::Verdict v) { CHECK(v.good()); })});
  }

  // "Shop Orders Host=h1 unit=Seconds | 1 2 - 4"
  void load(std::string line) {
    std::string values = line.substr(line.find('|') + 1);
    line.resize(line.find('|'));
    std::string space = take_word(line), name = take_word(line), unit = "None";
    std::vector<std::pair<std::string, std::string>> dimensions;
    while (!line.empty()) {
      std::string pair = take_word(line);
      size_t equals = pair.find('=');
      if (pair.starts_with("unit=")) {
        unit = pair.substr(5);
      } else {
        dimensions.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
      }
    }
    std::vector<signal::LabelView> labels{{"__name__", name}};
    bool own = space != "~" && space != "+";
    if (own) labels.push_back({"__namespace__", space});
    if (own) labels.push_back({"__unit__", unit});
    for (const auto& [key, value] : dimensions) labels.push_back({key, value});
    std::vector<std::pair<int64_t, signal::Point>> points;
    int64_t at = kStartMs;
    for (; !values.empty(); at += 60'000) {
      std::string value = take_word(values);
      if (value.empty() || value == "-") continue;
      size_t star = value.find('*');
      double count = star == std::string::npos ? 1 : std::stod(value.substr(star + 1));
      points.emplace_back(at, signal::point_from_values({{std::stod(value), count}}));
    }
    put(labels, space == "~" ? signal::MergeKind::Replace : signal::MergeKind::Accumulate, points);
  }

  std::expected<Answer, Failure> run(const Plan& plan, QueryLimits limits = {}) {
    QueryContext context(clock, limits);
    Runner runner(store, plan, context);
    while (true) {
      auto more = runner.step();
      if (!more) return std::unexpected(more.error());
      if (!*more) return runner.take();
    }
  }
};

// One request of a script and what is expected of it.
struct Block {
  Request request;
  std::vector<std::string> expected;
  size_t line = 0;
};

void read_query_line(Block& block, const std::string& verb, std::string rest) {
  Query query;
  query.id = take_word(rest);
  query.returned = verb == "expr";
  if (verb == "show") {
    for (Query& one : block.request.queries) one.returned = one.returned || one.id == query.id;
    return;
  }
  if (verb == "metric") {
    MetricStat metric{take_word(rest), take_word(rest), {}, {}, {}};
    std::string word = take_word(rest);
    for (; word.find('=') != std::string::npos; word = take_word(rest)) {
      size_t equals = word.find('=');
      metric.dimensions.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    metric.statistic = *parse_statistic(word);
    query.metric = std::move(metric);
    query.period_s = std::stoll(rest);
    block.request.queries.push_back(std::move(query));
    return;
  }
  for (std::string word = take_word(rest); word != "="; word = take_word(rest)) {
    if (word.starts_with('"')) {
      query.label = word.substr(1, word.size() - 2);
    } else {
      query.period_s = std::stoll(word);
    }
  }
  query.expression = rest;
  block.request.queries.push_back(std::move(query));
}

// `id "label" 1 2 -` of a result.
std::string text_of(const Plan& plan, const ResultSeries& result) {
  LabelContext context{"r", "1", kNowMs, 0};
  std::string out = fmt::format("{} \"{}\"", plan.request.queries[result.query].id,
                                label_of(plan, result, context));
  if (result.values.empty()) return out;
  CellRange range = plan.range(plan.period_s[result.query]);
  for (int64_t at = range.start_ms; at < range.end_ms; at += range.period_ms) {
    auto found = std::ranges::find(result.timestamps_ms, at);
    if (found == result.timestamps_ms.end()) {
      out += " -";
    } else {
      out += fmt::format(" {}", result.values[found - result.timestamps_ms.begin()]);
    }
  }
  return out;
}

void check_failure(const Request& request, const Failure& failure, std::string expected) {
  INFO(failure.error.message);
  REQUIRE(take_word(expected) == "error");
  REQUIRE(failure.query.has_value());
  CHECK(request.queries[*failure.query].id == take_word(expected));
  REQUIRE(failure.position.has_value());
  CHECK(*failure.position == std::stoul(take_word(expected)));
  CHECK(failure.error.message.find(expected) != std::string::npos);
}

void check_message(const Plan& plan, const Answer& answer, std::string expected) {
  take_word(expected);
  std::string id = take_word(expected), code = take_word(expected);
  const std::vector<Message>* messages = &answer.messages;
  for (const ResultSeries& result : answer.results) {
    if (plan.request.queries[result.query].id == id) {
      messages = &result.messages;
      break;
    }
  }
  CHECK(std::ranges::any_of(*messages, [&](const Message& message) {
    return message.code == code && message.text.find(expected) != std::string::npos;
  }));
}

void check_block(Fixture& fixture, const Block& block) {
  auto plan = make_plan(block.request);
  if (!plan) return check_failure(block.request, plan.error(), block.expected.at(0));
  auto answer = fixture.run(*plan);
  if (!answer) return check_failure(block.request, answer.error(), block.expected.at(0));
  size_t result = 0;
  for (const std::string& expected : block.expected) {
    INFO(expected);
    if (expected.starts_with("message ")) {
      check_message(*plan, *answer, expected);
      continue;
    }
    REQUIRE(result < answer->results.size());
    CHECK(text_of(*plan, answer->results[result++]) == expected);
  }
  CHECK(result == answer->results.size());
}

Request request_of(std::vector<Query> queries) {
  return {kScope, kStartMs, kStartMs + 300'000, kNowMs, std::move(queries)};
}
Query expression(std::string text, int64_t period_s = 60) {
  return {"e", std::nullopt, std::move(text), period_s, std::nullopt, true};
}

}  // namespace

TEST_CASE("metric data scripts") {
  Fixture fixture;
  std::istringstream script(test::read_text(std::filesystem::path(KANSOKU_SOURCE_DIR) /
                                            "src/query/metric_data/testdata/requests.cases"));
  Block block{request_of({}), {}, 0};
  int64_t minutes = 5;
  size_t cases = 0, number = 0;
  auto finish = [&] {
    if (block.request.queries.empty()) return;
    INFO("line " << block.line << ": " << block.request.queries.back().expression);
    block.request.end_ms = kStartMs + minutes * 60'000;
    REQUIRE_FALSE(block.expected.empty());
    check_block(fixture, block);
    block = {request_of({}), {}, 0};
    ++cases;
  };
  for (std::string line; std::getline(script, line);) {
    ++number;
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      finish();
      continue;
    }
    if (line.starts_with("  ")) {
      block.expected.push_back(line.substr(2));
      continue;
    }
    std::string verb = take_word(line);
    if (verb == "load") {
      fixture.load(line);
    } else if (verb == "range") {
      minutes = std::stoll(line);
    } else {
      if (block.line == 0) block.line = number;
      read_query_line(block, verb, line);
    }
  }
  finish();
  CHECK(cases > 55);
}

TEST_CASE("searches find at most 500 metrics together, the first in their order") {
  Fixture fixture;
  for (int i = 0; i < 600; ++i) {
    std::string host = fmt::format("h{:03}", i);
    fixture.put({{"__name__", "m"}, {"__namespace__", "N"}, {"__unit__", "None"}, {"Host", host}},
                signal::MergeKind::Accumulate, {{kStartMs, signal::Point(i)}});
  }
  auto plan = make_plan(request_of({expression("SEARCH('{N,Host} h000', 'Sum')"),
                                    {"f", {}, "SEARCH('{N,Host} m', 'Sum')", 60, {}, true}}));
  REQUIRE(plan.has_value());
  auto answer = fixture.run(*plan);
  REQUIRE(answer.has_value());
  CHECK(answer->results.size() == 500);
  CHECK(answer->results.back().label == "h498");
  REQUIRE(answer->messages.size() == 1);
  CHECK(answer->messages[0].code == "MaxMetricsExceeded");
  CHECK(answer->messages[0].text.find("'f'") != std::string::npos);

  // A query answers 500 series, with ORDER BY those in front; LIMIT says so by itself.
  auto select = [&](const std::string& rest) {
    auto wanted = make_plan(request_of({expression("SELECT SUM(m) FROM N GROUP BY Host" + rest)}));
    REQUIRE(wanted.has_value());
    return *fixture.run(*wanted);
  };
  Answer first = select("");
  CHECK(first.results.size() == 500);
  CHECK(first.results.front().label == "h000");
  CHECK(first.messages.at(0).code == "MaxMetricsExceeded");
  Answer top = select(" ORDER BY MAX() DESC");
  CHECK(top.results.size() == 500);
  CHECK(top.results.front().label == "h599");
  CHECK(top.results.back().label == "h100");
  CHECK(top.messages.size() == 1);
  Answer three = select(" ORDER BY MAX() DESC LIMIT 3");
  CHECK(three.results.size() == 3);
  CHECK(three.messages.empty());
}

TEST_CASE("a request has limits of searches, depth and budget") {
  std::string many = "[";
  std::vector<Query> queries;
  for (int i = 0; i < 101; ++i) {
    queries.push_back({fmt::format("e{}", i), {}, "SEARCH('x', 'Sum')", 60, {}, true});
  }
  auto refused = make_plan(request_of(queries));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().query == 100);
  CHECK(refused.error().error.message.find("more than 100 searches") != std::string::npos);

  Fixture fixture;
  fixture.load("N m | 1 2 3");
  auto plan = make_plan(request_of({expression("SELECT SUM(m) FROM N")}));
  QueryLimits tight;
  tight.points_max = 1;
  auto failed = fixture.run(*plan, tight);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().error.code == ErrorCode::ResourceExhausted);
  CHECK_FALSE(failed.error().query.has_value());
}

TEST_CASE("the cells of a range are counted before anything is allocated") {
  Request request = request_of({expression("TIME_SERIES(1)")});
  request.end_ms = kStartMs + 60'000LL * 100'000'000;  // the year 2217
  auto plan = make_plan(request);
  REQUIRE(plan.has_value());
  CHECK(plan->cells() > kCellsMax);

  Fixture fixture;
  fixture.load("N m Host=a | 1");
  fixture.load("N m Host=b | 1");
  request.queries = {expression("SEARCH('{N,Host}', 'Sum', 60)")};
  request.end_ms = kStartMs + 60'000LL * 9'000'000;
  auto found = make_plan(request);
  REQUIRE(found.has_value());
  CHECK(found->cells() < kCellsMax);
  auto failed = fixture.run(*found);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().error.code == ErrorCode::InvalidArgument);
  CHECK(failed.error().error.message.find("limit 16000000") != std::string::npos);
}

TEST_CASE("an expression that many use is evaluated once") {
  Fixture fixture;
  fixture.load("N m | 1 1 1 1 1");
  std::vector<Query> queries{expression("SEARCH('m', 'Sum')")};
  queries[0].id = "e0";
  // Doubling without a memory would take 2^200 steps.
  for (int i = 1; i <= 200; ++i) {
    queries.push_back(
        {fmt::format("e{}", i), {}, fmt::format("SUM([e{0}, e{0}]) / 2", i - 1), 60, {}, i == 200});
  }
  auto plan = make_plan(request_of(queries));
  REQUIRE(plan.has_value());
  auto answer = fixture.run(*plan);
  REQUIRE(answer.has_value());
  CHECK(answer->results.back().values == std::vector<double>(5, 1.0));
}

TEST_CASE(
    "a search finds what had data in the last two weeks, a query what had data in the range") {
  Fixture fixture;
  constexpr int64_t kDayMs = 86'400'000;
  fixture.put({{"__name__", "gone"}, {"__namespace__", "N"}, {"__unit__", "None"}},
              signal::MergeKind::Accumulate, {{kNowMs - 13 * kDayMs, signal::Point(1)}});
  fixture.clock.advance(2 * kDayMs * 1'000'000);
  int64_t now_ms = kNowMs + 2 * kDayMs;
  auto results = [&](const std::string& text) {
    Request request = request_of({expression(text, 3'600)});
    request.now_ms = now_ms;
    request.start_ms = now_ms - 20 * kDayMs;
    request.end_ms = now_ms;
    return fixture.run(*make_plan(request))->results.at(0).values.size();
  };
  CHECK(results("SEARCH('gone', 'Sum')") == 0);
  CHECK(results("SELECT SUM(gone) FROM N") == 1);
}

TEST_CASE("without any period data of an age come at the finest that they have") {
  constexpr int64_t kDayMs = 86'400'000;
  auto period = [&](int64_t age_ms) {
    Request request = request_of({expression("SEARCH('x', 'Sum')", 0)});
    request.start_ms = kNowMs - age_ms;
    return make_plan(request)->period_s.at(0);
  };
  CHECK(period(3'600'000) == 60);
  CHECK(period(20 * kDayMs) == 300);
  CHECK(period(100 * kDayMs) == 3'600);
}

}  // namespace kansoku::query::metric_data
