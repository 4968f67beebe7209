#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "query/exec/cells.h"

using namespace kansoku;
using namespace kansoku::query;
using signal::Point;

namespace {

// A store of a few series that answers scans at raw resolution, whatever tier is asked for.
class FixedStore final : public store::MetricStore {
 public:
  struct Row {
    store::SeriesInfo info;
    std::vector<int64_t> times;
    std::vector<double> values;
  };
  void append(signal::MetricDelivery delivery) override {
    delivery.token.resolve(signal::Verdict::stored(delivery.token.rows()));
  }
  Result<std::vector<store::SeriesInfo>> select(const store::SeriesSelector&) const override {
    std::vector<store::SeriesInfo> out;
    for (const Row& row : rows) out.push_back(row.info);
    return out;
  }
  Result<store::ScanReport> scan(const store::MetricScan& scan,
                                 const store::ScanSink& sink) const override {
    last_scan = scan;
    store::ScanReport report;
    report.missing = missing;
    for (const Row& row : rows) {
      if (std::find(scan.ids.begin(), scan.ids.end(), row.info.id) == scan.ids.end()) continue;
      KANSOKU_RETURN_IF_ERROR(sink({row.info.id, row.times, row.values, {}}));
    }
    return report;
  }
  void flush(bool, std::move_only_function<void(Status)> done) override { done({}); }
  void enforce_retention(std::move_only_function<void(Status)> done) override { done({}); }
  store::MetricStoreStats stats() const override { return {}; }

  std::vector<Row> rows;
  std::vector<store::TimeRangeMs> missing;
  mutable store::MetricScan last_scan;
};

FixedStore::Row row(uint64_t id, std::vector<std::pair<int64_t, double>> points) {
  FixedStore::Row out;
  out.info.id = id;
  out.info.labels = *signal::Labels::from({{"__name__", "m"}, {"id", "x"}});
  for (auto [time, value] : points) {
    out.times.push_back(time);
    out.values.push_back(value);
  }
  return out;
}

}  // namespace

