// kansoku: the command line. Each command parses its own flags (commands.h).
#include <cstdio>

#include "app/commands.h"
#include "app/server.h"

namespace kansoku::app {
namespace {

struct Row {
  std::string_view name;
  int (*run)(const std::vector<std::string>& arguments);
  std::string_view summary;
};
constexpr std::array<Row, 7> kCommands{{
    {"up", run_up, "server and agent of this host in one process; start here"},
    {"server", run_server, "the server alone, from a configuration file"},
    {"agent", run_agent, "collects from this host and sends it on; no store"},
    {"ctl", run_ctl, "access keys and users"},
    {"query", run_query, "ask the store from the command line"},
    {"check", run_check, "check a configuration file"},
    {"completion", run_completion, "completion script for the shell"},
}};

void print_usage(std::FILE* to) {
  fmt::print(
      to,
      "usage: kansoku COMMAND [options]\n\nobservability in one binary: metrics and logs of hosts "
      "and applications, for the AWS CLI, SDKs and a browser\n\n");
  for (const Row& row : kCommands) fmt::print(to, "  {:<10} {}\n", row.name, row.summary);
  fmt::print(to, "\n  kansoku COMMAND --help says more; kansoku --version prints the version\n");
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print_usage(stderr);
    return 2;
  }
  const std::string& name = arguments[0];
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(stdout);
    return 0;
  }
  if (name == "--version" || name == "version") {
    fmt::print("kansoku {}\n", version());
    return 0;
  }
  for (const Row& row : kCommands) {
    if (row.name == name) return row.run({arguments.begin() + 1, arguments.end()});
  }
  std::vector<std::string> known;
  for (const Row& row : kCommands) known.emplace_back(row.name);
  auto guess = wire::did_you_mean(name, known);
  fmt::print(stderr, "kansoku: unknown command {}{}; kansoku --help lists them\n", quoted(name),
             guess ? fmt::format(", did you mean {}?", *guess) : std::string());
  return 2;
}

}  // namespace
}  // namespace kansoku::app

int main(int argc, char** argv) {
  return kansoku::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
