// PromQL over cells in place of points: over windows of whole cells, the same answers.
#include <doctest/doctest.h>

#include <random>

#include "base/time/grid.h"
#include "query/exec/cells.h"
#include "query/promql/evaluate.h"
#include "query/promql/parser.h"
#include "query/promql/store_source.h"
#include "store/metrics/engine_fixture.h"

namespace kansoku::query::promql {
namespace {

using store::metrics::EngineFixture;
using store::metrics::MetricEngineOptions;

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;
const signal::Scope kScope{"123456789012", "eu-west-1"};

MetricEngineOptions with_tiers() {
  MetricEngineOptions options;
  store::metrics::TierRule rule;
  rule.keep_ms = {0, 90 * kDay, 400 * kDay};
  options.tier_rules.push_back(rule);
  return options;
}
MetricEngineOptions without_tiers() {
  MetricEngineOptions options;
  options.replace_retention_ms = 400 * kDay;
  return options;
}

// The same points in both; those of `tiered` become cells.
struct Stores {
  EngineFixture tiered{with_tiers()};
  EngineFixture raw{without_tiers()};
  int64_t day_ms = 0;

  void pass(int64_t ms) {
    tiered.clock().advance(ms * env::kNsPerMs);
    raw.clock().advance(ms * env::kNsPerMs);
  }
  static void flush(EngineFixture& f) {
    Status flushed = unavailable("not answered");
    f.store().flush(true, [&](Status status) { flushed = std::move(status); });
    f.run();
    CHECK(flushed);
  }
  void put(const std::vector<store::TestPoint>& points) {
    for (EngineFixture* f : {&tiered, &raw}) {
      signal::MetricBatchBuilder builder;
      for (const store::TestPoint& point : points) {
        auto labels = point.labels;
        const auto row = builder.add_series(labels, {.merge = point.merge});
        REQUIRE(row);
        builder.add_point(*row, point.ms, point.point);
      }
      signal::MetricDelivery delivery;
      delivery.batch = builder.finish();
      delivery.scope = kScope;
      delivery.token =
          signal::AckToken(points.size(), nullptr, Lane::Ingest,
                           [](const signal::Verdict& verdict) { CHECK(verdict.good()); });
      f->store().append(std::move(delivery));
      f->run();
      flush(*f);
    }
  }
  void settle() {
    for (EngineFixture* f : {&tiered, &raw}) {
      // Days are announced at one run, and become cells at the next.
      for (int run = 0; run < 2; ++run) {
        f->store().enforce_retention([](Status status) { CHECK(status); });
        f->run();
      }
      flush(*f);
    }
  }
};

// Counters with falls and pauses, and a gauge; no point stands on the border of two cells.
void fill(Stores& s, std::mt19937_64& random, int days) {
  const int64_t now = s.tiered.clock().wall_now().ms();
  s.pass(floor_to(now, kDay) + kDay - now);
  s.day_ms = s.tiered.clock().wall_now().ms();
  std::array<double, 4> values{};
  constexpr std::array<const char*, 4> kNames{"a", "b", "c", "gauge"};
  for (int day = 0; day < days; ++day) {
    const int64_t begin = s.day_ms + day * kDay;
    s.pass(kDay);
    std::vector<store::TestPoint> points;
    for (size_t i = 0; i < kNames.size(); ++i) {
      int64_t ms = begin + 1'000 + static_cast<int64_t>(random() % 20'000);
      while (ms < begin + kDay) {
        if (i == 3) {
          values[i] = static_cast<double>(random() % 1000) / 10;
        } else if (random() % (40 * (i + 1)) == 0) {
          values[i] = static_cast<double>(random() % 30);
        } else {
          values[i] += static_cast<double>(random() % 1000) / 4;
        }
        if (ms % 60'000 != 0) {
          points.push_back(
              {{{"__name__", "x_total"}, {"n", kNames[i]}}, ms, signal::Point(values[i])});
        }
        ms += 30'000;
        if (random() % 300 == 0) ms += static_cast<int64_t>(random() % (3 * kHour));
      }
    }
    s.put(points);
  }
}

// By labels and time; `columns`: by the evaluator over columns, else point by point.
std::map<std::pair<std::string, int64_t>, double> ask(EngineFixture& f, std::string_view query,
                                                      QueryRange range, bool columns = true) {
  auto expr = parse(query);
  REQUIRE(expr);
  StoreSource source(f.store(), kScope, f.clock());
  QueryContext context(f.clock(), {});
  auto result = evaluate(**expr, range, source, {.columns = columns}, context);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().to_string()));
  std::map<std::pair<std::string, int64_t>, double> out;
  for (const Series& series : result->matrix) {
    for (const Point& point : series.points) out[{series.labels.to_string(), point.t}] = point.f;
  }
  return out;
}

