// The conformance suite, second part: deletion, back-fill, limits, and when series were read.
#include <doctest/doctest.h>

#include "store/metric_limits.h"
#include "store/metric_store_conformance.h"
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
  ReferenceFixture() : store_(clock_, {}) {}
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

std::vector<int64_t> times_of(MetricStoreFixture& f, std::string_view name) {
  std::vector<int64_t> out;
  auto answers = read(f, {.scope = kScope, .matchers = {{"n", MatchOp::Equal, std::string(name)}}});
  for (const SeriesAnswer& answer : answers) {
    out.insert(out.end(), answer.timestamps_ms.begin(), answer.timestamps_ms.end());
  }
  return out;
}

// Points in parts, in the frozen head and in the head; later ones stay; through merges and
// restarts.
void deletes_points_for_good(MetricStoreFixture& f) {
  int64_t t = f.clock().wall_now().ms() / kHour * kHour - kHour;
  SeriesSelector a{.scope = kScope, .matchers = {{"n", MatchOp::Equal, "a"}}};
  for (int64_t i = 0; i < 6; ++i) {
    CHECK(put(f, {{{{"n", "a"}}, t + i * kMinute, Point(1)},
                  {{{"n", "b"}}, t + i * kMinute, Point(2)},
                  {{{"n", "c"}}, t + i * kMinute, Point(3), MergeKind::Accumulate}})
              .good());
    if (i % 2 == 1) CHECK(flush(f, i == 3));
  }
  CHECK(put(f, {{{{"n", "a"}}, t + 6 * kMinute, Point(1)}}).good());
  auto deleted = delete_points(f, a, {t + kMinute, t + 5 * kMinute});
  REQUIRE(deleted);
  CHECK(*deleted == 1);
  std::vector<int64_t> left{t, t + 5 * kMinute, t + 6 * kMinute};
  for (int round = 0; round < 6; ++round) {
    CHECK(times_of(f, "a") == left);
    CHECK(times_of(f, "b").size() == 6);
    // What comes after a deletion stays, also at a deleted time.
    if (round == 0) {
      CHECK(put(f, {{{{"n", "a"}}, t + 2 * kMinute, Point(9)}}).good());
      left = {t, t + 2 * kMinute, t + 5 * kMinute, t + 6 * kMinute};
    }
    if (round == 1) f.restart();
    if (round == 2) CHECK(flush(f, false));
    if (round == 3) CHECK(clean_tombstones(f));
    if (round == 4) CHECK(flush(f, true));
    if (round == 5) f.restart();
  }
  CHECK(times_of(f, "a") == left);
  // All of it: not selected until the next point.
  CHECK(delete_points(f, a, {}).value_or(0) == 1);
  for (int round = 0; round < 3; ++round) {
    CHECK(f.store().select(a)->empty());
    CHECK(delete_points(f, a, {}).value_or(1) == 0);
    if (round == 0) CHECK(flush(f, true));
    if (round == 1) f.restart();
  }
  CHECK(put(f, {{{{"n", "a"}}, t, Point(4)}}).good());
  CHECK(times_of(f, "a") == std::vector<int64_t>{t});
}

