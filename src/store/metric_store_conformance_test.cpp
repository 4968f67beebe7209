#include "store/metric_store_conformance.h"

#include <doctest/doctest.h>

#include <random>

#include "store/metric_limits.h"
#include "store/metrics/engine_fixture.h"
#include "store/reference/reference_metrics.h"

namespace kansoku::store {
namespace {

using signal::MergeKind;
using signal::Point;

constexpr int64_t kMinute = 60'000;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
const signal::Scope kScope{"1", "r"};

class ReferenceFixture final : public MetricStoreFixture {
 public:
  explicit ReferenceFixture(ReferenceMetricOptions options = {}) : store_(clock_, options) {}
  MetricStore& store() override { return store_; }
  env::SimClock& clock() override { return clock_; }
  void run() override {}
  void restart() override {}

 private:
  env::SimClock clock_;
  ReferenceMetricStore store_;
};

std::vector<double> sums(const SeriesAnswer& answer) {
  std::vector<double> out;
  for (const Point& point : answer.points) out.push_back(point.sum());
  return out;
}

void replaces_and_accumulates(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "gauge"}}, now, Point(1)},
                {{{"n", "count"}}, now, Point(1), MergeKind::Accumulate}})
            .good());
  CHECK(flush(f, false));
  CHECK(put(f, {{{{"n", "gauge"}}, now, Point(5)},
                {{{"n", "count"}}, now, Point(5), MergeKind::Accumulate}})
            .good());
  for (int round = 0; round < 3; ++round) {
    auto answers = read(f, {.scope = kScope});
    REQUIRE(answers.size() == 2);
    CHECK(sums(answers[0]) == std::vector<double>{6});
    CHECK(answers[0].points[0].count() == 2);
    CHECK(sums(answers[1]) == std::vector<double>{5});
    if (round == 0) CHECK(flush(f, true));
    if (round == 1) f.restart();
  }
}

void keeps_order_and_back_fill(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  for (int64_t ms : {now, now - 2 * kMinute, now - 13 * kDay, now + kHour, now - kMinute}) {
    CHECK(put(f, {{{{"n", "a"}}, ms, Point(static_cast<double>(ms))}}).good());
    CHECK(flush(f, false));
  }
  auto answers = read(f, {.scope = kScope});
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].timestamps_ms ==
        std::vector<int64_t>{now - 13 * kDay, now - 2 * kMinute, now - kMinute, now, now + kHour});
  auto part = read(f, {.scope = kScope}, {.range = {now - 2 * kMinute, now}});
  REQUIRE(part.size() == 1);
  CHECK(part[0].timestamps_ms == std::vector<int64_t>{now - 2 * kMinute, now - kMinute});
}

void refuses_what_it_must(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  auto verdict = put(f, {{{{"n", "a"}}, now - 15 * kDay, Point(1)},
                         {{{"n", "a"}}, now, Point(2)},
                         {{{"n", "a"}}, now + 3 * kHour, Point(3)}});
  CHECK_FALSE(verdict.good());
  CHECK(verdict.rows() == 3);
  std::map<std::string, uint64_t> reasons;
  for (const auto& count : verdict.counts) reasons[count.reason] += count.rows;
  CHECK(reasons == std::map<std::string, uint64_t>{{"", 1}, {"too_new", 1}, {"too_old", 1}});
  auto answers = read(f, {.scope = kScope});
  REQUIRE(answers.size() == 1);
  CHECK(sums(answers[0]) == std::vector<double>{2});
  SeriesSelector bad{.scope = kScope, .matchers = {{"n", MatchOp::Regex, "("}}};
  CHECK_FALSE(f.store().select(bad).has_value());
  CHECK_FALSE(
      f.store()
          .scan({.scope = kScope, .tier_ms = 7}, [](const SeriesPoints&) { return Status(); })
          .has_value());
}

