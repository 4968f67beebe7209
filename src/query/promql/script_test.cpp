#include "query/promql/script.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/env/sim.h"
#include "support/conformance.h"

namespace kansoku::query::promql {
namespace {

// Runs each script of a folder; every failure is a message of its own.
void run_folder(const std::filesystem::path& folder, std::string_view suffix) {
  env::SimClock clock;
  uint64_t cases = 0;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == suffix) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const std::filesystem::path& file : files) {
    const ScriptReport report = run_script(test::read_text(file), clock);
    for (const ScriptFailure& failure : report.failures) {
      FAIL_CHECK(file.filename().string(), ":", failure.line, ": ", failure.text);
    }
    MESSAGE(file.filename().string(), ": plain ", report.plain_passed, "/",
            report.plain_passed + report.plain_failed, ", with @ ", report.at_passed, "/",
            report.at_passed + report.at_failed, ", in a range ", report.range_passed, "/",
            report.range_passed + report.range_failed);
    cases += report.passed();
  }
  CHECK(cases > 0);
}

}  // namespace

TEST_CASE("promql scripts: our own cases") {
  run_folder(std::filesystem::path(KANSOKU_SOURCE_DIR) / "src/query/promql/testdata", ".ptest");
}

TEST_CASE("promql scripts: conformance") {
  const auto folder = test::conformance("prometheus/promqltest");
  if (!folder) return test::skip("promql scripts: conformance");
  run_folder(*folder, ".test");
}

}  // namespace kansoku::query::promql
