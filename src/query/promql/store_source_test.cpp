#include "query/promql/store_source.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "query/promql/evaluate.h"
#include "query/promql/parser.h"
#include "store/reference/reference_metrics.h"

namespace kansoku::query::promql {
namespace {

constexpr int64_t kMinute = 60'000;
const signal::Scope kScope{"123456789012", "eu-west-1"};

struct Fixture {
  env::SimClock clock;
  store::ReferenceMetricStore store{clock, {}};
  // A whole minute, some minutes ago.
  int64_t base_ms = clock.wall_now().ms() / kMinute * kMinute - 30 * kMinute;

  void put(std::vector<signal::LabelView> labels, signal::MergeKind merge, int64_t ms,
           signal::Point point) {
    signal::MetricBatchBuilder builder;
    const auto row = builder.add_series(labels, {.merge = merge});
    REQUIRE(row);
    builder.add_point(*row, ms, std::move(point));
    signal::MetricDelivery delivery;
    delivery.batch = builder.finish();
    delivery.scope = kScope;
    delivery.token = signal::AckToken(
        1, nullptr, Lane::Ingest, [](const signal::Verdict& verdict) { CHECK(verdict.good()); });
    store.append(std::move(delivery));
  }

  Result<QueryResult> ask(std::string_view query, int64_t ms) {
    auto expr = parse(query);
    REQUIRE(expr);
    StoreSource source(store, kScope, clock);
    QueryContext context(clock, {});
    return evaluate(**expr, {ms, ms, 0}, source, {}, context);
  }

  // The value of the only series of the answer.
  double value(std::string_view query, int64_t ms) {
    CAPTURE(query);
    auto result = ask(query, ms);
    REQUIRE(result);
    REQUIRE(result->vector.size() == 1);
    return result->vector[0].point.f;
  }
};

}  // namespace

TEST_CASE("promql store: replacing series are answered as they are") {
  Fixture f;
  for (int i = 0; i <= 10; ++i) {
    f.put({{"__name__", "requests_total"}, {"job", "a"}}, signal::MergeKind::Replace,
          f.base_ms + i * 15'000, signal::Point(i * 30.0));
  }
  CHECK(f.value("requests_total", f.base_ms + 150'000) == 300);
  CHECK(f.value("rate(requests_total[1m])", f.base_ms + 150'000) == doctest::Approx(2));
  auto other = f.ask("requests_total{job!=\"a\"}", f.base_ms + 150'000);
  REQUIRE(other);
  CHECK(other->vector.empty());
}

TEST_CASE("promql store: an exponential histogram becomes a native one") {
  Fixture f;
  signal::Distribution distribution{.count = 4, .sum = 5};
  distribution.buckets =
      signal::ExponentialBuckets{.schema = 0, .positive = {{0, 1}, {1, 2}, {2, 1}}};
  f.put({{"__name__", "latency"}}, signal::MergeKind::Replace, f.base_ms,
        signal::Point(distribution));
  CHECK(f.value("histogram_count(latency)", f.base_ms) == 4);
  // Buckets (1,2] (2,4] (4,8]: the median lies half-way, in logarithms, through the second.
  CHECK(f.value("histogram_quantile(0.5, latency)", f.base_ms) ==
        doctest::Approx(2 * std::sqrt(2.0)));
}

TEST_CASE(
    "promql store: accumulating series give the average of the last closed cell, or __stat__") {
  Fixture f;
  const std::vector<signal::LabelView> labels{{"__name__", "Latency"}, {"__namespace__", "App"}};
  for (double value : {1.0, 2.0, 6.0}) {
    f.put(labels, signal::MergeKind::Accumulate, f.base_ms + 1'000, signal::Point(value));
  }
  f.put(labels, signal::MergeKind::Accumulate, f.base_ms + kMinute + 5'000, signal::Point(100.0));
  // Before its end a cell does not show; the next one does not show through it.
  auto open = f.ask("Latency", f.base_ms + kMinute - 1);
  REQUIRE(open);
  CHECK(open->vector.empty());
  const int64_t closed = f.base_ms + kMinute + 30'000;
  CHECK(f.value("Latency", closed) == 3);
  CHECK(f.value("Latency{__stat__=\"sum\"}", closed) == 9);
  CHECK(f.value("Latency{__stat__=\"count\"}", closed) == 3);
  CHECK(f.value("Latency{__stat__=\"max\"}", closed) == 6);
  CHECK(f.value("Latency{__stat__=\"p50\"}", closed) == doctest::Approx(2).epsilon(0.5));
  CHECK(f.value("Latency", f.base_ms + 2 * kMinute) == 100);
  auto result = f.ask("Latency{__stat__=\"max\"}", closed);
  REQUIRE(result);
  CHECK(!result->vector[0].labels.has("__stat__"));
  CHECK(!f.ask("Latency{__stat__=~\"max|min\"}", closed));
  CHECK(!f.ask("Latency{__stat__=\"nonsense\"}", closed));
}

TEST_CASE(
    "promql store: increase of accumulating series is the sum of deltas in the left-open window") {
  Fixture f;
  const std::vector<signal::LabelView> labels{{"__name__", "Errors"}};
  for (int i = 0; i <= 4; ++i) {
    f.put(labels, signal::MergeKind::Accumulate, f.base_ms + i * kMinute, signal::Point(10.0));
  }
  const int64_t end = f.base_ms + 4 * kMinute;
  CHECK(f.value("increase(Errors[2m])", end) == 20);
  CHECK(f.value("rate(Errors[2m])", end) == doctest::Approx(20.0 / 120));
  CHECK(f.value("increase(Errors{__stat__=\"count\"}[2m])", end) == 2);
  CHECK(!f.ask("increase(Errors{__stat__=\"p99\"}[2m])", end));
}

TEST_CASE("promql store: another tenant's series are not there") {
  Fixture f;
  f.put({{"__name__", "up"}}, signal::MergeKind::Replace, f.base_ms, signal::Point(1.0));
  StoreSource source(f.store, {"999999999999", "eu-west-1"}, f.clock);
  QueryContext context(f.clock, {});
  auto expr = parse("up");
  auto result = evaluate(**expr, {f.base_ms, f.base_ms, 0}, source, {}, context);
  REQUIRE(result);
  CHECK(result->vector.empty());
}

}  // namespace kansoku::query::promql
