#include "store/retention/retention.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "store/metrics/engine_fixture.h"
#include "store/trusted_clock.h"

namespace kansoku::store {

TEST_CASE("retention settings become the class that keeps at least as long") {
  CHECK(retention_class_days(1) == 1);
  CHECK(retention_class_days(5) == 7);
  CHECK(retention_class_days(400) == 731);
  CHECK(retention_class_days(0) == 0);
  CHECK(retention_class_days(99999) == 0);
}

TEST_CASE("retentions are read as Prometheus writes them") {
  CHECK(retention_ms("15d") == 15 * 86'400'000LL);
  CHECK(retention_ms("1d12h") == 129'600'000);
  CHECK(retention_ms("500ms") == 500);
  for (const char* bad : {"", "d", "15", "-1d", "1x", "0s", "999999999999999y"}) {
    CHECK_FALSE(retention_ms(bad).has_value());
  }
}

TEST_CASE("the schedule has the store drop what is over, again and again") {
  metrics::EngineFixture f;
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "a"}}, now, signal::Point(1)}}).good());
  CHECK(flush(f, true));
  RetentionSchedule schedule(f.clock(),
                             [&](auto done) { f.store().enforce_retention(std::move(done)); });
  CHECK(f.store().stats().parts == 1);
  for (int day = 0; day < 16; ++day) {
    f.clock().advance(86'400 * env::kNsPerS);
    f.run();
  }
  CHECK(schedule.stats().runs >= 16);
  CHECK(schedule.stats().failures == 0);
  CHECK(f.store().stats().parts == 0);
}

TEST_CASE("trusted time doubts a forward jump for an hour, and follows a real one") {
  env::SimClock clock;
  TrustedClock trusted(clock, 0);
  int64_t start = trusted.now_ms();
  clock.advance(10 * env::kNsPerS);
  CHECK(trusted.now_ms() == start + 10'000);
  clock.jump_wall(86'400 * env::kNsPerS);
  CHECK(trusted.now_ms() == start + 10'000);
  clock.advance(1'800 * env::kNsPerS);
  CHECK(trusted.now_ms() == start + 1'810'000);
  clock.advance(1'900 * env::kNsPerS);
  CHECK(trusted.now_ms() == clock.wall_now().ms());
  clock.jump_wall(-3'600 * env::kNsPerS);
  CHECK(trusted.now_ms() == clock.wall_now().ms());
  TrustedClock restarted(clock, clock.wall_now().ms() - 86'400'000);
  CHECK(restarted.now_ms() == clock.wall_now().ms() - 86'400'000);
}

}  // namespace kansoku::store
