#include <doctest/doctest.h>

#include "conformance/aws/json_value.h"
#include "wire/cbor/cbor_reader.h"
#include "wire/cbor/cbor_writer.h"

namespace kansoku::wire {
namespace {

using test::JsonValue;

std::string from_hex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

// One whole item by the low-level reader; nesting as a test walks it.
bool skip_item(CborReader& reader, CborItem& item) {
  if (!reader.next(item)) return false;
  CborItem inner;
  switch (item.kind) {
    case CborKind::Break:
      return false;
    case CborKind::Tag:
      return skip_item(reader, inner);
    case CborKind::List:
    case CborKind::Map: {
      uint64_t left = item.argument * (item.kind == CborKind::Map ? 2 : 1);
      while (item.indefinite || left-- > 0) {
        CborReader before = reader;
        if (item.indefinite && before.next(inner) && inner.kind == CborKind::Break) {
          return reader.next(inner);
        }
        if (!skip_item(reader, inner)) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

void check_item(CborReader& reader, const JsonValue& expected);

void check_head(CborReader& reader, const CborItem& item, const std::string& kind,
                const JsonValue& value) {
  if (kind == "uint") {
    CHECK(item.kind == CborKind::Unsigned);
    CHECK(static_cast<double>(item.argument) == value.number);
  } else if (kind == "negint") {
    CHECK(item.kind == CborKind::Negative);
    CHECK(-1.0 - static_cast<double>(item.argument) == value.number);
  } else if (kind == "bool") {
    CHECK(item.kind == CborKind::Boolean);
    CHECK((item.argument != 0) == value.boolean);
  } else if (kind == "null") {
    CHECK(item.kind == CborKind::Null);
  } else if (kind == "float32" || kind == "float64") {
    CHECK(item.kind == (kind == "float32" ? CborKind::Float32 : CborKind::Float64));
    CHECK(static_cast<double>(item.argument) == value.number);
  } else if (kind == "string") {
    CHECK(item.kind == CborKind::Text);
    CHECK(item.bytes == value.text);
  } else if (kind == "bytestring") {
    CHECK(item.kind == CborKind::Bytes);
    REQUIRE(item.bytes.size() == value.list.size());
    for (size_t i = 0; i < value.list.size(); ++i) {
      CHECK(static_cast<unsigned char>(item.bytes[i]) == value.list[i].integer);
    }
  } else if (kind == "tag") {
    CHECK(item.kind == CborKind::Tag);
    CHECK(static_cast<double>(item.argument) == value["id"].number);
    check_item(reader, value["value"]);
  } else if (kind == "list") {
    CHECK(item.kind == CborKind::List);
    for (const JsonValue& one : value.list) check_item(reader, one);
  } else {
    REQUIRE(kind == "map");
    CHECK(item.kind == CborKind::Map);
    for (const auto& [key, one] : value.map) {
      CborItem name;
      REQUIRE(reader.next(name));
      CHECK(name.bytes == key);
      check_item(reader, one);
    }
  }
  CborItem end;
  if (item.indefinite && (kind == "list" || kind == "map")) {
    REQUIRE(reader.next(end));
    CHECK(end.kind == CborKind::Break);
  }
}

void check_item(CborReader& reader, const JsonValue& expected) {
  CborItem item;
  REQUIRE(reader.next(item));
  check_head(reader, item, expected.map.at(0).first, expected.map.at(0).second);
}

TEST_CASE("published_cbor_cases_decode") {
  auto folder = test::conformance("aws/cbor");
  if (!folder) return test::skip("published_cbor_cases_decode");
  for (const JsonValue& one : test::read_json_file(*folder / "decode-success-tests.json").list) {
    INFO(one["description"].text, " ", one["input"].text);
    std::string bytes = from_hex(one["input"].text);
    CborReader reader(bytes);
    check_item(reader, one["expect"]);
    CHECK(reader.at_end());
  }
}

TEST_CASE("published_broken_cbor_is_refused") {
  auto folder = test::conformance("aws/cbor");
  if (!folder) return test::skip("published_broken_cbor_is_refused");
  for (const JsonValue& one : test::read_json_file(*folder / "decode-error-tests.json").list) {
    INFO(one["description"].text, " ", one["input"].text);
    std::string bytes = from_hex(one["input"].text);
    CborReader reader(bytes);
    CborItem item;
    CHECK_FALSE(skip_item(reader, item));
    test::JsonTreeBuilder builder;
    CHECK_FALSE(read_cbor(bytes, builder).has_value());
  }
}

TEST_CASE("what_the_writer_writes_the_reader_reads") {
  std::string bytes;
  CborWriter writer(bytes);
  writer.map(2);
  writer.text("a");
  writer.begin_list();
  for (int64_t value : {int64_t{0}, int64_t{23}, int64_t{24}, int64_t{255}, int64_t{65'536},
                        int64_t{-1}, int64_t{-25}, INT64_MIN, INT64_MAX}) {
    writer.integer(value);
  }
  writer.end();
  writer.text("b");
  writer.number(1.5);
  test::JsonTreeBuilder builder;
  REQUIRE(read_cbor(bytes, builder).has_value());
  REQUIRE(builder.root["a"].list.size() == 9);
  CHECK(builder.root["a"].list[4].integer == 65'536);
  CHECK(builder.root["a"].list[6].integer == -25);
  CHECK(builder.root["a"].list[7].integer == INT64_MIN);
  CHECK(builder.root["a"].list[8].integer == INT64_MAX);
  CHECK(builder.root["b"].number == 1.5);
}

TEST_CASE("cbor_deeper_than_the_limit_is_refused") {
  std::string bytes(1'000'000, '\x81');
  bytes += '\x01';
  test::JsonTreeBuilder builder;
  Status status = read_cbor(bytes, builder);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().message.find("too deep") != std::string::npos);
}

TEST_CASE("a_length_beyond_the_input_allocates_nothing") {
  test::JsonTreeBuilder builder;
  CHECK_FALSE(read_cbor(from_hex("9b7fffffffffffffff"), builder).has_value());
  CHECK_FALSE(read_cbor(from_hex("5b7fffffffffffffff"), builder).has_value());
  CHECK_FALSE(read_cbor(from_hex("bb00ffffffffffffff61"), builder).has_value());
}

TEST_CASE("half_floats_are_read") {
  auto value = [](std::string_view hex) {
    test::JsonTreeBuilder builder;
    REQUIRE(read_cbor(from_hex(hex), builder).has_value());
    return builder.root.number;
  };
  CHECK(value("f93e00") == 1.5);
  CHECK(value("f90001") == 5.960464477539063e-8);
  CHECK(value("f9c400") == -4.0);
  CHECK(value("f97c00") == std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace kansoku::wire
