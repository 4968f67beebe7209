#include "store/json_leaves.h"

#include <doctest/doctest.h>

#include "store/event_store.h"

namespace kansoku::store {
namespace {

std::string shown(std::string_view message) {
  std::string out;
  for (const JsonLeaf& leaf : json_leaves(message)) {
    out += leaf.path + "=";
    if (const auto* text = std::get_if<std::string>(&leaf.value)) out += "'" + *text + "'";
    if (const auto* integer = std::get_if<int64_t>(&leaf.value)) out += fmt::format("{}", *integer);
    if (const auto* number = std::get_if<double>(&leaf.value)) out += fmt::format("{}f", *number);
    if (const auto* truth = std::get_if<bool>(&leaf.value)) out += *truth ? "true" : "false";
    out += ' ';
  }
  return out;
}

}  // namespace

TEST_CASE("leaves of a JSON message are named by their paths and typed") {
  CHECK(shown(R"({"a":{"b":[true,{"c":"x"}]},"n":-7,"f":1.5,"e":1e3})") ==
        "a.b.0=true a.b.1.c='x' n=-7 f=1.5f e=1000f ");
  CHECK(shown(R"( {"k.l\\m":1,"@t":"\u00e9\n"} )") == "k\\.l\\\\m=1 @@t='é\n' ");
  CHECK(shown(R"({"big":9223372036854775808,"min":-9223372036854775808})") ==
        "big=9.223372036854776e+18f min=-9223372036854775808 ");
}

TEST_CASE("null, empty containers and repeats are no leaves") {
  CHECK(shown(R"({"a":null,"b":{},"c":[],"d":[null,2],"d":3,"e":1,"e":"x"})") == "d.1=2 d=3 e=1 ");
  CHECK(shown(R"({"a":{"b":1},"a.b":2,"a":{"b":3}})") == "a.b=1 a\\.b=2 ");
}

TEST_CASE("what is not one JSON object has no leaves") {
  for (const char* text : {"", "[1]", "3", "{\"a\":1", "{\"a\":1} x", "{\"a\":01}", "{'a':1}"})
    CHECK(shown(text).empty());
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100; ++i) deep += "[";
  for (int i = 0; i < 100; ++i) deep += "]";
  CHECK(shown(deep + "}").empty());
}

TEST_CASE("leaves have a limit") {
  std::string wide = "{";
  for (size_t i = 0; i <= kJsonLeavesMax; ++i) wide += fmt::format("\"k{}\":1,", i);
  CHECK(json_leaves(wide + "\"z\":1}").size() == kJsonLeavesMax);
  const std::string name(kEventPathBytesMax + 1, 'n');
  CHECK(shown("{\"" + name + "\":1,\"b\":2}") == "b=2 ");
}

}  // namespace kansoku::store
