// Power cuts while points become cells: a day is in cells or still in points, never both or none.
#include <doctest/doctest.h>

#include "base/time/grid.h"
#include "store/metrics/engine_fixture.h"
#include "store/metrics/tier_part.h"

namespace kansoku::store::metrics {
namespace {

using env::CutStyle;
using signal::Point;

const signal::Scope kScope{"1", "r"};
constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;
constexpr int kDays = 3;

MetricEngineOptions tier_options(bool cold) {
  MetricEngineOptions options = cold ? cold_options() : MetricEngineOptions();
  options.merge_fan_in = 2;
  TierRule rule;
  rule.matchers = {{"job", MatchOp::Equal, "node"}};
  rule.keep_ms = {0, 90 * kDay, 400 * kDay};
  options.tier_rules.push_back(rule);
  return options;
}

void pass(EngineFixture& f, int64_t ms) { f.clock().advance(ms * env::kNsPerMs); }
void begin_day(EngineFixture& f) {
  const int64_t now = f.clock().wall_now().ms();
  pass(f, floor_to(now, kDay) + kDay - now);
}

// Three days of points, then time passes until the last of them is in cells and a deletion is true
// on disk.
void run_script(EngineFixture& f) {
  begin_day(f);
  for (int day = 0; day < kDays; ++day) {
    const int64_t now = f.clock().wall_now().ms();
    std::vector<TestPoint> points;
    for (int i = 0; i < 24; ++i) {
      points.push_back({{{"job", "node"}}, now - kDay + i * kHour + 1, Point(day * 24 + i + 1)});
    }
    (void)put(f, points);
    (void)flush(f, day == 1);
    pass(f, kDay);
  }
  pass(f, 13 * kDay);
  for (int day = 0; day < kDays + 2; ++day) {
    f.store().enforce_retention([](Status) {});
    f.run();
    (void)put(f, {{{{"job", "other"}}, f.clock().wall_now().ms(), Point(1)}});
    (void)flush(f, day % 2 == 1);
    pass(f, kDay);
  }
}

// Sums over the hours of the answer, and over the raw points' values: each value stands for an
// hour, so each hour has the sum of its number.
std::string judge(EngineFixture& f, int64_t begin_ms, bool all) {
  auto answers =
      read(f, {.scope = kScope, .matchers = {{"job", MatchOp::Equal, "node"}}}, {.tier_ms = kHour});
  if (answers.empty()) return all ? "everything is gone" : "";
  if (answers.size() != 1) return "several series";
  const SeriesAnswer& answer = answers[0];
  if (all && answer.points.size() != kDays * 24)
    return fmt::format("{} hours", answer.points.size());
  for (size_t i = 0; i < answer.points.size(); ++i) {
    const double hour = static_cast<double>((answer.timestamps_ms[i] - begin_ms) / kHour) + 1;
    if (answer.points[i].sum() != hour || answer.points[i].count() != 1)
      return fmt::format("hour {} has the sum {}", hour, answer.points[i].sum());
  }
  return {};
}

void cut_at(uint64_t cut, uint64_t acknowledged, CutStyle style, bool cold) {
  env::SimFileSystem disk(cut * 7 + 1);
  disk.set_fault_hook([&](uint64_t operation, std::string_view,
                          const std::string&) -> std::optional<env::SimFault> {
    if (operation < cut) return std::nullopt;
    return env::SimFault{ErrorCode::Internal, "power is going", operation % 3 * 300};
  });
  int64_t end_ms = 0;
  int64_t begin_ms = 0;
  try {
    EngineFixture f(tier_options(cold), &disk);
    const int64_t now = f.clock().wall_now().ms();
    begin_ms = floor_to(now, kDay);
    run_script(f);
    end_ms = f.clock().wall_now().ms();
    disk.power_cut(style);
  } catch (const doctest::detail::TestFailureException&) {
    disk.power_cut(style);
  }
  disk.set_fault_hook(nullptr);
  CAPTURE(cut);
  CAPTURE(static_cast<int>(style));
  CAPTURE(disk.contents("/d/metrics/series-00000001").size());
  EngineFixture again(tier_options(cold), &disk);
  if (end_ms != 0) pass(again, end_ms - again.clock().wall_now().ms());
  const bool all = cut >= acknowledged;
  std::string problem = judge(again, begin_ms, all);
  CHECK_MESSAGE(problem.empty(), problem, ": cut at ", cut, " style ", static_cast<int>(style));
  again.store().enforce_retention([](Status) {});
  again.run();
  CHECK(flush(again, true));
  problem = judge(again, begin_ms, all);
  CHECK_MESSAGE(problem.empty(), problem, ": later, cut at ", cut);
  again.restart();
  CHECK(judge(again, begin_ms, all).empty());
}

}  // namespace

TEST_CASE("a power cut at every operation leaves each day in cells or in points") {
  for (bool cold : {false, true}) {
    uint64_t acknowledged = 0;
    uint64_t end = 0;
    {
      EngineFixture f(tier_options(cold));
      const int64_t begin_ms = floor_to(f.clock().wall_now().ms(), kDay);
      f.disk().set_fault_hook([&](uint64_t operation, std::string_view,
                                  const std::string& path) -> std::optional<env::SimFault> {
        if (acknowledged == 0 && path.find("/tier-") != path.npos) acknowledged = operation;
        return std::nullopt;
      });
      run_script(f);
      end = f.disk().operations();
      CHECK(judge(f, begin_ms, true).empty());
      CHECK(f.engine().engine_stats().tier_parts == 2 * kDays);
    }
    REQUIRE(acknowledged > 0);
    MESSAGE("operations: ", end - acknowledged);
    // What is sent before the first of these is all acknowledged.
    for (uint64_t cut = acknowledged; cut <= end; ++cut) {
      for (CutStyle style :
           {CutStyle::DropAll, CutStyle::KeepAll, CutStyle::Torn, CutStyle::Reordered}) {
        cut_at(cut, acknowledged, style, cold);
      }
    }
  }
}

TEST_CASE("a manifest that is lost is completed from the tier parts") {
  EngineFixture f(tier_options(false));
  const int64_t begin_ms = floor_to(f.clock().wall_now().ms(), kDay);
  run_script(f);
  CHECK(judge(f, begin_ms, true).empty());
  f.stop();
  f.disk().set_contents("/d/metrics/manifest", "damaged");
  REQUIRE(f.open());
  CHECK(f.engine().engine_stats().tier_parts == 2 * kDays);
  CHECK(judge(f, begin_ms, true).empty());
}

TEST_CASE("a copy of a running store has the cells") {
  env::SimFileSystem disk;
  EngineFixture f(tier_options(false), &disk);
  const int64_t begin_ms = floor_to(f.clock().wall_now().ms(), kDay);
  run_script(f);
  REQUIRE(disk.create_directories("/backup/metrics"));
  Status copied = unavailable("not answered");
  f.engine().snapshot("/backup/metrics", [&](Status status) { copied = std::move(status); });
  f.run();
  REQUIRE(copied);
  env::SimFileSystem copy;
  for (const std::string& path : disk.paths()) {
    if (!path.starts_with("/backup/")) continue;
    const std::string target = "/d" + path.substr(7);
    REQUIRE(copy.create_directories(env::parent_path(target)));
    copy.set_contents(target, disk.contents(path));
  }
  EngineFixture restored(tier_options(false), &copy);
  pass(restored, f.clock().wall_now().ms() - restored.clock().wall_now().ms());
  CHECK(judge(restored, begin_ms, true).empty());
}

}  // namespace kansoku::store::metrics
