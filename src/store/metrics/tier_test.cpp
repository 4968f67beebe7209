// Tiers of replacing series: what is asked for after the points are gone is what the points would
// have said.
#include <doctest/doctest.h>

#include <random>

#include "base/time/grid.h"
#include "store/metrics/engine_fixture.h"
#include "store/metrics/tier_part.h"

namespace kansoku::store::metrics {
namespace {

using signal::Point;

const signal::Scope kScope{"1", "r"};
constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;
const double kStale = std::bit_cast<double>(uint64_t{0x7ff0000000000002});

MetricEngineOptions tier_options(bool cold = false) {
  MetricEngineOptions options = cold ? cold_options() : MetricEngineOptions();
  options.merge_fan_in = 2;
  TierRule rule;
  rule.matchers = {{"job", MatchOp::Regex, "node|db"}};
  rule.keep_ms = {0, 20 * kDay, 40 * kDay};
  options.tier_rules.push_back(rule);
  return options;
}

// Days are announced at one run, and folded at the next.
Status enforce(EngineFixture& f) {
  Status out;
  for (int run = 0; run < 2 && out; ++run) {
    out = unavailable("not answered");
    f.store().enforce_retention([&](Status status) { out = std::move(status); });
    f.run();
  }
  return out;
}

// The start of a day, so that tests know what falls into which.
void begin_day(EngineFixture& f) {
  const int64_t now = f.clock().wall_now().ms();
  f.clock().advance((floor_to(now, kDay) + kDay - now) * env::kNsPerMs);
}
void pass(EngineFixture& f, int64_t ms) { f.clock().advance(ms * env::kNsPerMs); }

// All points that were ever put in, by series and time.
using Model = std::map<std::string, std::map<int64_t, double>>;

struct Totals {
  double count = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
};

// Of what is older than the finer tier, the coarser one is left.
std::map<int64_t, Totals> cells_of(const std::map<int64_t, double>& points, int64_t tier_ms,
                                   int64_t begin_ms, int64_t coarse_until_ms) {
  std::map<int64_t, Totals> out;
  for (const auto& [ms, value] : points) {
    if (ms < begin_ms || std::isnan(value)) continue;
    auto [at, made] = out.try_emplace(floor_to(ms, ms < coarse_until_ms ? kHour : tier_ms),
                                      Totals{0, 0, value, value});
    at->second.count += 1;
    at->second.sum += value;
    at->second.min = std::min(at->second.min, value);
    at->second.max = std::max(at->second.max, value);
  }
  return out;
}

void check_cells(EngineFixture& f, const Model& model, int64_t tier_ms, int64_t begin_ms) {
  CAPTURE(tier_ms);
  const int64_t kept_ms = f.clock().wall_now().ms() - 20 * kDay;
  const int64_t coarse_until_ms = floor_to(kept_ms, kDay);
  for (const auto& [job, points] : model) {
    SeriesSelector selector{.scope = kScope, .matchers = {{"job", MatchOp::Equal, job}}};
    auto answers = read(f, selector, {.tier_ms = tier_ms});
    const auto want = cells_of(points, tier_ms, begin_ms, coarse_until_ms);
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].timestamps_ms.size() == want.size());
    size_t i = 0;
    for (const auto& [start_ms, cell] : want) {
      const Point& got = answers[0].points[i];
      CHECK(answers[0].timestamps_ms[i] == start_ms);
      CHECK(got.count() == cell.count);
      CHECK(got.sum() == doctest::Approx(cell.sum).epsilon(1e-12));
      CHECK(got.min() == cell.min);
      CHECK(got.max() == cell.max);
      ++i;
    }
  }
}

// PromQL's increase over all points, without extrapolation.
double increase_of(std::span<const double> values) {
  double out = 0;
  std::optional<double> before;
  for (double value : values) {
    if (std::isnan(value)) continue;
    if (before) out += value < *before ? value : value - *before;
    before = value;
  }
  return out;
}

double total_increase(EngineFixture& f, const std::string& job) {
  SeriesSelector selector{.scope = kScope, .matchers = {{"job", MatchOp::Equal, job}}};
  auto found = f.store().select(selector);
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  double out = 0;
  MetricScan scan{.scope = kScope, .ids = {found->front().id}, .view = CellView::Increase};
  REQUIRE(f.store().scan(scan, [&](const SeriesPoints& points) {
    out = increase_of(points.values);
    return Status();
  }));
  return out;
}

}  // namespace

