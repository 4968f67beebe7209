// Any text as a test script: it runs to its end.
#include <map>
#include <set>

#include "base/env/sim.h"
#include "query/promql/script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2'000) return 0;
  static kansoku::env::SimClock clock;
  kansoku::query::promql::run_script({reinterpret_cast<const char*>(data), size}, clock);
  return 0;
}
