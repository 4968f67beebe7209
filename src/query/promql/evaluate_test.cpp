// Budgets, cancelling and the 2.x mode; values are tested by the scripts in testdata/.
#include "query/promql/evaluate.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "query/promql/memory_source.h"
#include "query/promql/parser.h"

namespace kansoku::query::promql {
namespace {

MemorySource sample_source() {
  MemorySource source;
  const LabelSet labels = LabelSet::from({{"__name__", "foo"}, {"a", "b"}});
  for (int64_t t = 0; t <= 600'000; t += 60'000)
    source.add(labels, {.t = t, .f = static_cast<double>(t)});
  source.finish();
  return source;
}

Result<QueryResult> ask(std::string_view query, QueryRange range, QueryContext& context,
                        const EvaluateOptions& options = {}) {
  MemorySource source = sample_source();
  auto expr = parse(query);
  REQUIRE(expr);
  return evaluate(**expr, range, source, options, context);
}

}  // namespace

TEST_CASE("promql evaluate: the left end of a range is open in 3.x and closed in 2.x") {
  env::SimClock clock;
  const auto count = [&](std::string_view query, bool closed) {
    QueryContext context(clock, {});
    auto result = ask(query, {300'000, 300'000, 0}, context, {.closed_ranges = closed});
    REQUIRE(result);
    REQUIRE(result->vector.size() == 1);
    return result->vector[0].point.f;
  };
  CHECK(count("count_over_time(foo[2m])", false) == 2);
  CHECK(count("count_over_time(foo[2m])", true) == 3);
  CHECK(count("count_over_time(vector(1)[1m:1m])", false) == 1);
  CHECK(count("count_over_time(vector(1)[1m:1m])", true) == 2);
  QueryContext context(clock, {});
  CHECK(ask("foo", {900'000, 900'000, 0}, context)->vector.empty());
  CHECK(ask("foo", {900'000, 900'000, 0}, context, {.closed_ranges = true})->vector.size() == 1);
}

TEST_CASE("promql evaluate: samples, memory, steps, time and cancel end a query with a reason") {
  env::SimClock clock;
  const QueryRange range{0, 600'000, 1'000};
  {
    QueryContext context(clock, {});
    auto result = ask("foo", range, context, {.samples_max = 100});
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::ResourceExhausted);
  }
  {
    QueryContext context(clock, {.memory_bytes_max = 1'000});
    auto result = ask("foo + foo", range, context);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::ResourceExhausted);
  }
  {
    QueryContext context(clock, {.points_max = 3});
    CHECK(!ask("foo", range, context));
  }
  {
    QueryContext context(clock, {});
    auto result = ask("count_over_time(foo[11574d:1ms])", {0, 0, 0}, context);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::ResourceExhausted);
  }
  {
    QueryContext context(clock, {});
    context.cancel();
    auto result = ask("foo", range, context);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::Cancelled);
  }
  {
    QueryContext context(clock, {.time_ms = 10});
    clock.advance(20 * env::kNsPerMs);
    auto result = ask("foo", range, context);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::DeadlineExceeded);
  }
}

TEST_CASE("promql evaluate: a bad range is refused") {
  env::SimClock clock;
  QueryContext context(clock, {});
  CHECK(!ask("foo", {10, 5, 1}, context));
  CHECK(!ask("foo", {0, 10, 0}, context));
  CHECK(!ask("foo", {0, 1'000'000'000'000, 1}, context));
  CHECK(!ask("foo[5m]", {0, 10'000, 1'000}, context));
  CHECK(ask("foo[5m]", {300'000, 300'000, 0}, context)->matrix.front().points.size() == 5);
}

TEST_CASE("promql evaluate: without delayed removal a function drops the name at once") {
  env::SimClock clock;
  QueryContext context(clock, {});
  const QueryRange at{300'000, 300'000, 0};
  const std::string_view query = "label_replace(abs(foo), \"was\", \"$1\", \"__name__\", \"(.+)\")";
  CHECK(ask(query, at, context)->vector[0].labels.get("was") == "foo");
  CHECK(ask(query, at, context, {.delayed_name_removal = false})
            ->vector[0]
            .labels.get("was")
            .empty());
}

}  // namespace kansoku::query::promql
