#include <doctest/doctest.h>

#include "conformance/aws/json_value.h"
#include "wire/json/json_reader.h"
#include "wire/json/json_writer.h"

namespace kansoku::wire {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  append_json_string(out, value);
  return out;
}
std::string number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}
Status read(std::string_view json, int depth = kTreeDepthMax) {
  test::JsonTreeBuilder builder;
  return read_json(json, builder, depth);
}

TEST_CASE("json writer: a byte that is escaped is so at every place of a text of any length") {
  const std::vector<std::pair<std::string, std::string>> escapes{
      {"\"", "\\\""},      {"\\", "\\\\"},           {"\n", "\\n"},
      {"\x01", "\\u0001"}, {"\xC3\xA4", "\xC3\xA4"}, {"\xFF", "\xEF\xBF\xBD"}};
  for (size_t size = 0; size < 70; ++size) {
    for (size_t at = 0; at <= size; ++at) {
      for (const auto& [raw, escaped] : escapes) {
        const std::string before(at, '~');
        const std::string after(size - at, ' ');
        std::string out;
        append_json_string(out, before + raw + after);
        CHECK(out == "\"" + before + escaped + after + "\"");
      }
    }
  }
}

TEST_CASE("strings_are_escaped_and_read_back") {
  CHECK(escaped("a\"b\\c\n\x01") == "\"a\\\"b\\\\c\\n\\u0001\"");
  CHECK(escaped("\xE8\xA6\xB3\xE6\xB8\xAC") == "\"\xE8\xA6\xB3\xE6\xB8\xAC\"");
  for (std::string_view text : {"", "plain", "tab\there", "\x7F", "\xF0\x9F\x98\x80"}) {
    CHECK(test::parse_json(escaped(text)).text == text);
  }
}

TEST_CASE("bytes_that_are_no_utf8_become_the_replacement_character") {
  CHECK(escaped("a\xFFz") == "\"a\xEF\xBF\xBDz\"");
  CHECK(escaped("\xC0\xAF") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  CHECK(escaped("\xED\xA0\x80").find("\xED\xA0") == std::string::npos);
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));
  CHECK(is_utf8("\xF4\x8F\xBF\xBF"));
}

TEST_CASE("numbers_take_the_shortest_form_that_reads_back") {
  CHECK(number(0.1) == "0.1");
  CHECK(number(41) == "41");
  CHECK(number(1e300) == "1e+300");
  CHECK(number(-0.0) == "-0");
  CHECK(number(std::nan("")) == "null");
  for (double value : {1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.125}) {
    CHECK(test::parse_json(number(value)).number == value);
  }
}

TEST_CASE("numbers_of_many_digits_are_read_to_the_nearest_double") {
  const test::JsonValue list = test::parse_json("[12345678901234567.25,-0.10000000000000000555]");
  CHECK(list.list.at(0).number == 12345678901234567.25);
  CHECK(list.list.at(1).number == -0.1);
}

TEST_CASE("the_writer_places_commas") {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("a");
  json.begin_array();
  json.integer(1);
  json.begin_object();
  json.end_object();
  json.null();
  json.end_array();
  json.key("b");
  json.boolean(true);
  json.end_object();
  CHECK(out == R"({"a":[1,{},null],"b":true})");
}

TEST_CASE("documents_are_read_whole") {
  auto value = test::parse_json(R"( {"a":[1,-2.5,"x\u00e9",true,null],"b":{}} )");
  CHECK(value["a"].list[0].integer == 1);
  CHECK(value["a"].list[1].number == -2.5);
  CHECK(value["a"].list[2].text == "x\xC3\xA9");
  CHECK(value["a"].list[4].is_null());
  CHECK(test::parse_json("7").integer == 7);
  CHECK(test::parse_json("123456789012345678901234567890").number == 1.2345678901234568e29);
  CHECK(test::parse_json("18446744073709551615").number == 18446744073709551615.0);
}

TEST_CASE("what_is_not_json_is_refused") {
  for (std::string_view text :
       {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "nul", "nullx", "truee", "[1] 2", "{} x", "01",
        "1.", "\"\xFF\"", "{a:1}", "'a'", "[1 2]", "\"\\q\"", "[nul]", "[nope]"}) {
    INFO("input ", std::string(text));
    CHECK_FALSE(read(text).has_value());
  }
}

TEST_CASE("json_deeper_than_the_limit_is_refused_quickly") {
  CHECK(read(std::string(64, '[') + std::string(64, ']')).has_value());
  CHECK_FALSE(read(std::string(65, '[') + std::string(65, ']')).has_value());
  CHECK_FALSE(read(std::string(1'000'000, '[')).has_value());
}

}  // namespace
}  // namespace kansoku::wire
