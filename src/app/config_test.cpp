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
