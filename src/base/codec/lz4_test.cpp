#include "base/codec/lz4.h"

#include <doctest/doctest.h>

namespace kansoku::codec {

TEST_CASE("what lz4 packs comes back, and damage is told") {
  std::string raw;
  for (int i = 0; i < 1000; ++i) raw += fmt::format("line {} of the log\n", i % 37);
  std::string packed = "head";
  compress_lz4(raw, packed);
  CHECK(packed.size() < raw.size() / 4);
  std::string out;
  REQUIRE(decompress_lz4(std::string_view(packed).substr(4), raw.size(), out));
  CHECK(out == raw);
  CHECK_FALSE(decompress_lz4(std::string_view(packed).substr(4), raw.size() + 1, out));
  CHECK_FALSE(decompress_lz4(std::string_view(packed).substr(5), raw.size(), out));
}

}  // namespace kansoku::codec