void check_same(Stores& s, const std::string& query, QueryRange range, bool columns) {
  CAPTURE(query);
  CAPTURE(columns);
  const auto got = ask(s.tiered, query, range, columns);
  const auto want = ask(s.raw, query, range);
  REQUIRE(want.size() > 10);
  REQUIRE(got.size() == want.size());
  size_t wrong = 0;
  for (const auto& [key, value] : want) {
    const auto found = got.find(key);
    REQUIRE(found != got.end());
    const bool close = std::abs(found->second - value) <= 1e-9 * std::max(1.0, std::abs(value));
    if (!close && wrong++ < 3)
      CHECK_MESSAGE(close, key.second, ": ", found->second, " for ", value);
  }
  CHECK(wrong == 0);
}

// That a scan finds.
uint64_t points_of(EngineFixture& f) {
  auto found = f.store().select({.scope = kScope});
  REQUIRE(found);
  store::MetricScan scan{.scope = kScope};
  for (const store::SeriesInfo& info : *found) scan.ids.push_back(info.id);
  uint64_t out = 0;
  REQUIRE(f.store().scan(scan, [&](const store::SeriesPoints& points) {
    out += points.size();
    return Status();
  }));
  return out;
}

}  // namespace

TEST_CASE("promql tiers: windows of whole cells answer as the points did") {
  std::mt19937_64 random(941);
  Stores s;
  fill(s, random, 4);
  s.pass(13 * kDay + 12 * kHour);
  s.settle();
  // Points begin half-way through the third day.
  REQUIRE(s.tiered.clock().wall_now().ms() - 15 * kDay == s.day_ms + 60 * kHour);
  CHECK(s.tiered.engine().engine_stats().tier_parts == 6);
  CHECK(points_of(s.tiered) < points_of(s.raw) * 2 / 3);
  for (const int64_t window_ms : {kHour, 6 * kHour}) {
    const QueryRange range{s.day_ms + 6 * kHour, s.day_ms + 4 * kDay, kHour / 2};
    const std::string window = fmt::format("[{}m]", window_ms / 60'000);
    for (const char* function : {"rate", "increase", "delta", "min_over_time", "max_over_time",
                                 "avg_over_time", "sum_over_time", "count_over_time"}) {
      for (const bool columns : {true, false})
        check_same(s, fmt::format("{}(x_total{})", function, window), range, columns);
    }
  }
}

TEST_CASE("promql tiers: cells of CloudWatch's languages are the same, too") {
  std::mt19937_64 random(943);
  Stores s;
  fill(s, random, 4);
  s.pass(13 * kDay + 12 * kHour);
  s.settle();
  for (const int64_t period_ms :
       {int64_t{300'000}, int64_t{900'000}, kHour, int64_t{5'400'000}, kDay}) {
    const CellQuery query{.selector = {.scope = kScope},
                          .range = {s.day_ms, s.day_ms + 4 * kDay},
                          .period_ms = period_ms};
    CAPTURE(period_ms);
    const auto read = [&](EngineFixture& f) {
      QueryContext context(f.clock(), {});
      auto result = read_cells(f.store(), query, context);
      REQUIRE(result);
      return std::move(*result);
    };
    const CellResult got = read(s.tiered);
    const CellResult want = read(s.raw);
    REQUIRE(got.series.size() == 4);
    for (size_t i = 0; i < 4; ++i) {
      CHECK(got.series[i].timestamps_ms == want.series[i].timestamps_ms);
      REQUIRE(got.series[i].cells.size() == want.series[i].cells.size());
      for (size_t k = 0; k < want.series[i].cells.size(); ++k) {
        const signal::Point& a = got.series[i].cells[k];
        const signal::Point& b = want.series[i].cells[k];
        CHECK(a.count() == b.count());
        CHECK(a.sum() == doctest::Approx(b.sum()).epsilon(1e-12));
        CHECK(a.min() == b.min());
        CHECK(a.max() == b.max());
      }
    }
  }
}

TEST_CASE("promql tiers: hours answer when the finer cells are gone, and instants find a value") {
  std::mt19937_64 random(942);
  Stores s;
  fill(s, random, 2);
  s.pass(17 * kDay);
  s.settle();
  s.pass(90 * kDay);
  s.settle();
  const QueryRange range{s.day_ms + 6 * kHour, s.day_ms + 2 * kDay, kHour};
  for (const char* function : {"rate", "increase", "min_over_time", "max_over_time",
                               "avg_over_time", "sum_over_time", "count_over_time"}) {
    for (const bool columns : {true, false})
      check_same(s, fmt::format("{}(x_total[3h])", function), range, columns);
  }
  const QueryRange minutes{s.day_ms + 6 * kHour, s.day_ms + 2 * kDay, 420'000};
  const auto got = ask(s.tiered, "x_total", minutes);
  const auto want = ask(s.raw, "x_total", minutes);
  CHECK(got.size() >= want.size());
}

}  // namespace kansoku::query::promql
