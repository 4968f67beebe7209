// No allocation per sample of a known series: counted by replacing operator new in this test
// program.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "store/metrics/engine_fixture.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KANSOKU_NO_COUNTING 1
#endif
#endif

#ifndef KANSOKU_NO_COUNTING
namespace {
std::atomic<uint64_t> g_allocations{0};
}  // namespace

void* operator new(size_t bytes) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  void* out = std::malloc(bytes == 0 ? 1 : bytes);
  if (out == nullptr) std::abort();
  return out;
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  size_t unit = static_cast<size_t>(alignment);
  void* out = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
  if (out == nullptr) std::abort();
  return out;
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, size_t, std::align_val_t) noexcept { std::free(at); }

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
  uint64_t before = g_allocations.load();
  f.store().append(std::move(delivery));
  f.run();
  uint64_t after = g_allocations.load();
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
