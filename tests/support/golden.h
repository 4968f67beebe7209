// Golden files: bytes of a format that tests hold still.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace kansoku::test {

// The bytes of a file of the repository; with KANSOKU_WRITE_GOLDEN set, `now` is written to it
// first.
inline std::string golden_file(std::string_view path, std::string_view now) {
  const std::string full = std::string(KANSOKU_SOURCE_DIR) + "/" + std::string(path);
  if (std::getenv("KANSOKU_WRITE_GOLDEN") != nullptr)
    std::ofstream(full, std::ios::binary | std::ios::trunc) << now;
  std::ifstream in(full, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

}  // namespace kansoku::test