TEST_CASE("what tiers say after the points are gone is what the points said") {
  std::mt19937_64 random(test_seed(94));
  const auto chance = [&](double p) { return std::uniform_real_distribution<>()(random) < p; };
  for (bool cold : {false, true}) {
    EngineFixture f(tier_options(cold));
    begin_day(f);
    Model model;
    std::map<std::string, double> counters;
    const int64_t first_day = f.clock().wall_now().ms();
    for (int day = 0; day < 26; ++day) {
      const int64_t now = f.clock().wall_now().ms();
      for (const char* job : {"node", "db"}) {
        std::vector<TestPoint> points;
        for (int64_t ms = now - kDay + 7'000; ms < now; ms += 170'000 + random() % 60'000) {
          double& counter = counters[job];
          counter = chance(0.02) ? static_cast<double>(random() % 50)
                                 : counter + static_cast<double>(random() % 100);
          const double value = chance(0.01) ? kStale : counter;
          points.push_back({{{"job", job}}, ms, Point(value)});
          model[job][ms] = value;
        }
        if (chance(0.3)) {
          // Of last week, too.
          const int64_t ms = now - 6 * kDay - static_cast<int64_t>(random() % kDay);
          points.push_back({{{"job", job}}, ms, Point(77)});
          model[job][ms] = 77;
        }
        CHECK(put(f, points).good());
      }
      CHECK(flush(f, chance(0.5)));
      CHECK(enforce(f));
      if (chance(0.2)) f.restart();
      if (day % 5 == 4) {
        check_cells(f, model, kHour, first_day - 10 * kDay);
        check_cells(f, model, 300'000, first_day - 10 * kDay);
        for (const auto& [job, points] : model) {
          std::vector<double> values;
          for (const auto& [ms, value] : points) values.push_back(value);
          CHECK(total_increase(f, job) == increase_of(values));
        }
      }
      pass(f, kDay);
    }
    // Twelve days of points are gone, and were in cells before.
    CHECK(f.engine().engine_stats().tier_parts > 0);
    check_cells(f, model, kHour, first_day - 10 * kDay);
  }
}

TEST_CASE("cells are kept as long as their tier, and go with it") {
  for (bool cold : {false, true}) {
    EngineFixture f(tier_options(cold));
    begin_day(f);
    const int64_t day = f.clock().wall_now().ms();
    Model model;
    std::vector<TestPoint> points;
    for (int i = 0; i < 24; ++i) {
      const int64_t ms = day + i * kHour + 60'000;
      model["node"][ms] = i;
      points.push_back({{{"job", "node"}}, ms, Point(i)});
      points.push_back({{{"job", "other"}}, ms, Point(i)});
    }
    pass(f, kDay);
    CHECK(put(f, points).good());
    CHECK(flush(f, true));
    SeriesSelector all{.scope = kScope};
    pass(f, 15 * kDay);
    CHECK(enforce(f));
    CHECK(flush(f, true));
    CHECK(read(f, all).size() == 1);  // the other has no rule
    CHECK(f.engine().engine_stats().tier_parts == 2);
    check_cells(f, model, 300'000, day);
    pass(f, 8 * kDay);
    CHECK(enforce(f));
    f.restart();
    CHECK(f.engine().engine_stats().tier_parts == 1);
    check_cells(f, model, kHour, day);
    pass(f, 16 * kDay);
    CHECK(enforce(f));
    CHECK(read(f, all, {.tier_ms = kHour}).size() == 1);
    pass(f, 2 * kDay);
    CHECK(enforce(f));
    CHECK(read(f, all, {.tier_ms = kHour}).empty());
    CHECK(f.engine().engine_stats().tier_parts == 0);
    for (const std::string& path : f.disk().paths()) CHECK(path.find("tier-") == path.npos);
  }
}

TEST_CASE("after a restart a series is found by the time of its first cell") {
  for (bool cold : {false, true}) {
    EngineFixture f(tier_options(cold));
    begin_day(f);
    const int64_t day = f.clock().wall_now().ms();
    for (int i = 0; i < 18; ++i) {
      CHECK(put(f, {{{{"job", "node"}}, day + i * kDay + kHour, Point(i)}}).good());
      CHECK(flush(f, true));
      CHECK(enforce(f));
      pass(f, kDay);
    }
    CHECK(enforce(f));
    CHECK(flush(f, true));
    for (int round = 0; round < 2; ++round) {
      auto found = f.store().select({.scope = kScope, .active_before_ms = day + kDay});
      REQUIRE(found);
      CHECK(found->size() == 1);
      CHECK(f.store().select({.scope = kScope, .active_before_ms = day - kDay})->empty());
      f.restart();
    }
  }
}

TEST_CASE("a deletion takes cells of which every point is deleted, from the disk too") {
  for (bool cold : {false, true}) {
    EngineFixture f(tier_options(cold));
    begin_day(f);
    const int64_t day = f.clock().wall_now().ms();
    pass(f, kDay);
    Model model;
    std::vector<TestPoint> points;
    for (const char* job : {"node", "db"}) {
      for (int i = 0; i < 24 * 60; ++i) {
        const int64_t ms = day + i * 60'000 + 5'000;
        model[job][ms] = i;
        points.push_back({{{"job", job}}, ms, Point(i)});
      }
    }
    CHECK(put(f, points).good());
    CHECK(flush(f, true));
    pass(f, 20 * kDay);
    CHECK(enforce(f));
    CHECK(flush(f, true));
    check_cells(f, model, kHour, day);
    SeriesSelector node{.scope = kScope, .matchers = {{"job", MatchOp::Equal, "node"}}};
    CHECK(delete_points(f, node, {day + 2 * kHour, day + 5 * kHour}).value_or(0) == 1);
    std::erase_if(model["node"], [&](const auto& point) {
      return point.first >= day + 2 * kHour && point.first < day + 5 * kHour;
    });
    check_cells(f, model, kHour, day);
    CHECK(enforce(f));  // the deletion is not forgotten as long as a file needs it
    check_cells(f, model, kHour, day);
    f.restart();
    check_cells(f, model, kHour, day);
    CHECK(clean_tombstones(f));
    check_cells(f, model, kHour, day);
    check_cells(f, model, 300'000, day);
    CHECK(f.disk().contents("/d/metrics/tombstones").size() <= 17);
    f.restart();
    check_cells(f, model, kHour, day);
    CHECK(delete_points(f, node, {}).value_or(0) == 1);
    CHECK(clean_tombstones(f));
    f.restart();
    CHECK(read(f, {.scope = kScope}, {.tier_ms = kHour}).size() == 1);
  }
}

TEST_CASE("imports are taken up to the days that become cells, and refused before them") {
  auto options = tier_options();
  options.replace_retention_ms = 400 * kDay;
  EngineFixture f(options);
  begin_day(f);
  const int64_t now = f.clock().wall_now().ms();
  const auto bring = [&](int64_t ms, double value) {
    signal::MetricBatchBuilder builder;
    std::vector<signal::LabelView> labels{{"job", "node"}};
    auto row = builder.add_series(labels, {.merge = signal::MergeKind::Replace});
    REQUIRE(row);
    builder.add_point(*row, ms, Point(value));
    bool good = false;
    signal::MetricDelivery delivery;
    delivery.batch = builder.finish();
    delivery.scope = kScope;
    delivery.back_fill = true;
    delivery.token = signal::AckToken(
        1, nullptr, Lane::Ingest, [&](const signal::Verdict& verdict) { good = verdict.good(); });
    f.store().append(std::move(delivery));
    f.run();
    return good;
  };
  CHECK(bring(now - 30 * kDay + 1, 1));
  CHECK(flush(f, true));
  CHECK(bring(now - 31 * kDay + 1, 2));
  CHECK(flush(f, true));
  const auto once = [&] {
    f.store().enforce_retention([](Status status) { CHECK(status); });
    f.run();
  };
  once();
  CHECK_FALSE(bring(now - 31 * kDay + 2, 3));
  CHECK(bring(now - 10 * kDay, 4));
  CHECK(f.engine().engine_stats().tier_parts == 0);
  once();
  CHECK(f.engine().engine_stats().tier_parts == 2);
  CHECK_FALSE(bring(now - 31 * kDay + 2, 3));
  CHECK(flush(f, true));
  auto answers = read(f, {.scope = kScope}, {.tier_ms = kHour});
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].points.size() == 3);
}

TEST_CASE("a damaged tier part is named, and the rest is answered") {
  EngineFixture f(tier_options());
  begin_day(f);
  const int64_t day = f.clock().wall_now().ms();
  pass(f, 2 * kDay);
  for (int i = 0; i < 48; ++i) {
    CHECK(put(f, {{{{"job", "node"}}, day + i * kHour + 1, Point(i)}}).good());
  }
  CHECK(flush(f, true));
  pass(f, 20 * kDay);
  CHECK(enforce(f));
  CHECK(flush(f, true));
  f.stop();
  std::string victim;
  for (const std::string& path : f.disk().paths()) {
    if (path.ends_with(".kmt") && victim.empty()) victim = path;
  }
  REQUIRE_FALSE(victim.empty());
  std::string bytes = f.disk().contents(victim);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
  f.disk().set_contents(victim, bytes);
  REQUIRE(f.open());
  auto found = f.store().select({.scope = kScope});
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  size_t cells = 0;
  auto report = f.store().scan({.scope = kScope, .ids = {found->front().id}, .tier_ms = 300'000},
                               [&](const SeriesPoints& points) {
                                 cells = points.size();
                                 return Status();
                               });
  REQUIRE(report);
  CHECK(report->missing.size() == 1);
  CHECK(cells >= 24);
}

TEST_CASE("a rule that keeps points longer than before still shows the cells of what is gone") {
  env::SimFileSystem disk;
  int64_t day = 0;
  Model model;
  env::SimClock clock;
  auto options = tier_options();
  {
    EngineFixture f(options, &disk);
    begin_day(f);
    day = f.clock().wall_now().ms();
    pass(f, kDay);
    std::vector<TestPoint> points;
    for (int i = 0; i < 300; ++i) {
      const int64_t ms = day + i * 280'000 + 3;
      model["node"][ms] = i;
      points.push_back({{{"job", "node"}}, ms, Point(i)});
    }
    CHECK(put(f, points).good());
    CHECK(flush(f, true));
    pass(f, 16 * kDay);
    CHECK(enforce(f));
    CHECK(flush(f, true));
  }
  options.tier_rules[0].raw_ms = 30 * kDay;
  EngineFixture f(options, &disk);
  begin_day(f);
  pass(f, 17 * kDay);
  check_cells(f, model, kHour, day);
}

}  // namespace kansoku::store::metrics
