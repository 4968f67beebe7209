// No allocation per series or label: counted by replacing operator new in this test program.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "wire/remote_write/remote_write.h"
#include "wire/remote_write/test_messages.h"

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

using namespace kansoku::wire::remote_write;

TEST_CASE("remote write: a series takes no allocation of its own") {
  auto allocations_of = [](Version version, int count) {
    std::vector<test::Series> series;
    for (int i = 0; i < count; ++i) {
      series.push_back({.labels = {{"__name__", "metric_with_a_long_name_total"},
                                   {"instance", fmt::format("host-{}.example.com:9100", i)},
                                   {"job", "a job with a name beyond the small string"}},
                        .samples = {{1, static_cast<double>(i)}}});
    }
    std::string text = version == Version::V1 ? test::message_v1(series) : test::message_v2(series);
    uint64_t before = g_allocations.load();
    auto out = decode(version, text, {});
    uint64_t after = g_allocations.load();
    REQUIRE(out.has_value());
    CHECK(out->floats->point_count() == static_cast<size_t>(count));
    return after - before;
  };
  for (Version version : {Version::V1, Version::V2}) {
    uint64_t few = allocations_of(version, 100);
    uint64_t many = allocations_of(version, 10'000);
    // The columns double a few times more; nothing grows with the number of series.
    CHECK(many < few + 60);
  }
}
#endif
