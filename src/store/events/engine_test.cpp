#include "store/events/engine.h"

#include <doctest/doctest.h>

#include "store/events/engine_fixture.h"
#include "store/metric_store_conformance.h"

namespace kansoku::store::events {
namespace {

std::unique_ptr<EventStoreFixture> make_engine() { return std::make_unique<EngineFixture>(); }

}  // namespace

TEST_CASE("the event engine conforms") { check_event_store(make_engine); }

TEST_CASE("the event engine counts a numbered batch once, also after a restart") {
  check_event_store_producer(make_engine);
}

TEST_CASE("the event engine equals the reference under random operations") {
  const uint64_t seed = test_seed(71);
  for (uint64_t i = 0; i < 12; ++i) {
    const auto subject = make_engine();
    const auto model = make_reference_event_fixture();
    compare_event_stores(*subject, *model, seed + i, 120);
  }
}

}  // namespace kansoku::store::events
