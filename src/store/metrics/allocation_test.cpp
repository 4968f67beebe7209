// No allocation per sample of a known series: counted by replacing operator new in this test
// program.
#include <doctest/doctest.h>

#include "base/test_allocations.h"
#include "store/metrics/engine_fixture.h"

#ifdef KANSOKU_COUNTS_ALLOCATIONS
namespace kansoku::store::metrics {
namespace {

std::shared_ptr<const signal::MetricBatch> batch_of(size_t series, int64_t ms) {
  signal::MetricBatchBuilder builder;
  for (size_t i = 0; i < series; ++i) {
    std::string name = fmt::format("metric_{}", i);
    std::vector<signal::LabelView> labels{{"__name__", name}, {"host", "a"}};
    builder.add_float(*builder.add_series(labels, {}), ms, static_cast<double>(i));
  }
  return builder.finish();
}

// Allocations while a batch of `series` known series is taken, from append() to the answer.
uint64_t allocations_of(EngineFixture& f, size_t series, int64_t ms) {
  auto batch = batch_of(series, ms);
  bool good = false;
  signal::MetricDelivery delivery{
      {"1", "r"},
      batch,
      {},
      signal::AckToken(series, nullptr, Lane::Ingest, [&](signal::Verdict v) { good = v.good(); })};
  uint64_t before = test::allocations.load();
  f.store().append(std::move(delivery));
  f.run();
  uint64_t after = test::allocations.load();
  CHECK(good);
  return after - before;
}

}  // namespace

TEST_CASE("known series cost no allocation a sample") {
  EngineFixture f;
  int64_t ms = f.clock().wall_now().ms();
  for (int i = 0; i < 3; ++i) (void)allocations_of(f, 20'000, ms + i * 1000);
  uint64_t small = allocations_of(f, 1'000, ms + 10'000);
  uint64_t large = allocations_of(f, 20'000, ms + 11'000);
  MESSAGE("1,000 samples: ", small, " allocations, 20,000 samples: ", large);
  // Beside a fixed number a batch, only slabs of 4,096 blocks.
  CHECK(large <= small + 24);
  CHECK(small < 100);
}

}  // namespace kansoku::store::metrics
#endif
