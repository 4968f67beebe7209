#include <doctest/doctest.h>

#include "pipeline/receivers/filelog/schedule_world.h"

using namespace kansoku;
using namespace kansoku::pipeline::filelog::test;

namespace {

uint64_t number_of(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

// KANSOKU_SCHEDULES: how many; KANSOKU_SEED: the first one; KANSOKU_TRACE: prints what happened.
TEST_CASE("every line of random rotation schedules arrives once") {
  uint64_t seed = number_of("KANSOKU_SEED", 1);
  uint64_t count = number_of("KANSOKU_SCHEDULES", 3'000);
  bool trace = std::getenv("KANSOKU_TRACE") != nullptr;
  std::printf("schedules from seed %llu\n", static_cast<unsigned long long>(seed));
  uint64_t lines = 0;
  uint64_t excused = 0;
  int failed = 0;
  for (uint64_t i = 0; i < count; ++i) {
    ScheduleWorld world({.seed = seed + i, .trace = trace});
    std::string broken = world.run();
    CHECK_MESSAGE(broken.empty(), "seed ", seed + i, ": ", broken);
    if (!broken.empty() && ++failed == 3) break;
    lines += world.lines_written();
    excused += world.lines_excused();
  }
  std::printf("%llu lines, %llu of them gone before they had to be seen\n",
              static_cast<unsigned long long>(lines), static_cast<unsigned long long>(excused));
}
