// No allocation per series or label: counted by replacing operator new in this test program.
#include <doctest/doctest.h>

#include "base/test_allocations.h"
#include "wire/remote_write/remote_write.h"
#include "wire/remote_write/test_messages.h"

#ifdef KANSOKU_COUNTS_ALLOCATIONS
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
    uint64_t before = kansoku::test::allocations.load();
    auto out = decode(version, text, {});
    uint64_t after = kansoku::test::allocations.load();
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
