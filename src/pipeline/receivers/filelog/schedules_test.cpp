#include <doctest/doctest.h>

#include "pipeline/receivers/filelog/schedule_world.h"

using namespace kansoku;
using namespace kansoku::pipeline::filelog::test;

namespace {

uint64_t number_of(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

// KANSOKU_SCHEDULES: how many; KANSOKU_SEED: the first one; KANSOKU_TRACE: prints what happened.
void run_schedules(uint64_t count, bool same_heads) {
  uint64_t seed = number_of("KANSOKU_SEED", 1);
  count = number_of("KANSOKU_SCHEDULES", count);
  bool trace = std::getenv("KANSOKU_TRACE") != nullptr;
  std::printf("schedules from seed %llu\n", static_cast<unsigned long long>(seed));
  uint64_t lines = 0;
  uint64_t excused = 0;
  uint64_t repeated = 0;
  int failed = 0;
  for (uint64_t i = 0; i < count && failed < 3; ++i) {
    ScheduleWorld world({.seed = seed + i, .same_heads = same_heads, .trace = trace});
    std::string broken = world.run();
    CHECK_MESSAGE(broken.empty(), "seed ", seed + i, ": ", broken);
    failed += broken.empty() ? 0 : 1;
    lines += world.lines_written();
    excused += world.lines_excused();
    repeated += world.lines_repeated();
  }
  std::printf("%llu lines, %llu gone before they had to be seen, %llu repeated\n",
              static_cast<unsigned long long>(lines), static_cast<unsigned long long>(excused),
              static_cast<unsigned long long>(repeated));
}

}  // namespace

TEST_CASE("every line of random rotation schedules arrives once") { run_schedules(3'000, false); }

TEST_CASE("no line is lost in rotation schedules of files that begin alike") {
  run_schedules(1'000, true);
}
