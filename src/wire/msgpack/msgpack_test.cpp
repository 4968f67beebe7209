#include "wire/msgpack/msgpack.h"

#include <doctest/doctest.h>

#include <limits>

using namespace kansoku::wire::msgpack;

TEST_CASE("msgpack: what is written is read back, at every border of the codes") {
  std::string out;
  std::vector<uint64_t> numbers{
      0,      127,    128,        255,         256,
      65'535, 65'536, 0xffffffff, 0x100000000, std::numeric_limits<uint64_t>::max()};
  for (uint64_t number : numbers) append_uint(out, number);
  std::vector<int64_t> negative{-1, -32, -33, -128, -40'000, std::numeric_limits<int64_t>::min()};
  for (int64_t number : negative) append_int(out, number);
  std::vector<size_t> sizes{0, 31, 32, 255, 256, 65'535, 65'536};
  for (size_t size : sizes) append_text(out, std::string(size, 't'));
  for (size_t size : sizes) append_bytes(out, std::string(size, 'b'));
  append_float(out, 0.5);
  append_bool(out, true);
  append_nil(out);
  append_extension(out, 0, "12345678");
  Reader reader(out);
  Value value;
  for (uint64_t number : numbers) {
    REQUIRE(reader.next(value) == Read::Good);
    CHECK(value.unsigned_int == number);
  }
  for (int64_t number : negative) {
    REQUIRE(reader.next(value) == Read::Good);
    CHECK(value.integer == number);
  }
  for (size_t i = 0; i < 2 * sizes.size(); ++i) {
    REQUIRE(reader.next(value) == Read::Good);
    CHECK(value.text.size() == sizes[i % sizes.size()]);
    CHECK(value.kind == (i < sizes.size() ? Kind::Text : Kind::Bytes));
  }
  REQUIRE(reader.next(value) == Read::Good);
  CHECK(value.number == 0.5);
  REQUIRE(reader.next(value) == Read::Good);
  CHECK(value.truth);
  REQUIRE(reader.next(value) == Read::Good);
  CHECK(value.kind == Kind::Nil);
  REQUIRE(reader.next(value) == Read::Good);
  CHECK(value.extension == 0);
  CHECK(value.text == "12345678");
  CHECK(reader.done());
}

TEST_CASE("msgpack: a value that is cut anywhere is incomplete, and nothing is passed") {
  std::string out;
  append_map(out, 2);
  append_text(out, "log");
  append_array(out, 3);
  append_uint(out, 70'000);
  append_bytes(out, std::string(300, 'x'));
  append_extension(out, 5, "abcd");
  append_text(out, "n");
  append_float(out, 1);
  for (size_t size = 0; size < out.size(); ++size) {
    Reader reader(std::string_view(out).substr(0, size));
    CHECK(reader.skip() == Read::Incomplete);
    CHECK(reader.position() == 0);
  }
  Reader whole(out);
  std::string_view bytes;
  CHECK(whole.take(bytes) == Read::Good);
  CHECK(bytes.size() == out.size());
}

TEST_CASE("msgpack: too deep, and the code that nobody uses, are malformed") {
  std::string deep(200, '\x91');
  CHECK(Reader(deep).skip() == Read::Malformed);
  CHECK(Reader("\xc1").skip() == Read::Malformed);
  // A count that is only claimed allocates nothing and is incomplete.
  CHECK(Reader(std::string_view("\xdd\xff\xff\xff\xff\x01", 6)).skip() == Read::Incomplete);
}