// Cells of accumulating series are up to an hour: whole hours go, from every tier.
void deletes_whole_hours_of_accumulating_series(MetricStoreFixture& f) {
  int64_t hour = f.clock().wall_now().ms() / kHour * kHour - 2 * kHour;
  SeriesSelector c{.scope = kScope, .matchers = {{"n", MatchOp::Equal, "c"}}};
  for (int64_t ms = hour; ms < hour + 2 * kHour; ms += 10 * kMinute) {
    CHECK(put(f, {{{{"n", "c"}}, ms, Point(1), MergeKind::Accumulate}}).good());
  }
  CHECK(flush(f, false));
  auto refused = delete_points(f, c, {hour + kMinute, hour + kHour});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::InvalidArgument);
  CHECK(delete_points(f, c, {hour, hour + kHour}).value_or(0) == 1);
  for (int round = 0; round < 4; ++round) {
    for (int64_t tier : {int64_t{0}, int64_t{60'000}, int64_t{3'600'000}}) {
      double sum = 0;
      int64_t first = 0;
      for (const auto& answer : read(f, c, {.tier_ms = tier})) {
        first = answer.timestamps_ms.front();
        for (double one : sums(answer)) sum += one;
      }
      CHECK(sum == 6);
      CHECK(first == hour + kHour);
    }
    if (round == 0) CHECK(clean_tombstones(f));
    if (round == 1) CHECK(flush(f, true));
    if (round == 2) f.restart();
  }
}

void takes_a_back_fill_as_far_as_it_keeps(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  auto back_fill = [&](int64_t ms, MergeKind merge) {
    signal::MetricBatchBuilder builder;
    std::vector<signal::LabelView> labels{{"n", merge == MergeKind::Replace ? "r" : "a"}};
    auto row = builder.add_series(labels, {.merge = merge});
    REQUIRE(row);
    builder.add_float(*row, ms, 1);
    signal::Verdict verdict;
    signal::MetricDelivery delivery{
        kScope,
        builder.finish(),
        {},
        signal::AckToken(1, nullptr, Lane::Ingest, [&](signal::Verdict v) { verdict = v; })};
    delivery.back_fill = true;
    f.store().append(std::move(delivery));
    f.run();
    return verdict.good();
  };
  CHECK(back_fill(now - 14 * kDay - 12 * kHour, MergeKind::Replace));
  CHECK_FALSE(back_fill(now - 15 * kDay - kHour, MergeKind::Replace));
  CHECK(back_fill(now - 400 * kDay, MergeKind::Accumulate));
  CHECK_FALSE(back_fill(now - 456 * kDay, MergeKind::Accumulate));
  CHECK_FALSE(put(f, {{{{"n", "r"}}, now - 15 * kDay + kHour, Point(1)}}).good());
  CHECK(times_of(f, "r").size() == 1);
  CHECK(flush(f, true));
  f.restart();
  CHECK(times_of(f, "r").size() == 1);
}

void knows_when_a_series_was_read(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "a"}}, now, Point(1)}, {{{"n", "b"}}, now, Point(1)}}).good());
  CHECK(flush(f, false));
  auto all = f.store().select({.scope = kScope});
  REQUIRE(all->size() == 2);
  std::vector<SeriesId> ids{(*all)[0].id, (*all)[1].id};
  CHECK(f.store().last_read_ms(ids).value() == std::vector<int64_t>{0, 0});
  CHECK(times_of(f, "b").size() == 1);
  int64_t day = now / kDay * kDay;
  CHECK(f.store().last_read_ms(ids).value() == std::vector<int64_t>{0, day});
  f.store().enforce_retention([](Status status) { CHECK(status); });
  f.run();
  f.restart();
  CHECK(f.store().last_read_ms(ids).value() == std::vector<int64_t>{0, day});
}

void limits_series_of_an_account(MetricStoreFixture& f) {
  int64_t now = f.clock().wall_now().ms();
  CHECK(f.store().set_series_limit("1", 2));
  CHECK(put(f, {{{{"n", "a"}}, now, Point(1)}, {{{"n", "b"}}, now, Point(1)}}).good());
  auto refused = put(f, {{{{"n", "c"}}, now, Point(1)}});
  CHECK_FALSE(refused.good());
  REQUIRE(refused.counts.size() == 1);
  CHECK(refused.counts[0].reason == "series_limit");
  CHECK(put(f, {{{{"n", "c"}}, now, Point(1)}}, {"2", "r"}).good());
  CHECK(f.store().set_series_limit("1", 3));
  CHECK(put(f, {{{{"n", "c"}}, now, Point(1)}}).good());
  CHECK_FALSE(put(f, {{{{"n", "d"}}, now, Point(1)}}).good());
  CHECK(f.store().set_series_limit("1", 0));
  CHECK(put(f, {{{{"n", "d"}}, now, Point(1)}}).good());
}

}  // namespace

void check_metric_store_admin(const MetricFixtureMaker& make) {
  for (auto* check : {&deletes_points_for_good, &deletes_whole_hours_of_accumulating_series,
                      &takes_a_back_fill_as_far_as_it_keeps, &knows_when_a_series_was_read,
                      &limits_series_of_an_account}) {
    auto fixture = make();
    (*check)(*fixture);
  }
}

TEST_CASE("the reference metric engine deletes, back-fills and limits as it must") {
  check_metric_store_admin([] { return std::make_unique<ReferenceFixture>(); });
}

TEST_CASE("the embedded metric engine does so when series leave the memory at once") {
  check_metric_store_admin(
      [] { return std::make_unique<metrics::EngineFixture>(metrics::cold_options()); });
}

TEST_CASE("the embedded metric engine deletes, back-fills and limits as it must") {
  check_metric_store_admin([] { return std::make_unique<metrics::EngineFixture>(); });
}

}  // namespace kansoku::store
