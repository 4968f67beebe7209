// Finds the conformance data of others, which lies outside the repository.
//
// KANSOKU_CONFORMANCE names its folder (./dev test sets it where the data is present). A test that
// finds it missing calls skip(), which prints the line that tests/run.py counts as skipped.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace kansoku::test {

// The folder `family` (e.g. "aws/sigv4") of the conformance data, or nothing.
inline std::optional<std::filesystem::path> conformance(const std::string& family) {
  const char* root = std::getenv("KANSOKU_CONFORMANCE");
  if (root == nullptr || *root == '\0') return std::nullopt;
  std::filesystem::path path = std::filesystem::path(root) / family;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

// Counts this test as skipped: no conformance data on this machine.
inline void skip(const std::string& test_name) {
  std::printf("KANSOKU_SKIP %s\n", test_name.c_str());
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace kansoku::test
