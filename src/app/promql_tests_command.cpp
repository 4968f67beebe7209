// kansoku check promql-tests.
#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "base/env/env.h"
#include "query/promql/script.h"

namespace kansoku::app {
namespace {

// Folders within folders deeper than this are left alone.
constexpr int kFolderDepthMax = 16;

bool is_script(std::string_view name) {
  return name.ends_with(".test") || name.ends_with(".ptest");
}

// The scripts below a folder, by name.
Status collect(const std::string& folder, int depth, std::vector<std::string>& files) {
  KANSOKU_TRY(std::vector<env::DirectoryEntry> entries, env::real_files().list(folder));
  std::ranges::sort(entries, {}, &env::DirectoryEntry::name);
  for (const env::DirectoryEntry& entry : entries) {
    const std::string path = env::join_path(folder, entry.name);
    if (entry.is_directory && depth < kFolderDepthMax) {
      KANSOKU_RETURN_IF_ERROR(collect(path, depth + 1, files));
    } else if (!entry.is_directory && is_script(entry.name)) {
      files.push_back(path);
    }
  }
  return {};
}

Result<std::vector<std::string>> scripts_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    KANSOKU_TRY(const env::FileInfo info, env::real_files().info(path));
    if (info.is_directory) {
      KANSOKU_RETURN_IF_ERROR(collect(path, 0, files));
    } else {
      files.push_back(path);
    }
  }
  return files;
}

}  // namespace

int run_promql_tests(const std::vector<std::string>& paths) {
  if (paths.empty()) {
    fmt::print(stderr, "kansoku check promql-tests: name at least one file or folder\n");
    return 2;
  }
  const auto files = scripts_of(paths);
  if (!files) {
    fmt::print(stderr, "kansoku check promql-tests: {}\n", files.error().to_string());
    return 2;
  }
  uint64_t passed = 0;
  uint64_t failed = 0;
  for (const std::string& file : *files) {
    const auto text = env::real_files().read_all(file);
    if (!text) {
      fmt::print("{}:1: {}\n", file, text.error().message);
      ++failed;
      continue;
    }
    const query::promql::ScriptReport report = query::promql::run_script(*text, env::real_clock());
    for (const query::promql::ScriptFailure& failure : report.failures) {
      fmt::print("{}:{}: {}\n", file, failure.line, failure.text);
    }
    fmt::print(stderr, "{}: {}/{} plain, {}/{} with @, {}/{} in a range\n", file,
               report.plain_passed, report.plain_passed + report.plain_failed, report.at_passed,
               report.at_passed + report.at_failed, report.range_passed,
               report.range_passed + report.range_failed);
    passed += report.passed();
    failed += report.failed();
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  // A run without a case proves nothing.
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace kansoku::app
