#include "base/pool/fiber.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <future>

#include "base/pool/executor.h"

using namespace kansoku;

namespace {

std::unique_ptr<Fiber> fiber_on(FiberStacks& stacks, Fiber::Body body) {
  auto fiber = Fiber::make(stacks, std::move(body));
  REQUIRE(fiber.has_value());
  return std::move(*fiber);
}

// As deep as `depth` calls of some 200 bytes.
size_t dig(size_t depth) {
  volatile char room[200];
  std::memset(const_cast<char*>(room), static_cast<int>(depth), sizeof room);
  return depth == 0 ? 0 : dig(depth - 1) + (room[7] == static_cast<char>(depth) ? 1 : 0);
}

}  // namespace

TEST_CASE("a fiber goes on where it yielded, with what stands on its stack") {
  FiberStacks stacks;
  std::string seen;
  auto fiber = fiber_on(stacks, [&](Fiber& self) {
    std::string local = "a";
    for (char c : {'b', 'c', 'd'}) {
      seen += local + ' ';
      self.yield();
      local += c;
    }
    seen += local;
  });
  CHECK(seen.empty());
  int resumes = 0;
  while (fiber->resume()) ++resumes;
  CHECK(resumes == 3);
  CHECK(seen == "a ab abc abcd");
  CHECK(fiber->ended());
}

TEST_CASE("a fiber yields from the depth of its calls") {
  FiberStacks stacks;
  size_t depth_reached = 0;
  auto fiber = fiber_on(stacks, [&](Fiber& self) {
    const std::function<size_t(size_t)> deeper = [&](size_t depth) -> size_t {
      if (depth == 0) {
        self.yield();
        return 0;
      }
      return deeper(depth - 1) + 1;
    };
    depth_reached = deeper(500);
  });
  CHECK(fiber->resume());
  CHECK(depth_reached == 0);
  CHECK_FALSE(fiber->resume());
  CHECK(depth_reached == 500);
}

TEST_CASE(
    "what the body holds is gone when it has ended, and a fiber that never ran needs no end") {
  FiberStacks stacks;
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watch = held;
  auto fiber = fiber_on(stacks, [held = std::move(held)](Fiber& self) { self.yield(); });
  CHECK(fiber->resume());
  CHECK_FALSE(watch.expired());
  CHECK_FALSE(fiber->resume());
  CHECK(watch.expired());
  auto other = std::make_shared<int>(2);
  watch = other;
  fiber_on(stacks, [other = std::move(other)](Fiber&) {}).reset();
  CHECK(watch.expired());
}

TEST_CASE("exceptions are caught on the fiber that threw them") {
  FiberStacks stacks;
  int caught = 0;
  auto fiber = fiber_on(stacks, [&](Fiber& self) {
    for (int i = 0; i < 3; ++i) {
      try {
        self.yield();
        throw std::out_of_range("x");
      } catch (const std::out_of_range&) {
        ++caught;
      }
    }
  });
  while (fiber->resume()) {
  }
  CHECK(caught == 3);
}

TEST_CASE("stacks are used again, up to the number that is kept") {
  FiberStacks stacks({.stack_bytes = 256 << 10, .kept_max = 2});
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<Fiber>> fibers;
    for (int i = 0; i < 5; ++i) {
      fibers.push_back(fiber_on(stacks, [](Fiber& self) {
        dig(500);
        self.yield();
      }));
      CHECK(fibers.back()->resume());
    }
    CHECK(stacks.stats().in_use == 5);
    CHECK(stacks.stats().kept == 0);
    for (auto& fiber : fibers) CHECK_FALSE(fiber->resume());
    fibers.clear();
    CHECK(stacks.stats().in_use == 0);
    CHECK(stacks.stats().kept == 2);
  }
}

TEST_CASE("most of a stack can be used, whole or as a rest of a page") {
  FiberStacks stacks({.stack_bytes = (512 << 10) + 1});
  size_t reached = 0;
  auto fiber = fiber_on(stacks, [&](Fiber&) { reached = dig(512); });
  CHECK_FALSE(fiber->resume());
  CHECK(reached == 512);
}

TEST_CASE("many fibers go on on whatever worker is free") {
  constexpr size_t kFibers = 200;
  constexpr size_t kYields = 50;
  FiberStacks stacks({.stack_bytes = 64 << 10, .kept_max = 8});
  std::atomic<size_t> sum{0};
  std::atomic<size_t> left{kFibers};
  std::promise<void> all_ended;
  {
    ThreadPool pool(4);
    for (size_t n = 0; n < kFibers; ++n) {
      std::shared_ptr<Fiber> fiber = fiber_on(stacks, [&, n](Fiber& self) {
        // Written on one thread, read on another.
        std::vector<size_t> mine;
        for (size_t i = 0; i < kYields; ++i) {
          mine.push_back(n);
          self.yield();
        }
        for (const size_t value : mine) sum += value;
      });
      run_steps(pool, Lane::Query, [&, fiber] {
        if (fiber->resume()) return true;
        if (--left == 0) all_ended.set_value();
        return false;
      });
    }
    all_ended.get_future().wait();
  }
  CHECK(sum == kYields * (kFibers * (kFibers - 1) / 2));
  CHECK(stacks.stats().in_use == 0);
}
