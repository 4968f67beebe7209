#include <doctest/doctest.h>

#include "app/flags.h"
#include "app/options.h"

using namespace kansoku;
using namespace kansoku::app;

TEST_CASE("listen addresses") {
  CHECK(parse_listen("127.0.0.1:80")->port == 80);
  CHECK(parse_listen("[::1]:0")->address == "::1");
  CHECK(parse_listen("localhost:1")->address == "127.0.0.1");
  CHECK_FALSE(parse_listen("8470").has_value());
  CHECK_FALSE(parse_listen("127.0.0.1:65536").has_value());
  CHECK_FALSE(parse_listen("127.0.0.1:").has_value());
  CHECK(is_loopback("127.1.2.3"));
  CHECK_FALSE(is_loopback("0.0.0.0"));
}

TEST_CASE("rules of tiers are read, and each mistake is named") {
  const auto read = [](std::string_view rules) {
    return read_configuration(fmt::format("server:\n  metrics:\n    prometheus_tiers:\n{}", rules),
                              "k.yaml", {});
  };
  const auto good = read(
      "      - match: '{job=~\"node|db\", instance!=\"x\"}'\n        raw: 16d\n"
      "        tiers: {5m: 90d, 1h: 455d}\n      - {match: up, tiers: {1m: 20d}}\n");
  REQUIRE(good.has_value());
  constexpr int64_t kDay = 86'400'000;
  const auto& rules = good->options.prometheus_tiers;
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].matchers.size() == 2);
  CHECK(rules[0].matchers[0].op == store::MatchOp::Regex);
  CHECK(rules[0].matchers[1].op == store::MatchOp::NotEqual);
  CHECK(rules[0].raw_ms == 16 * kDay);
  CHECK(rules[0].keep_ms == std::array<int64_t, 3>{0, 90 * kDay, 455 * kDay});
  CHECK(rules[1].raw_ms == 15 * kDay);
  CHECK(rules[1].keep_ms == std::array<int64_t, 3>{20 * kDay, 0, 0});
  const auto bad = read(
      "      - {match: '{', raw: 3d, tiers: {7m: 90d, 1h: 15d}}\n      - {mach: up}\n"
      "      - {match: up, tiers: {1h: soon}}\n");
  REQUIRE_FALSE(bad.has_value());
  std::string all;
  for (const auto& problem : bad.error()) all += problem.to_string() + "\n";
  for (const char* wanted :
       {"/server/metrics/prometheus_tiers: rule 1 has a match that is no selector",
        "rule 1 has a raw of 3d; it takes 15d (points may come two weeks late) to 36500d",
        "rule 1 has a tier of \"7m\"; there are 1m, 5m and 1h",
        "rule 1 has a tier 1h of 15d; it takes 16d (longer than its points) to 36500d",
        "rule 2 has no key \"mach\"; did you mean \"match\"?", "rule 2 has no match",
        "rule 2 has no tiers", "rule 3 has a tier 1h: \"soon\" is not a duration"}) {
    CHECK_MESSAGE(all.find(wanted) != std::string::npos, wanted, " in ", all);
  }
}

TEST_CASE("endpoints of AWS services are named by service") {
  const auto good = read_configuration(
      "server:\n  aws_endpoints:\n    kinesis: http://localhost:4566\n", "k.yaml", {});
  REQUIRE(good.has_value());
  CHECK(good->options.aws_endpoints.at("kinesis") == "http://localhost:4566");
  const auto bad = read_configuration(
      "server:\n  aws_endpoints:\n    kinesi: http://h\n    lambda: localhost\n", "k.yaml", {});
  REQUIRE_FALSE(bad.has_value());
  REQUIRE(bad.error().size() == 2);
  CHECK(bad.error()[0].to_string().find("\"kinesi\" is none of kinesis, firehose, lambda") !=
        std::string::npos);
  CHECK(bad.error()[1].to_string().find("\"localhost\" is no URL") != std::string::npos);
}

TEST_CASE("a configuration names every problem with its place") {
  auto good = read_configuration(
      "server:\n  listen: 0.0.0.0:80\n  auth: strict\n  memory_limit: 1GiB\nreceivers:\n  host:\n"
      "    interval: 30s\nexporters:\n  store:\nservice:\n  pipelines:\n    metrics/a:\n"
      "      receivers: [host]\n      exporters: [store]\n",
      "k.yaml", {});
  REQUIRE(good.has_value());
  CHECK(good->options.memory_bytes_max == 1ULL << 30);
  CHECK(good->options.host.interval_ms == 30'000);
  CHECK(good->pipelines.at(0).receivers.at(0) == "host");

  auto bad = read_configuration(
      "server:\n  auth: maybe\n  tls:\n    certificate: a\nservice:\n  pipelines:\n    traces:\n"
      "    metrics:\n      receivers: [host]\n",
      "k.yaml", {});
  REQUIRE_FALSE(bad.has_value());
  std::string all;
  for (const auto& problem : bad.error()) all += problem.to_string() + "\n";
  CHECK(all.find("k.yaml:2:9: /server/auth: \"maybe\" is none of strict, open") !=
        std::string::npos);
  CHECK(all.find("/server/tls/key: certificate and key go together") != std::string::npos);
  CHECK(all.find("/service/pipelines/traces: pipelines of \"traces\" are not served") !=
        std::string::npos);
  CHECK(all.find("/service/pipelines/metrics/receivers: \"host\" is not defined") !=
        std::string::npos);
  CHECK(all.find("/service/pipelines/metrics/exporters: needs at least one") != std::string::npos);
}

TEST_CASE("what would be stored twice, and options of exporters that have none, are refused") {
  auto bad = read_configuration(
      "receivers:\n  host:\nexporters:\n  store:\n    queue: 5\nservice:\n  pipelines:\n"
      "    metrics/a:\n      receivers: [host]\n      exporters: [store]\n    metrics/b:\n"
      "      receivers: [host]\n      exporters: [store]\n",
      "k.yaml", {});
  REQUIRE_FALSE(bad.has_value());
  REQUIRE(bad.error().size() == 2);
  CHECK(bad.error()[0].to_string() == "k.yaml:5:5: /exporters/store/queue: unknown key \"queue\"");
  CHECK(bad.error()[1].to_string().find("/service/pipelines/metrics/b: receiver host reaches") !=
        std::string::npos);
}

TEST_CASE("flags take values either way and explain themselves") {
  std::string name;
  bool on = false;
  Command command{.usage = "x [options]",
                  .summary = "does x",
                  .flags = {{"--name", "N", "the name",
                             [&](const std::string& v) -> Status {
                               name = v;
                               return {};
                             }},
                            {"--on", "", "a switch", [&](const std::string&) -> Status {
                               on = true;
                               return {};
                             }}}};
  bool help = false;
  CHECK(*parse_flags(command, {"--name=a", "rest", "--on", "--", "--name"}, help) ==
        std::vector<std::string>{"rest", "--name"});
  CHECK(name == "a");
  CHECK(on);
  CHECK(parse_flags(command, {"--nam", "b"}, help).error().message ==
        "unknown option --nam, did you mean --name?");
  CHECK_FALSE(parse_flags(command, {"--name"}, help).has_value());
  CHECK_FALSE(parse_flags(command, {"--on=1"}, help).has_value());
  CHECK(help_text(command).find("--name N  the name") != std::string::npos);
}
