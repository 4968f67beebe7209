// Power cuts under ingest, deletion, seal, merge and clean-up: what an answered deletion took away
// never comes back, and nothing else is lost. Also copies of a running store.
#include <doctest/doctest.h>

#include "store/metrics/engine_fixture.h"

namespace kansoku::store::metrics {
namespace {

using env::CutStyle;
using signal::Point;

const signal::Scope kScope{"1", "r"};
constexpr int kSteps = 18;

MetricEngineOptions small_options(bool cold = false) {
  MetricEngineOptions options = cold ? cold_options() : MetricEngineOptions();
  options.merge_fan_in = 2;
  return options;
}

// What may be at each point's time after the script: points are numbered by their value.
struct Expectation {
  struct Each {
    bool tried = false;
    bool acknowledged = false;
    bool may_be_deleted = false;  // a deletion was tried
    bool is_deleted = false;      // and answered
  };
  std::map<int, Each> points;
};

int64_t time_of(int64_t base_ms, int point) { return base_ms + point * 1000; }

void run_script(EngineFixture& f, int64_t base_ms, Expectation& out) {
  for (int i = 0; i < kSteps; ++i) {
    out.points[i].tried = true;
    if (put(f, {{{{"n", "x"}}, time_of(base_ms, i), Point(i)},
                {{{"n", "other"}}, time_of(base_ms, i), Point(i)}})
            .good()) {
      out.points[i].acknowledged = true;
    }
    if (i % 5 == 1) (void)flush(f, i % 10 == 1);
    if (i % 4 == 3) {
      // The two before the newest; at every other time the oldest three too.
      int from = i % 8 == 7 ? 0 : i - 2;
      int to = i % 8 == 7 ? 3 : i;
      auto done = delete_points(f, {.scope = kScope, .matchers = {{"n", MatchOp::Equal, "x"}}},
                                {time_of(base_ms, from), time_of(base_ms, to)});
      for (int point = from; point < to; ++point) {
        out.points[point].may_be_deleted = true;
        if (done) out.points[point].is_deleted = true;
      }
    }
    if (i % 9 == 7) (void)clean_tombstones(f);
  }
}

std::string judge(EngineFixture& f, int64_t base_ms, const Expectation& expected) {
  for (const char* name : {"x", "other"}) {
    std::map<int, int64_t> seen;
    SeriesSelector selector{.scope = kScope, .matchers = {{"n", MatchOp::Equal, name}}};
    for (const auto& answer : read(f, selector)) {
      for (size_t i = 0; i < answer.points.size(); ++i) {
        seen[static_cast<int>(answer.points[i].value)] = answer.timestamps_ms[i];
      }
    }
    bool other = std::string_view(name) == "other";
    for (const auto& [point, each] : expected.points) {
      bool there = seen.contains(point);
      if (there && seen[point] != time_of(base_ms, point)) return "a wrong time";
      if (there && !each.tried) return "a point that nobody sent";
      if (there && each.is_deleted && !other) {
        return fmt::format("deleted point {} is back", point);
      }
      bool must = each.acknowledged && (other || !each.may_be_deleted);
      if (must && !there) return fmt::format("point {} of {} is lost", point, name);
    }
  }
  return {};
}

void cut_at(uint64_t cut, CutStyle style, bool cold) {
  env::SimFileSystem disk(cut * 5 + 3);
  disk.set_fault_hook([&](uint64_t operation, std::string_view,
                          const std::string&) -> std::optional<env::SimFault> {
    if (operation < cut) return std::nullopt;
    return env::SimFault{ErrorCode::Internal, "power is going", operation % 3 * 300};
  });
  Expectation expected;
  int64_t base_ms = env::SimClock().wall_now().ms();
  try {
    auto f = std::make_unique<EngineFixture>(small_options(cold), &disk);
    run_script(*f, base_ms, expected);
    disk.power_cut(style);
  } catch (const doctest::detail::TestFailureException&) {
    disk.power_cut(style);
  }
  disk.set_fault_hook(nullptr);
  EngineFixture again(small_options(cold), &disk);
  std::string problem = judge(again, base_ms, expected);
  CHECK_MESSAGE(problem.empty(), problem, ": cut at ", cut, " style ", static_cast<int>(style));
  CHECK(flush(again, true));
  CHECK(clean_tombstones(again));
  CHECK(judge(again, base_ms, expected).empty());
  again.restart();
  CHECK(judge(again, base_ms, expected).empty());
}

// Copies a running store's files to `to`, as a backup does.
void copy_store(EngineFixture& f, const std::string& to, const std::function<void()>& between) {
  for (const char* folder : {"/log", "/metrics"}) {
    REQUIRE(f.disk().create_directories(to + folder));
  }
  auto held = f.log().hold_segments();
  Status copied = unavailable("not answered");
  f.engine().snapshot(to + "/metrics", [&](Status status) { copied = std::move(status); });
  f.run();
  REQUIRE(copied);
  between();
  REQUIRE(f.log().snapshot(to + "/log"));
}

// The copy as a disk of its own.
void move_image(env::SimFileSystem& from, const std::string& prefix, env::SimFileSystem& to) {
  for (const std::string& path : from.paths()) {
    if (!path.starts_with(prefix + "/")) continue;
    std::string target = "/d" + path.substr(prefix.size());
    REQUIRE(to.create_directories(env::parent_path(target)));
    to.set_contents(target, from.contents(path));
  }
}

}  // namespace

TEST_CASE("a power cut at every operation brings no deleted point back and loses no other") {
  for (bool cold : {false, true}) {
    uint64_t begin = 0;
    uint64_t end = 0;
    {
      EngineFixture f(small_options(cold));
      begin = f.disk().operations();
      Expectation expected;
      run_script(f, f.clock().wall_now().ms(), expected);
      end = f.disk().operations();
      CHECK(judge(f, f.clock().wall_now().ms(), expected).empty());
      CHECK(std::ranges::all_of(expected.points,
                                [](const auto& p) { return p.second.acknowledged; }));
    }
    MESSAGE("operations: ", end - begin);
    for (uint64_t cut = begin; cut <= end; ++cut) {
      for (CutStyle style :
           {CutStyle::DropAll, CutStyle::KeepAll, CutStyle::Torn, CutStyle::Reordered}) {
        cut_at(cut, style, cold);
      }
    }
  }
}

TEST_CASE("clean-up leaves neither deleted points nor tombstones on the disk") {
  EngineFixture f(small_options());
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "x"}}, now, Point(123456.75)}, {{{"n", "y"}}, now, Point(1)}}).good());
  CHECK(flush(f, true));
  uint64_t before = f.store().stats().parts_bytes;
  SeriesSelector x{.scope = kScope, .matchers = {{"n", MatchOp::Equal, "x"}}};
  CHECK(delete_points(f, x, {}).value_or(0) == 1);
  CHECK(f.store().stats().parts_bytes == before);
  CHECK(clean_tombstones(f));
  CHECK(f.store().stats().parts_bytes < before);
  CHECK(f.disk().contents("/d/metrics/tombstones").size() <= 17);
  CHECK(read(f, {.scope = kScope}).size() == 1);
}