void selects_by_every_matcher(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"__name__", "cpu"}, {"host", "a"}}, now, Point(1)},
                {{{"__name__", "cpu"}, {"host", "b"}, {"zone", "z"}}, now, Point(1)},
                {{{"__name__", "mem"}, {"host", "a"}}, now, Point(1)},
                {{{"__name__", "mem"}}, now, Point(1)}})
            .good());
  CHECK(put(f, {{{{"__name__", "cpu"}, {"host", "a"}}, now, Point(9)}}, {"2", "r"}).good());
  auto count = [&](std::vector<Matcher> matchers) {
    return read(f, {.scope = kScope, .matchers = std::move(matchers)}).size();
  };
  CHECK(count({}) == 4);
  CHECK(count({{"host", MatchOp::Equal, "a"}}) == 2);
  CHECK(count({{"host", MatchOp::Equal, ""}}) == 1);
  CHECK(count({{"host", MatchOp::NotEqual, ""}}) == 3);
  CHECK(count({{"host", MatchOp::NotEqual, "a"}}) == 2);
  CHECK(count({{"host", MatchOp::Regex, "a|b"}}) == 3);
  CHECK(count({{"host", MatchOp::Regex, "a?"}}) == 3);
  CHECK(count({{"host", MatchOp::NotRegex, "a.*"}, {"__name__", MatchOp::Equal, "cpu"}}) == 1);
  CHECK(count({{"host", MatchOp::Regex, "."}, {"zone", MatchOp::Equal, "z"}}) == 1);
  CHECK(count({{"nothing", MatchOp::Equal, "x"}}) == 0);
  SeriesSelector exact{.scope = kScope, .exact_label_names = std::vector<std::string>{"host"}};
  CHECK(read(f, exact).size() == 2);
  exact.exact_label_names->clear();
  CHECK(read(f, exact).size() == 1);
  SeriesSelector page{.scope = kScope, .limit = 3};
  auto first = f.store().select(page);
  REQUIRE(first);
  REQUIRE(first->size() == 3);
  page.after_labels = first->back().labels.canonical();
  CHECK(f.store().select(page)->size() == 1);
  SeriesSelector begun{.scope = kScope, .active_before_ms = now};
  CHECK(f.store().select(begun)->empty());
  begun.active_before_ms = now + 1;
  CHECK_FALSE(f.store().select(begun)->empty());
  SeriesSelector active{.scope = kScope, .active_since_ms = now + 1};
  CHECK(f.store().select(active)->empty());
}

