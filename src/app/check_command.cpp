// kansoku check config, and the door to the other checks.
#include <cstdio>

#include "app/commands.h"
#include "app/flags.h"
#include "app/options.h"
#include "base/env/env.h"

namespace kansoku::app {
namespace {

// One file; false when it has problems, which are printed.
bool check_file(const std::string& file, bool explained) {
  auto text = env::real_files().read_all(file);
  if (!text) {
    fmt::print("{}:1:1: /: {}\n", file, text.error().message);
    return false;
  }
  auto configuration = read_configuration(*text, file, default_options());
  if (!configuration) {
    for (const wire::Problem& problem : configuration.error())
      fmt::print("{}\n", problem.to_string());
    return false;
  }
  if (explained) fmt::print("{}", explain(*configuration));
  return true;
}

}  // namespace

int run_check(const std::vector<std::string>& arguments) {
  std::string dialect = "kansoku";
  bool explained = false;
  bool reference = false;
  Command command{
      .usage =
          "kansoku check config [--dialect kansoku] [--explain] FILE...\n"
          "       kansoku check promql-tests PATH...",
      .summary =
          "Checks configuration files. Prints a line a problem, FILE:LINE:COL: /json/pointer: "
          "message,\n"
          "and exits with 1 when there is one. promql-tests runs PromQL test scripts (files, or "
          "folders\n"
          "of *.test and *.ptest): a line for each failing case, last the line N passed, N failed.",
      .flags = {{"--dialect", "NAME", "whose file it is; kansoku is the one of this version",
                 [&](const std::string& v) -> Status {
                   dialect = v;
                   return {};
                 }},
                {"--explain", "", "prints the pipelines as kansoku runs them",
                 [&](const std::string&) -> Status {
                   explained = true;
                   return {};
                 }},
                {"--reference", "", "prints every key of the file as Markdown",
                 [&](const std::string&) -> Status {
                   reference = true;
                   return {};
                 }}},
      .examples = "  kansoku check config --explain /etc/kansoku/kansoku.yaml\n"};
  bool help = false;
  auto operands = parse_flags(command, arguments, help);
  if (help) {
    fmt::print("{}", help_text(command));
    return 0;
  }
  if (!operands) {
    fmt::print(stderr, "kansoku check: {}\n", operands.error().to_string());
    return 2;
  }
  if (!operands->empty() && operands->front() == "promql-tests") {
    return run_promql_tests({operands->begin() + 1, operands->end()});
  }
  if (operands->empty() || operands->front() != "config") {
    fmt::print(stderr,
               "kansoku check: {} is not a check of this version; there are config, promql-tests\n",
               operands->empty() ? std::string("nothing") : quoted(operands->front()));
    return 2;
  }
  if (reference) {
    fmt::print("{}", config_reference());
    return 0;
  }
  if (operands->size() < 2) {
    fmt::print(stderr, "kansoku check config: name at least one file\n");
    return 2;
  }
  if (dialect != "kansoku") {
    fmt::print(stderr,
               "kansoku check config: dialect {} is not served by this version; there is kansoku\n",
               quoted(dialect));
    return 2;
  }
  bool good = true;
  for (size_t i = 1; i < operands->size(); ++i)
    good = check_file((*operands)[i], explained) && good;
  return good ? 0 : 1;
}

}  // namespace kansoku::app
