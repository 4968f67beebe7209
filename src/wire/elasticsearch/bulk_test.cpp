#include "wire/elasticsearch/bulk.h"

#include <doctest/doctest.h>

using namespace kansoku;
namespace es = wire::elasticsearch;

namespace {

// "action index id document" of all items, or the error as the last.
std::vector<std::string> items_of(std::string body) {
  const wire::PaddedText text(std::move(body));
  es::BulkReader reader(text);
  std::vector<std::string> out;
  for (;;) {
    const auto item = reader.next();
    if (!item) {
      out.push_back(item.error().message);
      return out;
    }
    if (!*item) return out;
    out.push_back(fmt::format("{} {} {} {}", es::action_name((*item)->action), (*item)->index,
                              (*item)->id, (*item)->document));
  }
}

std::string time_of(std::string document) {
  const wire::PaddedText text(std::move(document));
  const auto time = es::time_of(text, text.text());
  if (!time) return "error";
  return *time ? fmt::format("{}", **time) : "none";
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("bulk: actions and documents are taken line by line") {
  CHECK(items_of("{\"create\":{\"_index\":\"a\",\"_id\":7}}\r\n{\"x\":1}\r\n"
                 "\n{\"create\":{\"_index\":\"a\",\"_id\":7}}\r\n{\"x\":2}\n"
                 "{\"delete\":{\"_id\":\"d\"}}\n{\"index\":{}}\nno JSON") ==
        Lines{"create a 7 {\"x\":1}", "create a 7 {\"x\":2}", "delete  d ", "index   no JSON"});
  CHECK(items_of("").empty());
}

TEST_CASE("bulk: a line that is no action ends it") {
  const std::string good = "{\"index\":{}}\n{}\n";
  CHECK(items_of(good + "{\"put\":{}}\n{}\n") ==
        Lines{"index   {}", "Malformed action/metadata line [3]: unknown action \"put\""});
  CHECK(items_of("{}\n{}\n") == Lines{"Malformed action/metadata line [1]: expected one action"});
  CHECK(items_of("{\"index\":{\"x\":1}}\n{}\n") ==
        Lines{"Malformed action/metadata line [1]: unknown parameter \"x\""});
  CHECK(items_of("{\"index\":[]}\n{}\n") ==
        Lines{"Malformed action/metadata line [1]: unexpected list"});
  CHECK(items_of("{\"index\":{}}\n") == Lines{"line [1] has no document behind it"});
  CHECK(items_of("{\"index\":{}} x\n{}\n").at(0).starts_with("Malformed action/metadata line [1]"));
}

TEST_CASE("bulk: the time of a document") {
  CHECK(time_of(R"({"@timestamp":"2026-11-22T12:00:00.123456789Z"})") == "1795348800123456789");
  CHECK(time_of(R"({"time":5,"a":{"@timestamp":7},"@timestamp":"1970-01-01T00:00:01+00:00"})") ==
        "1000000000");
  CHECK(time_of(R"({"timestamp":1795348800123})") == "1795348800123000000");
  CHECK(time_of(R"({"time":1795348800.5})") == "1795348800500000000");
  CHECK(time_of(R"({"time":1795348800123456})") == "1795348800123456000");
  CHECK(time_of(R"({"time":1795348800123456789})") == "1795348800123456789");
  CHECK(time_of(R"({"@timestamp":"yesterday"})") == "none");
  CHECK(time_of(R"({"@timestamp":null,"time":true})") == "none");
  CHECK(time_of(R"({"a":"\"@timestamp\""})") == "none");
  for (const char* bad :
       {"", "x", "[1]", "{\"a\":1", "{\"a\":1}}", "{\"a\" 1}", "{} {}", "\"t\""}) {
    INFO(bad);
    CHECK(time_of(bad) == "error");
  }
}

TEST_CASE("bulk: documents side by side do not see one another") {
  const wire::PaddedText text("{\"a\":1}{\"time\":2}");
  const auto first = es::time_of(text, text.text().substr(0, 7));
  REQUIRE(first.has_value());
  CHECK_FALSE(first->has_value());
  const auto second = es::time_of(text, text.text().substr(7));
  REQUIRE(second.has_value());
  CHECK(second->value_or(0) == 2'000'000'000);
}