// Simulated time: raw for 3 h, 60 s for 15 d, 300 s for 63 d, 3,600 s for 455 d, exact throughout.
void folds_into_tiers_exactly(MetricStoreFixture& f) {
  int64_t start = f.clock().wall_now().ms() / kHour * kHour;
  f.clock().advance((start + kHour - f.clock().wall_now().ms()) * env::kNsPerMs);
  for (int minute = 0; minute < 60; ++minute) {
    std::vector<TestPoint> points;
    for (int s = 0; s < 60; s += 5) {
      int64_t ms = start + minute * kMinute + s * 1000;
      points.push_back({{{"n", "c"}}, ms, Point(minute + s), MergeKind::Accumulate});
    }
    CHECK(put(f, points).good());
    if (minute % 7 == 0) CHECK(flush(f, false));
  }
  double all = 0;
  for (int minute = 0; minute < 60; ++minute) {
    for (int s = 0; s < 60; s += 5) all += minute + s;
  }
  auto totals = [&](int64_t tier_ms) {
    double sum = 0;
    double count = 0;
    size_t cells = 0;
    for (const SeriesAnswer& answer : read(f, {.scope = kScope}, {.tier_ms = tier_ms})) {
      for (const Point& point : answer.points) {
        sum += point.sum();
        count += point.count();
        ++cells;
      }
    }
    return std::tuple(sum, count, cells);
  };
  auto retain = [&] {
    Status kept = unavailable("not answered");
    f.store().enforce_retention([&](Status status) { kept = std::move(status); });
    f.run();
    CHECK(kept);
  };
  auto nothing = std::tuple(0.0, 0.0, size_t{0});
  CHECK(totals(0) == std::tuple(all, 720.0, size_t{720}));
  CHECK(totals(60'000) == std::tuple(all, 720.0, size_t{60}));
  CHECK(totals(300'000) == std::tuple(all, 720.0, size_t{12}));
  CHECK(totals(3'600'000) == std::tuple(all, 720.0, size_t{1}));
  f.clock().advance(3 * kHour * env::kNsPerMs);
  CHECK(flush(f, true));
  retain();
  CHECK(totals(0) == nothing);
  CHECK(totals(60'000) == std::tuple(all, 720.0, size_t{60}));
  f.clock().advance(15 * kDay * env::kNsPerMs);
  retain();
  CHECK(totals(60'000) == nothing);
  CHECK(totals(300'000) == std::tuple(all, 720.0, size_t{12}));
  f.clock().advance(48 * kDay * env::kNsPerMs);
  retain();
  f.restart();
  CHECK(totals(300'000) == nothing);
  CHECK(totals(3'600'000) == std::tuple(all, 720.0, size_t{1}));
  f.clock().advance(400 * kDay * env::kNsPerMs);
  retain();
  CHECK(totals(3'600'000) == nothing);
}

void aggregates_cells(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms() / kHour * kHour;
  for (int i = 0; i < 10; ++i) {
    CHECK(put(f, {{{{"n", "c"}}, now + i * 1000, Point(i), MergeKind::Accumulate}}).good());
  }
  auto answers = read(
      f, {.scope = kScope},
      {.range = {now + 2000, now + 9000}, .aggregate = PartialAggregate::Cells, .step_ms = 5000});
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].timestamps_ms == std::vector<int64_t>{now, now + 5000});
  CHECK(sums(answers[0]) == std::vector<double>{2 + 3 + 4, 5 + 6 + 7 + 8});
}

void survives_a_jump_of_the_clock(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "a"}}, now, Point(1)}}).good());
  CHECK(flush(f, true));
  CHECK(read(f, {.scope = kScope}).size() == 1);
  f.clock().jump_wall(3650 * kDay * env::kNsPerMs);
  f.store().enforce_retention([](Status) {});
  f.run();
  CHECK(read(f, {.scope = kScope}).size() == 1);
  f.clock().jump_wall(-3650 * kDay * env::kNsPerMs);
  CHECK(read(f, {.scope = kScope}).size() == 1);
}

}  // namespace

void check_metric_store(const MetricFixtureMaker& make) {
  for (auto* check : {&replaces_and_accumulates, &keeps_order_and_back_fill, &refuses_what_it_must,
                      &selects_by_every_matcher, &folds_into_tiers_exactly, &aggregates_cells,
                      &survives_a_jump_of_the_clock}) {
    auto fixture = make();
    (*check)(*fixture);
  }
}

uint64_t test_seed(uint64_t fallback) {
  const char* text = std::getenv("KANSOKU_SEED");
  uint64_t seed = text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
  MESSAGE("KANSOKU_SEED=", seed);
  return seed;
}

signal::Verdict put(MetricStoreFixture& fixture, const std::vector<TestPoint>& points,
                    signal::Scope scope, signal::Producer producer) {
  signal::MetricBatchBuilder builder;
  for (const TestPoint& point : points) {
    auto labels = point.labels;
    auto row = builder.add_series(labels, {.merge = point.merge});
    REQUIRE(row);
    builder.add_point(*row, point.ms, point.point);
  }
  signal::Verdict verdict;
  bool answered = false;
  auto callback = [&](signal::Verdict v) {
    verdict = std::move(v);
    answered = true;
  };
  fixture.store().append({scope, builder.finish(), std::move(producer),
                          signal::AckToken(points.size(), nullptr, Lane::Ingest, callback)});
  fixture.run();
  CHECK(answered);
  return verdict;
}

std::vector<SeriesAnswer> read(MetricStoreFixture& fixture, const SeriesSelector& selector,
                               MetricScan scan) {
  auto found = fixture.store().select(selector);
  REQUIRE(found);
  scan.scope = selector.scope;
  std::map<SeriesId, std::string> labels;
  for (const SeriesInfo& info : *found) {
    scan.ids.push_back(info.id);
    labels[info.id] = info.labels.canonical() + (info.merge == MergeKind::Replace ? "r" : "a");
  }
  std::vector<SeriesAnswer> out;
  auto report = fixture.store().scan(scan, [&](const SeriesPoints& p) {
    SeriesAnswer& answer = out.emplace_back();
    answer.labels = labels[p.id];
    answer.timestamps_ms.assign(p.timestamps_ms.begin(), p.timestamps_ms.end());
    for (size_t i = 0; i < p.size(); ++i) answer.points.push_back(p.point(i));
    return Status();
  });
  REQUIRE(report);
  CHECK(report->missing.empty());
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
  return out;
}

Status flush(MetricStoreFixture& fixture, bool merge_all) {
  Status result = unavailable("not answered");
  fixture.store().flush(merge_all, [&](Status status) { result = std::move(status); });
  fixture.run();
  return result;
}

Result<uint64_t> delete_points(MetricStoreFixture& fixture, const SeriesSelector& selector,
                               TimeRangeMs range) {
  Result<uint64_t> result = unavailable("not answered");
  fixture.store().delete_points({selector, range},
                                [&](Result<uint64_t> done) { result = std::move(done); });
  fixture.run();
  return result;
}

Status clean_tombstones(MetricStoreFixture& fixture) {
  Status result = unavailable("not answered");
  fixture.store().clean_tombstones([&](Status status) { result = std::move(status); });
  fixture.run();
  return result;
}

namespace {

// Deletes the same in both; ranges are full hours, because any series may be met.
void delete_in_both(MetricStoreFixture& subject, MetricStoreFixture& model,
                    const std::vector<std::string>& names, std::mt19937_64& random) {
  SeriesSelector selector{.scope = kScope};
  selector.matchers.push_back({"n", MatchOp::Regex, names[random() % names.size()] + "|a0"});
  TimeRangeMs range;
  if (random() % 4 != 0) {
    int64_t hour = subject.clock().wall_now().ms() / kHour * kHour;
    range.begin = hour - static_cast<int64_t>(random() % 4) * kHour;
    range.end = range.begin + static_cast<int64_t>(1 + random() % 3) * kHour;
  }
  CHECK(delete_points(subject, selector, range).has_value());
  CHECK(delete_points(model, selector, range).has_value());
  if (random() % 3 == 0) CHECK(clean_tombstones(subject));
}

Point random_point(std::mt19937_64& random) {
  auto number = [&] { return static_cast<double>(random() % 64) - 16; };
  switch (random() % 6) {
    case 0: {
      std::vector<signal::ValueCount> values;
      for (uint64_t i = 0; i < 1 + random() % 5; ++i) {
        values.push_back({number(), static_cast<double>(1 + random() % 3)});
      }
      return signal::point_from_values(std::move(values));
    }
    case 1: {
      double low = number();
      double high = low + static_cast<double>(random() % 9);
      return signal::point_from_statistic_set(4, 2 * (low + high), low, high);
    }
    default:
      return Point(number());
  }
}

std::vector<TestPoint> random_batch(std::mt19937_64& random, int64_t now_ms,
                                    std::vector<std::string>& names) {
  std::vector<TestPoint> out;
  for (uint64_t i = 0; i < 1 + random() % 20; ++i) {
    const std::string& name = names[random() % names.size()];
    int64_t ms = now_ms - static_cast<int64_t>(random() % 20) * 1000;
    if (random() % 8 == 0) ms -= static_cast<int64_t>(random() % (14 * 24 * 60)) * kMinute;
    if (random() % 16 == 0) ms += static_cast<int64_t>(random() % 110) * kMinute;
    MergeKind merge = random() % 2 == 0 ? MergeKind::Replace : MergeKind::Accumulate;
    out.push_back({{{"n", name}, {"host", std::string_view(name).substr(0, 1)}},
                   ms,
                   random_point(random),
                   merge});
  }
  return out;
}

}  // namespace

void compare_metric_stores(MetricStoreFixture& subject, MetricStoreFixture& model, uint64_t seed,
                           int steps) {
  std::mt19937_64 random(seed);
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i)
    names.push_back(fmt::format("{}{}", static_cast<char>('a' + i % 3), i));
  for (int step = 0; step < steps; ++step) {
    switch (random() % 9) {
      case 8:
        if (random() % 3 == 0) delete_in_both(subject, model, names, random);
        break;
      case 0: {
        int64_t ns = static_cast<int64_t>(random() % 7'200) * env::kNsPerS;
        if (random() % 40 == 0) ns = 10 * kDay * env::kNsPerMs;
        subject.clock().advance(ns);
        model.clock().advance(ns);
        break;
      }
      case 1:
        CHECK(flush(subject, random() % 4 == 0));
        break;
      case 2:
        if (random() % 4 != 0) break;
        subject.restart();
        // A fresh process doubts the wall clock for an hour (store/trusted_clock.h).
        for (MetricStoreFixture* f : {&subject, &model}) {
          f->clock().advance(3'601 * env::kNsPerS);
          (void)read(*f, {.scope = kScope});
        }
        break;
      case 3:
        subject.store().enforce_retention([](Status status) { CHECK(status); });
        subject.run();
        break;
      default: {
        auto batch = random_batch(random, subject.clock().wall_now().ms(), names);
        auto a = put(subject, batch);
        auto b = put(model, batch);
        CHECK(a.good() == b.good());
        break;
      }
    }
    constexpr std::array<int64_t, 4> kTiers{0, 60'000, 300'000, 3'600'000};
    MetricScan scan{.tier_ms = kTiers[random() % 4]};
    if (random() % 2 == 0) {
      scan.range.begin =
          subject.clock().wall_now().ms() - static_cast<int64_t>(random() % 7'200'000);
      scan.range.end = scan.range.begin + static_cast<int64_t>(random() % 7'200'000);
    }
    if (random() % 3 == 0) {
      scan.aggregate = PartialAggregate::Cells;
      scan.step_ms = 7'200'000;
    }
    SeriesSelector selector{.scope = kScope};
    if (random() % 3 == 0) selector.matchers.push_back({"host", MatchOp::Regex, "a|c"});
    auto mine = read(subject, selector, scan);
    auto theirs = read(model, selector, scan);
    CHECK(mine == theirs);
    for (size_t i = 0; i < std::min(mine.size(), theirs.size()) && mine != theirs; ++i) {
      if (mine[i] == theirs[i]) continue;
      for (size_t k = 0; k < std::max(mine[i].points.size(), theirs[i].points.size()); ++k) {
        auto line = [&](const SeriesAnswer& a) {
          if (k >= a.points.size()) return std::string("nothing");
          return fmt::format("{}: kind {} count {} sum {}", a.timestamps_ms[k],
                             static_cast<int>(a.points[k].kind()), a.points[k].count(),
                             a.points[k].sum());
        };
        if (k < mine[i].points.size() && k < theirs[i].points.size() &&
            mine[i].timestamps_ms[k] == theirs[i].timestamps_ms[k] &&
            mine[i].points[k] == theirs[i].points[k]) {
          continue;
        }
        MESSAGE(mine[i].labels, " ", line(mine[i]), " but the model ", line(theirs[i]));
        break;
      }
    }
    if (mine != theirs) {
      MESSAGE("differs at step ", step, " tier ", scan.tier_ms);
      return;
    }
  }
}

TEST_CASE("the reference metric engine conforms") {
  check_metric_store([] { return std::make_unique<ReferenceFixture>(); });
}

TEST_CASE("the embedded metric engine conforms") {
  check_metric_store([] { return std::make_unique<metrics::EngineFixture>(); });
}

TEST_CASE("the embedded metric engine conforms when series leave the memory at once") {
  check_metric_store(
      [] { return std::make_unique<metrics::EngineFixture>(metrics::cold_options()); });
}

TEST_CASE("the embedded metric engine answers as the reference does, step by step") {
  uint64_t seed = test_seed(20251122);
  for (uint64_t round = 0; round < 24; ++round) {
    metrics::EngineFixture subject(round % 2 == 0 ? metrics::MetricEngineOptions()
                                                  : metrics::cold_options());
    ReferenceFixture model;
    compare_metric_stores(subject, model, seed + round, 150);
  }
}

TEST_CASE("a tenant at its limit of series keeps its old ones") {
  for (int engine = 0; engine < 2; ++engine) {
    std::unique_ptr<MetricStoreFixture> f;
    if (engine == 0)
      f = std::make_unique<ReferenceFixture>(ReferenceMetricOptions{.series_per_tenant_max = 2});
    if (engine == 1) {
      metrics::MetricEngineOptions options;
      options.series_per_tenant_max = 2;
      f = std::make_unique<metrics::EngineFixture>(options);
    }
    int64_t now = f->clock().wall_now().ms();
    CHECK(put(*f, {{{{"n", "a"}}, now, Point(1)}, {{{"n", "b"}}, now, Point(1)}}).good());
    auto verdict = put(*f, {{{{"n", "c"}}, now, Point(1)}, {{{"n", "a"}}, now + 1, Point(1)}});
    CHECK_FALSE(verdict.good());
    CHECK(verdict.rows() == 2);
    CHECK(read(*f, {.scope = kScope}).size() == 2);
    CHECK(put(*f, {{{{"n", "c"}}, now, Point(1)}}, {"2", "r"}).good());
  }
}

}  // namespace kansoku::store
