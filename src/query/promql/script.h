// Runs test scripts of PromQL: Prometheus' promqltest language (*.test, *.ptest).
//
// One script: one empty store and a list of commands. Each eval is a case; each re-run of an
// instant eval is one more: with `@ <time>` added at five other times, and as the middle of a range
// query. Thread contract: free-threaded; a script is confined to its caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env/env.h"
#include "query/promql/evaluate.h"

namespace kansoku::query::promql {

struct ScriptFailure {
  size_t line = 0;
  std::string text;
};

struct ScriptReport {
  uint64_t plain_passed = 0;
  uint64_t plain_failed = 0;
  uint64_t at_passed = 0;
  uint64_t at_failed = 0;
  uint64_t range_passed = 0;
  uint64_t range_failed = 0;
  std::vector<ScriptFailure> failures;

  uint64_t passed() const { return plain_passed + at_passed + range_passed; }
  uint64_t failed() const { return plain_failed + at_failed + range_failed; }
};

// A line that cannot be read is a failed case; the script goes on behind its block.
ScriptReport run_script(std::string_view text, const env::Clock& clock);

}  // namespace kansoku::query::promql