TEST_CASE("a damaged file of deletions stops the start instead of showing what was deleted") {
  env::SimFileSystem disk;
  EngineFixture f(small_options(), &disk);
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "x"}}, now, Point(1)}}).good());
  CHECK(delete_points(f, {.scope = kScope}, {}).value_or(0) == 1);
  CHECK(put(f, {{{{"n", "y"}}, now, Point(1)}}).good());
  CHECK(flush(f, false));
  f.stop();
  std::string bytes = disk.contents("/d/metrics/tombstones");
  REQUIRE(bytes.size() > 17);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    disk.set_contents("/d/metrics/tombstones", damaged);
    Status opened = f.open();
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == ErrorCode::DataLoss);
    f.stop();
  }
  disk.set_contents("/d/metrics/tombstones", bytes);
  CHECK(f.open());
  CHECK(read(f, {.scope = kScope}).size() == 1);
}

TEST_CASE("a copy of a running store holds what was acknowledged before, once") {
  for (int variant = 0; variant < 3; ++variant) {
    env::SimFileSystem disk;
    EngineFixture f(small_options(), &disk);
    int64_t base = f.clock().wall_now().ms() / 3'600'000 * 3'600'000;
    auto send = [&](int i) {
      CHECK(put(f,
                {{{{"n", "sum"}}, base, Point(std::pow(4.0, i)), signal::MergeKind::Accumulate},
                 {{{"n", "x"}}, base + i, Point(i)}},
                kScope, {"sender", 1, static_cast<uint64_t>(i + 1)})
                .good());
    };
    for (int i = 0; i < 6; ++i) {
      send(i);
      if (i % 2 == 1) CHECK(flush(f, false));
    }
    CHECK(delete_points(f, {.scope = kScope, .matchers = {{"n", MatchOp::Equal, "x"}}},
                        {base + 1, base + 3})
              .has_value());
    send(6);
    // Ingest, a seal, and a merge of everything fall into the copying.
    copy_store(f, "/backup", [&] {
      if (variant == 0) return;
      send(7);
      CHECK(flush(f, variant == 2));
      send(8);
    });
    send(9);
    CHECK(flush(f, true));
    env::SimFileSystem copy;
    move_image(disk, "/backup", copy);
    EngineFixture restored(small_options(), &copy);
    int sent = variant == 0 ? 7 : 9;
    double sum = 0;
    for (int i = 0; i < sent; ++i) sum += std::pow(4.0, i);
    auto answers = read(restored, {.scope = kScope});
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].points[0].sum() + answers[1].points[0].sum() == sum);
    auto x = read(restored, {.scope = kScope, .matchers = {{"n", MatchOp::Equal, "x"}}});
    CHECK(x[0].points.size() == static_cast<size_t>(sent - 2));
    // The copy goes on by itself, and knows what its senders have sent.
    auto again = put(restored, {{{{"n", "x"}}, base + 100, Point(1)}}, kScope,
                     {"sender", 1, static_cast<uint64_t>(sent)});
    CHECK(again.good());
    CHECK(read(restored, {.scope = kScope, .matchers = {{"n", MatchOp::Equal, "x"}}})[0]
              .points.size() == static_cast<size_t>(sent - 2));
    CHECK(put(restored, {{{{"n", "x"}}, base + 100, Point(1)}}).good());
    CHECK(flush(restored, true));
    restored.restart();
    CHECK(read(restored, {.scope = kScope, .matchers = {{"n", MatchOp::Equal, "x"}}})[0]
              .points.size() == static_cast<size_t>(sent - 1));
  }
}

}  // namespace kansoku::store::metrics
