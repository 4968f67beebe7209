#include "wire/protobuf/protobuf.h"

#include <doctest/doctest.h>

#include <cmath>

#include "wire/protobuf/protobuf_writer.h"

using namespace kansoku;
using namespace kansoku::wire;

TEST_CASE("protobuf fields read back in order, unknown ones are skipped") {
  std::string text;
  ProtobufWriter out(text);
  out.varint(1, 300);
  out.float64(9, 2.5);  // unknown to the reader below
  out.sint(2, -77);
  out.bytes(3, "abc");
  out.message(4, [](ProtobufWriter& inner) { inner.varint(1, ~0ULL); });
  ProtobufReader in(text);
  REQUIRE(in.next());
  CHECK(in.field() == 1);
  CHECK(in.varint() == 300);
  REQUIRE(in.next());
  CHECK(in.field() == 9);
  REQUIRE(in.next());
  CHECK(in.sint64() == -77);
  REQUIRE(in.next());
  CHECK(in.bytes() == "abc");
  REQUIRE(in.next());
  ProtobufReader inner = in.message();
  REQUIRE(inner.next());
  CHECK(inner.int64() == -1);
  CHECK_FALSE(inner.next());
  CHECK(inner.ok());
  CHECK_FALSE(in.next());
  CHECK(in.ok());
}

TEST_CASE("repeated scalars are read packed and unpacked") {
  std::string packed;
  for (uint64_t v : {1ULL, 200ULL, 70'000ULL}) append_varint(packed, v);
  std::string text;
  ProtobufWriter out(text);
  out.bytes(1, packed);
  out.varint(1, 5);
  std::vector<uint64_t> seen;
  ProtobufReader in(text);
  while (in.next()) {
    in.for_each_packed(ProtobufType::Varint,
                       [&](ProtobufReader& one) { seen.push_back(one.value_varint()); });
  }
  CHECK(in.ok());
  CHECK(seen == std::vector<uint64_t>{1, 200, 70'000, 5});
}

TEST_CASE("damaged protobuf is told, never read beyond its end") {
  for (std::string_view text :
       {std::string_view("\x0a\x05"
                         "ab",
                         4),                                                      // bytes cut
        std::string_view("\x09\x01\x02", 3),                                      // fixed64 cut
        std::string_view("\x08\xff\xff", 3),                                      // varint cut
        std::string_view("\x0b", 1),                                              // group
        std::string_view("\x00\x01", 2),                                          // field 0
        std::string_view("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11)}) {  // over 64 bits
    ProtobufReader in(text);
    while (in.next()) {
    }
    CHECK_FALSE(in.ok());
  }
  std::string text;
  ProtobufWriter(text).varint(1, 5);
  ProtobufReader in(text);
  REQUIRE(in.next());
  CHECK(in.bytes().empty());  // another wire type than the field has
  CHECK_FALSE(in.ok());
}
