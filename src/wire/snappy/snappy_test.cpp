#include "wire/snappy/snappy.h"

#include <doctest/doctest.h>

using namespace kansoku;
using namespace kansoku::wire;

TEST_CASE("a snappy block reads back what was written") {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += fmt::format("series {} ", i % 97);
  std::string block = snappy_encode(text);
  CHECK(block.size() < text.size() / 4);
  std::string out = "left over";
  REQUIRE(snappy_decode(block, text.size(), out).has_value());
  CHECK(out == text);
  REQUIRE(snappy_decode(snappy_encode(""), 0, out).has_value());
  CHECK(out.empty());
}

TEST_CASE("a literal and a copy by hand, as the format description has them") {
  // Length 8, literal "ab" (tag (2-1)<<2), copy of 6 bytes at distance 2 (1-byte offset form).
  std::string block = {'\x08', '\x04', 'a', 'b', '\x09', '\x02'};
  std::string out;
  REQUIRE(snappy_decode(block, 100, out).has_value());
  CHECK(out == "abababab");
}

TEST_CASE("a snappy bomb is refused before memory is taken") {
  std::string out;
  std::string claims_4_gib = {'\xff', '\xff', '\xff', '\xff', '\x0f', 'a'};
  auto status = snappy_decode(claims_4_gib, 1 << 20, out);
  REQUIRE(!status.has_value());
  CHECK(status.error().code == ErrorCode::ResourceExhausted);
  // Within the limit, but no block of this size expands so far.
  std::string claims_1_mib = {'\x80', '\x80', '\x40', 'a'};
  status = snappy_decode(claims_1_mib, 1 << 20, out);
  REQUIRE(!status.has_value());
  CHECK(status.error().code == ErrorCode::InvalidArgument);
  CHECK(out.capacity() < 4096);
}

TEST_CASE("damaged snappy blocks are refused") {
  std::string text(3'000, 'x');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i * i % 23);
  std::string block = snappy_encode(text);
  std::string out;
  for (size_t cut = 0; cut < block.size(); ++cut) {
    CHECK_FALSE(snappy_decode(block.substr(0, cut), 1 << 20, out).has_value());
  }
  CHECK_FALSE(snappy_decode("\xff\x06\x00\x00sNaPpY", 1 << 20, out).has_value());
}
