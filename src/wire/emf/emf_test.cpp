#include "wire/emf/emf.h"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

namespace kansoku::wire {
namespace {

std::string shown(std::string_view message) {
  if (!may_be_emf(message)) return "no emf";
  const auto document = parse_emf(message);
  if (!document)
    return (document.error().parsing ? "no JSON: " : "invalid: ") + document.error().message;
  std::string out = std::to_string(document->timestamp_ms);
  for (const EmfMetric& metric : document->metrics) {
    out += fmt::format("; {}/{} {}{}", metric.metric_namespace, metric.name, metric.unit,
                       metric.by_second ? " 1s" : "");
    for (const auto& [name, value] : metric.dimensions) out += fmt::format(" {}={}", name, value);
    out += fmt::format(" {}", fmt::join(metric.values, ","));
  }
  return out;
}

std::string document(std::string_view directive, std::string_view members) {
  return fmt::format(R"({{"_aws":{{"Timestamp":5,"CloudWatchMetrics":[{}]}},{}}})", directive,
                     members);
}

}  // namespace

TEST_CASE("metrics are members of the root, once for each dimension set") {
  const std::string directive =
      R"({"Namespace":"N","Dimensions":[["B","A"],[],["A"]],"Metrics":)"
      R"([{"Name":"t","Unit":"Seconds"},{"Name":"n","StorageResolution":1}]})";
  CHECK(shown(document(directive, R"("A":"a","B":"b","t":1.5,"n":[1,2,2])")) ==
        "5; N/t Seconds A=a B=b 1.5; N/t Seconds 1.5; N/t Seconds A=a 1.5; N/n None 1s A=a B=b "
        "1,2,2; N/n None 1s 1,2,2; N/n None 1s A=a 1,2,2");
}

TEST_CASE("a metric without its member is left out, several directives add up") {
  const std::string one = R"({"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"a"}]})";
  const std::string two = R"({"Namespace":"M","Dimensions":[[]],"Metrics":[{"Name":"b"}]})";
  CHECK(shown(document(one + "," + two, R"("b":2)")) == "5; M/b None 2");
  CHECK(shown(document(one + "," + two, R"("a":1,"b":2)")) == "5; N/a None 1; M/b None 2");
}

TEST_CASE("what breaks a rule of the format says which") {
  const auto directive = [](std::string_view dimensions, std::string_view metric) {
    return fmt::format(R"({{"Namespace":"N","Dimensions":{},"Metrics":[{}]}})", dimensions, metric);
  };
  const std::string plain = R"({"Name":"a"})";
  CHECK(shown(document(directive("[[]]", plain), R"("a":"x")")) ==
        "invalid: metric \"a\" is no number");
  CHECK(shown(document(directive(R"([["d"]])", plain), R"("a":1)")) ==
        "invalid: dimension \"d\" has no text of 1 to 1024 bytes");
  CHECK(shown(document(directive(R"([["d"]])", plain), R"("a":1,"d":3)")).starts_with("invalid"));
  CHECK(shown(document(directive("[[]]", R"({"Name":"a","Unit":"Apples"})"), R"("a":1)")) ==
        "invalid: metric \"a\" has the unit \"Apples\"");
  CHECK(shown(document(directive("[[]]", R"({"Name":"a","StorageResolution":5})"), R"("a":1)"))
            .starts_with("invalid: metric \"a\" has the StorageResolution"));
  CHECK(shown(document(R"({"Dimensions":[[]],"Metrics":[]})", R"("a":1)")) ==
        "invalid: a directive has no Namespace");
  std::string many;
  for (size_t i = 0; i <= kEmfMetricsMax; ++i) many += (i == 0 ? "" : ",") + plain;
  CHECK(shown(document(directive("[[]]", many), R"("a":1)")) ==
        "invalid: 101 metrics in a directive, at most 100 are allowed");
  CHECK(shown(R"({"_aws":{"CloudWatchMetrics":[]}})") ==
        "invalid: _aws has no Timestamp in milliseconds");
  CHECK(shown(R"({"_aws":{"CloudWatchMetrics":[})").starts_with("no JSON: "));
}

TEST_CASE("what is no embedded metric has none") {
  CHECK(shown("plain text") == "no emf");
  CHECK(shown(R"({"a":1})") == "no emf");
  CHECK(shown(R"({"x":{"_aws":{"CloudWatchMetrics":[]}}})") == "0");
}

}  // namespace kansoku::wire
