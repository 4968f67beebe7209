#include "store/events/work_steps.h"

#include <doctest/doctest.h>

#include "store/events/block_fixture.h"

namespace kansoku::store::events {
namespace {

// Every look at it takes a millisecond.
class TickingClock final : public env::Clock {
 public:
  env::WallTime wall_now() const override { return {}; }
  env::MonotonicTime monotonic_now() const override { return {++looks_ * env::kNsPerMs}; }

 private:
  mutable int64_t looks_ = 0;
};

TEST_CASE("work that pauses at every chance writes and reads the same block") {
  TickingClock clock;
  FiberStacks stacks;
  const BlockRows rows = random_block(7, 3'000);
  std::string whole;
  encode_block(rows, whole);
  WorkSteps steps(clock, stacks, env::kNsPerMs);
  std::string bytes;
  Result<BlockRows> read = corruption("not yet read");
  size_t count = 1;
  for (;; ++count) {
    const auto done = steps.step([&](WorkPause& pause) -> Result<bool> {
      encode_block(rows, bytes, &pause);
      read = decode_block(bytes, &pause);
      return true;
    });
    REQUIRE(done);
    if (*done) break;
  }
  CHECK(count > 20);
  CHECK(bytes == whole);
  REQUIRE(read);
  CHECK(read->timestamps_ns == rows.timestamps_ns);
  CHECK(read->columns[0].text == rows.columns[0].text);
}

TEST_CASE("work that has paused is brought to its end when its steps go") {
  TickingClock clock;
  FiberStacks stacks;
  int done = 0;
  {
    WorkSteps steps(clock, stacks, env::kNsPerMs);
    const auto first = steps.step([&](WorkPause& pause) -> Result<bool> {
      for (; done < 10; ++done) pause.here();
      return true;
    });
    REQUIRE(first);
    CHECK_FALSE(*first);
    CHECK(done < 10);
  }
  CHECK(done == 10);
  CHECK(stacks.stats().in_use == 0);
}

TEST_CASE("what the work answers comes back, errors too, and new work begins") {
  TickingClock clock;
  FiberStacks stacks;
  WorkSteps steps(clock, stacks, 1'000 * env::kNsPerMs);
  CHECK_FALSE(steps.step([](WorkPause&) -> Result<bool> { return unavailable("no"); }));
  const auto more = steps.step([](WorkPause&) -> Result<bool> { return false; });
  REQUIRE(more);
  CHECK_FALSE(*more);
  CHECK(*steps.step([](WorkPause&) -> Result<bool> { return true; }));
}

}  // namespace
}  // namespace kansoku::store::events