TEST_CASE("cells are aligned to the epoch of the period and join their samples") {
  FixedStore store;
  store.rows.push_back(row(1, {{60'000, 1}, {90'000, 2}, {119'999, 3}, {120'000, 10}}));
  env::SimClock clock;
  QueryContext context(clock, {});
  CellQuery query;
  query.range = {70'000, 200'000};
  query.period_ms = 60'000;
  auto result = read_cells(store, query, context);
  REQUIRE(result.has_value());
  CHECK(store.last_scan.range.begin == 60'000);
  REQUIRE(result->series.size() == 1);
  CHECK(result->series[0].timestamps_ms == std::vector<int64_t>{60'000, 120'000});
  CHECK(result->series[0].cells[0].sum() == 6);
  CHECK(result->series[0].cells[0].count() == 3);
  CHECK(context.cost().points == 4);
}

TEST_CASE("the coarsest tier that divides the period is read") {
  CHECK(choose_tier_ms(1'000) == 0);
  CHECK(choose_tier_ms(30'000) == 0);
  CHECK(choose_tier_ms(60'000) == 60'000);
  CHECK(choose_tier_ms(300'000) == 300'000);
  CHECK(choose_tier_ms(600'000) == 300'000);
  CHECK(choose_tier_ms(7'200'000) == 3'600'000);
}

TEST_CASE("the chosen period respects the points wanted and the age of the range") {
  constexpr int64_t kHour = 3'600'000;
  constexpr int64_t kDay = 24 * kHour;
  int64_t now = 1'000 * kDay;
  CHECK(choose_period_ms({now - 10 * 60'000, now}, now, 800) == 1'000);
  CHECK(choose_period_ms({now - kHour, now}, now, 800) == 5'000);
  CHECK(choose_period_ms({now - 4 * kHour, now - 3 * kHour}, now, 800) == 60'000);
  CHECK(choose_period_ms({now - 20 * kDay, now - 20 * kDay + kHour}, now, 800) == 300'000);
  CHECK(choose_period_ms({now - 100 * kDay, now - 100 * kDay + kHour}, now, 800) == 3'600'000);
  CHECK(choose_period_ms({now - 400 * kDay, now}, now, 100) == 604'800'000);
}

TEST_CASE("a query ends at its limits and says which") {
  FixedStore store;
  for (uint64_t id = 0; id < 200; ++id) store.rows.push_back(row(id, {{0, 1}, {60'000, 2}}));
  env::SimClock clock;
  auto run = [&](QueryLimits limits) {
    QueryContext context(clock, limits);
    auto result = read_cells(store, {.range = {0, 120'000}}, context);
    REQUIRE_FALSE(result.has_value());
    return result.error();
  };
  CHECK(run({.series_max = 100}).message.find("200 series, limit 100") != std::string::npos);
  CHECK(run({.points_max = 50}).message.find("points, limit 50") != std::string::npos);
  CHECK(run({.memory_bytes_max = 1000}).message.find("bytes of memory, limit 1000") !=
        std::string::npos);

  QueryContext cancelled_context(clock, {});
  CellReader reader(store, {.range = {0, 120'000}}, cancelled_context);
  REQUIRE(reader.begin().has_value());
  CHECK(*reader.step());
  CHECK(cancelled_context.progress().done == 64);
  CHECK(cancelled_context.progress().total == 200);
  cancelled_context.cancel();
  CHECK(reader.step().error().code == ErrorCode::Cancelled);

  QueryContext slow(clock, {.time_ms = 1'000});
  clock.advance(2 * env::kNsPerS);
  CHECK(read_cells(store, {.range = {0, 1}}, slow).error().code == ErrorCode::DeadlineExceeded);
}

TEST_CASE("queries share one memory budget and give back what they took") {
  FixedStore store;
  store.rows.push_back(row(1, {{0, 1}, {60'000, 2}}));
  env::SimClock clock;
  MemoryBudget shared("queries", 60);
  {
    QueryContext first(clock, {}, &shared);
    REQUIRE(read_cells(store, {.range = {0, 120'000}}, first).has_value());
    CHECK(shared.used_bytes() > 0);
    QueryContext second(clock, {}, &shared);
    auto refused = read_cells(store, {.range = {0, 120'000}}, second);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::ResourceExhausted);
  }
  CHECK(shared.used_bytes() == 0);
}

TEST_CASE("memory that is refused is not held, by the shared budget or by the query's own limit") {
  env::SimClock clock;
  MemoryBudget shared("queries", 100);
  QueryContext first(clock, {.memory_bytes_max = 80}, &shared);
  QueryContext second(clock, {.memory_bytes_max = 80}, &shared);
  {
    MemoryHold a(first);
    REQUIRE(a.hold(60));
    MemoryHold b(second);
    REQUIRE(b.hold(30));
    CHECK(b.hold(50).error().code == ErrorCode::ResourceExhausted);
    CHECK(a.hold(81).error().code == ErrorCode::ResourceExhausted);
    CHECK(shared.used_bytes() == 90);
  }
  CHECK(shared.used_bytes() == 0);
  CHECK(first.cost().memory_bytes == 0);
}

TEST_CASE("a query gives way when its step is used up, and ends when it is told to meanwhile") {
  env::SimClock clock;
  QueryContext context(clock, {});
  int gave_way = 0;
  context.set_give_way([&] {
    if (++gave_way == 3) context.cancel();
    clock.advance(100 * env::kNsPerMs);  // of others
  });
  CHECK(context.check());
  CHECK(gave_way == 0);
  for (int i = 0; i < 10; ++i) {
    clock.advance(kStepNs / 5);
    CHECK(context.check());
  }
  CHECK(gave_way == 2);
  // Work is counted, and the clock looked at now and then only.
  clock.advance(kStepNs);
  Status status;
  uint64_t spent = 0;
  while (status && spent < 1'000'000) {
    status = context.spend(10);
    spent += 10;
  }
  CHECK(spent > 1'000);
  CHECK(gave_way == 3);
  CHECK(status.error().code == ErrorCode::Cancelled);
  CHECK(context.ended());
  // Who is to end does so without giving way.
  clock.advance(kStepNs);
  CHECK(context.check().error().code == ErrorCode::Cancelled);
  CHECK(gave_way == 3);
}

TEST_CASE("ranges that damage hid are passed on") {
  FixedStore store;
  store.rows.push_back(row(1, {{0, 1}}));
  store.missing.push_back({5, 6});
  env::SimClock clock;
  QueryContext context(clock, {});
  auto result = read_cells(store, {.range = {0, 120'000}}, context);
  REQUIRE(result.has_value());
  CHECK(result->missing.size() == 1);
  // Also when the damage hid the series themselves.
  store.rows.clear();
  QueryContext none(clock, {});
  CHECK(read_cells(store, {.range = {0, 120'000}}, none)->missing.size() == 1);
}
