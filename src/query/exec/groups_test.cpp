#include "query/exec/groups.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "query/exec/cells.h"
#include "query/exec/namespaces.h"
#include "store/reference/reference_metrics.h"

namespace kansoku::query {
namespace {

constexpr int64_t kStartMs = 1'795'348'800'000;

struct Fixture {
  env::SimClock clock{env::WallTime{(kStartMs + 600'000) * 1'000'000}};
  store::ReferenceMetricStore store{clock, {}};

  void put(std::vector<signal::LabelView> labels, signal::MergeKind merge,
           const std::vector<std::pair<int64_t, signal::Point>>& points) {
    signal::MetricBatchBuilder builder;
    auto row = builder.add_series(labels, {.merge = merge});
    REQUIRE(row.has_value());
    for (const auto& [offset_ms, point] : points) {
      builder.add_point(*row, kStartMs + offset_ms, point);
    }
    store.append({{"1", "r"},
                  builder.finish(),
                  {},
                  signal::AckToken(points.size(), nullptr, Lane::Ingest, [](signal::Verdict) {})});
  }
  std::vector<store::SeriesInfo> all() const {
    store::SeriesSelector selector;
    selector.scope = {"1", "r"};
    return *store.select(selector);
  }
};

std::string text_of(std::span<const SummaryCell> cells) {
  std::string out;
  for (const SummaryCell& cell : cells) {
    out += cell.count == 0 ? std::string("- ")
                           : fmt::format("{}/{}/{}/{} ", cell.count, cell.sum, cell.min, cell.max);
  }
  return out;
}

}  // namespace

TEST_CASE("a group is one summary of all samples of its members at each period") {
  Fixture fixture;
  for (std::string host : {"a", "b", "c"}) {
    double base = host == "a" ? 1 : host == "b" ? 10 : 100;
    fixture.put({{"__name__", "m"}, {"__namespace__", "N"}, {"host", host}},
                signal::MergeKind::Accumulate,
                {{0, signal::Point(base)},
                 {30'000, signal::Point(2 * base)},
                 {120'000, signal::point_from_values({{3 * base, 2}})}});
  }
  QueryContext context(fixture.clock, {});
  std::vector<store::SeriesInfo> series = fixture.all();
  GroupReader reader(
      fixture.store,
      {{{"1", "r"}, {kStartMs, kStartMs + 180'000}, 60'000, false}, series, {2, 0, 1}}, context);
  std::vector<std::string> groups;
  auto more = reader.step([&](size_t group, std::span<const SummaryCell> cells) -> Status {
    CHECK(group == groups.size());
    groups.push_back(text_of(cells));
    return {};
  });
  REQUIRE(more.has_value());
  CHECK_FALSE(*more);
  CHECK(groups ==
        std::vector<std::string>{"4/33/1/20 - 4/66/3/30 ", "", "2/300/100/200 - 2/600/300/300 "});
  CHECK(context.cost().memory_bytes == 0);
}

TEST_CASE("groups are handed over while later ones are still unread, and a sink can stop them") {
  Fixture fixture;
  for (int i = 0; i < 200; ++i) {
    fixture.put({{"__name__", "m"}, {"i", fmt::format("{:03}", i)}}, signal::MergeKind::Accumulate,
                {{0, signal::Point(1)}});
  }
  QueryContext context(fixture.clock, {});
  GroupReader reader(
      fixture.store,
      {{{"1", "r"}, {kStartMs, kStartMs + 60'000}, 60'000, false}, fixture.all(), {100, 50, 50}},
      context);
  std::vector<double> counts;
  auto sink = [&](size_t, std::span<const SummaryCell> cells) -> Status {
    counts.push_back(cells[0].count);
    return {};
  };
  CHECK(*reader.step(sink));  // 64 series: no group is whole
  CHECK(counts.empty());
  CHECK(*reader.step(sink));  // 128
  CHECK(counts == std::vector<double>{100});
  CHECK(*reader.step(sink));  // 192
  CHECK_FALSE(reader
                  .step([](size_t, std::span<const SummaryCell>) -> Status {
                    return resource_exhausted("enough");
                  })
                  .has_value());
}

TEST_CASE("series that replace are read as they are, without stale markers") {
  Fixture fixture;
  double stale = std::numeric_limits<double>::quiet_NaN();
  fixture.put({{"__name__", "up"}, {"job", "api"}}, signal::MergeKind::Replace,
              {{0, signal::Point(1)},
               {15'000, signal::Point(3)},
               {30'000, signal::Point(stale)},
               {60'000, signal::Point(stale)},
               {90'000, signal::Point(5)}});
  QueryContext context(fixture.clock, {});
  CellQuery query;
  query.selector.scope = {"1", "r"};
  query.range = {kStartMs, kStartMs + 180'000};
  auto cells = read_cells(fixture.store, query, context);
  REQUIRE(cells.has_value());
  REQUIRE(cells->series.size() == 1);
  CHECK(cells->series[0].timestamps_ms == std::vector<int64_t>{kStartMs, kStartMs + 60'000});
  CHECK(cells->series[0].cells[0].sum() == 4);
  CHECK(cells->series[0].cells[0].count() == 2);
  CHECK(cells->series[0].cells[1].sum() == 5);
}

TEST_CASE("series without a namespace belong to Prometheus or OpenTelemetry") {
  Fixture fixture;
  using signal::MergeKind;
  std::vector<std::pair<int64_t, signal::Point>> one{{0, signal::Point(1)}};
  fixture.put({{"__name__", "a"}, {"job", "j"}}, MergeKind::Replace, one);
  fixture.put({{"__name__", "b"}, {"job", "j"}}, MergeKind::Accumulate, one);
  fixture.put({{"__name__", "c"}, {"otel_scope_name", "lib"}}, MergeKind::Replace, one);
  fixture.put({{"__name__", "d"}, {"__namespace__", "Prometheus"}, {"__unit__", "Count"}},
              MergeKind::Accumulate, one);
  fixture.put({{"__name__", "e"}, {"__namespace__", "App"}}, MergeKind::Accumulate, one);
  auto names = [&](std::string_view metric_namespace) {
    store::SeriesSelector selector;
    selector.scope = {"1", "r"};
    auto found = select_in_namespace(fixture.store, selector, metric_namespace);
    std::string out;
    for (const store::SeriesInfo& info : *found) {
      MetricIdentity identity = identity_of(info);
      CHECK(identity.metric_namespace == metric_namespace);
      out +=
          fmt::format("{}:{}:{} ", identity.metric_name, identity.dimensions.size(), unit_of(info));
    }
    return out;
  };
  CHECK(names("Prometheus") == "a:1:None d:0:Count ");
  CHECK(names("OTel") == "b:1:None c:1:None ");
  CHECK(names("App") == "e:0:None ");
  CHECK(names("Other") == "");
}

}  // namespace kansoku::query
