#include "wire/document/document.h"

#include <doctest/doctest.h>

using namespace kansoku;
using namespace kansoku::wire;

TEST_CASE("a YAML tree keeps lines and columns") {
  auto node = parse_yaml("server:\n  listen: 127.0.0.1:80\n  list: [a, 'b']\n", "k.yaml");
  REQUIRE(node.has_value());
  const Node* listen = node->find("server")->find("listen");
  CHECK(listen->scalar == "127.0.0.1:80");
  CHECK(listen->at.line == 2);
  CHECK(listen->at.column == 11);
  CHECK(node->find("server")->find("list")->items.at(1).quoted);
}

TEST_CASE("problems of a document name the place") {
  auto broken = parse_yaml("a: [1, 2\nb: 3\n", "k.yaml");
  REQUIRE_FALSE(broken.has_value());
  CHECK(broken.error().to_string().starts_with("k.yaml:2:"));
  CHECK_FALSE(parse_yaml("a: &x 1\nb: *x\n", "k.yaml").has_value());
  CHECK_FALSE(parse_yaml("a: 1\na: 2\n", "k.yaml").has_value());
  CHECK_FALSE(parse_yaml(std::string(100, '['), "k.yaml").has_value());
  CHECK_FALSE(parse_yaml("a: 1\n---\nb: 2\n", "k.yaml").has_value());
}

TEST_CASE("the reader checks types and ranges and guesses misspelt keys") {
  auto node = parse_yaml("intervall: 10s\nport: 70000\nauth: maybe\nsize: 64MiB\n", "k.yaml");
  REQUIRE(node.has_value());
  std::vector<Problem> problems;
  Reader reader(*node, "k.yaml", "/server", problems);
  CHECK(reader.duration_ms("interval", 1, 1'000'000) == std::nullopt);
  CHECK(reader.integer("port", 0, 65'535) == std::nullopt);
  CHECK(reader.boolean("auth") == std::nullopt);
  CHECK(reader.bytes("size", 0, 1LL << 40) == 64LL << 20);
  reader.finish();
  REQUIRE(problems.size() == 3);
  CHECK(problems[0].to_string() == "k.yaml:2:7: /server/port: 70000 is out of range, 0 to 65535");
  CHECK(problems[2].to_string() ==
        "k.yaml:1:1: /server/intervall: unknown key \"intervall\", did you mean \"interval\"?");
}

TEST_CASE("durations and sizes") {
  CHECK(parse_duration_ms("1.5h") == 5'400'000);
  CHECK(parse_duration_ms("10") == 10'000);
  CHECK_FALSE(parse_duration_ms("10 parsecs").has_value());
  CHECK(parse_bytes("2GB") == 2'000'000'000);
  CHECK_FALSE(parse_bytes("1e300GB").has_value());
}
