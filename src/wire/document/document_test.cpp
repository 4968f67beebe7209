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

TEST_CASE("a JSON document keeps lines, columns, bytes and numbers as they are written") {
  auto node = parse_json_document(
      "{\n \"é\": [1.50, \"a\\u00e9\\n\\ud83d\\ude00\"],\n \"b\": null}", "k.json");
  REQUIRE(node.has_value());
  REQUIRE(node->entries.size() == 2);
  const Node& list = node->entries[0].value;
  CHECK(list.at.line == 2);
  CHECK(list.at.column == 7);
  CHECK(list.at.byte == 9);
  CHECK(list.items.at(0).scalar == "1.50");
  CHECK_FALSE(list.items.at(0).quoted);
  CHECK(list.items.at(1).scalar == "aé\n\U0001F600");
  CHECK(list.items.at(1).quoted);
  CHECK(node->entries[1].key_at.line == 3);
  CHECK(node->entries[1].value.kind == Node::Kind::Null);
  CHECK(parse_json_document("\xef\xbb\xbf{}", "k.json").has_value());
}

TEST_CASE("what is wrong in a JSON document is said with its place") {
  auto said = [](std::string_view text) {
    auto node = parse_json_document(text, "k.json", {.bytes_max = 200, .depth_max = 4});
    return node ? std::string("good") : node.error().to_string();
  };
  CHECK(said("{\"a\": {\"b\": 1,\n \"b\": 2}}") ==
        "k.json:2:2: /a/b: key \"b\" appears twice with different values, first at 1:8");
  CHECK(said("{\"a\": {\"b\": 1, \"c\": 2}, \"a\": {\"c\": 2.0, \"b\": 1}}") == "good");
  CHECK(said("{} x") == "k.json:1:4: /: text behind the document: found \"x\"");
  CHECK(said("{\"a\": [1,]}") == "k.json:1:10: /a: a ',' stands before ']'");
  CHECK(said("{\"a\": [1 2]}").starts_with("k.json:1:10: /a: expected ',' or ']'"));
  CHECK(said("{\"a\" 1}").starts_with("k.json:1:6: /a: expected ':'"));
  CHECK(said("{a: 1}").starts_with("k.json:1:2: /: a name in quotation marks"));
  CHECK(said("{\"a\": \"b") == "k.json:1:7: /a: this text has no end");
  CHECK(said("[[[[[1]]]]]").find("nested deeper than 4 levels") != std::string::npos);
  CHECK(said(std::string(300, ' ')).find("file too large") != std::string::npos);
  CHECK(said("{\"a\":\n\"\xff\"}").starts_with("k.json:2:1: /: this line is not UTF-8"));
  for (std::string_view bad : {"", "01", "1.", "1e", "-", "tru", "\"\\x\"", "\"\\ud800\"",
                               "\"\\udc00\"", "\"a\nb\"", "[", "{\"a\":}", "nul"}) {
    CAPTURE(bad);
    CHECK(said(bad) != "good");
  }
}

TEST_CASE("a settings file of TOML is read, and what it may not have is refused by name") {
  auto node = parse_toml(
      "# comment\r\n[credentials]\n  profile = \"a\\tb\" # why\n  'file' = 'c:\\x'\n\n[imds]\n"
      "retries = 1_0\nv1 = true\n",
      "c.toml");
  REQUIRE(node.has_value());
  CHECK(node->find("credentials")->text_of("profile") == "a\tb");
  CHECK(node->find("credentials")->text_of("file") == "c:\\x");
  CHECK(node->find("credentials")->entries.at(1).value.at.line == 4);
  CHECK(node->find("imds")->number_of("retries") == 10);
  auto said = [](std::string_view text) {
    auto wrong = parse_toml(text, "c.toml");
    return wrong ? std::string("good") : wrong.error().to_string();
  };
  CHECK(said("[a]\nb = 1\nb = 2\n") == "c.toml:3:1: /a/b: key \"b\" appears twice, first at 2:1");
  CHECK(said("[a]\n[a]\n").starts_with("c.toml:2:1: /a: key \"a\" appears twice"));
  CHECK(said("[a]\nb = [1]\n").starts_with("c.toml:2:5: /a/b: lists and inline tables"));
  for (std::string_view bad : {"[[a]]", "[a.b]", "a.b = 1", "a = \"\"\"x\"\"\"", "a", "a = ",
                               "a = 1.5", "a = \"x", "a = \"\\q\"", "a = 1 2", "[a", "= 1"}) {
    CAPTURE(bad);
    CHECK(said(bad) != "good");
  }
}
