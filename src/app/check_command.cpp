// kansoku check config, and the door to the other checks.
#include <cstdio>

#include "app/agent_facts.h"
#include "app/commands.h"
#include "app/flags.h"
#include "app/host_identity.h"
#include "app/options.h"
#include "base/env/env.h"
#include "pipeline/dialects/cloudwatch_agent/dialect.h"
#include "pipeline/graph/explain.h"

namespace kansoku::app {
namespace {

namespace cw = pipeline::cloudwatch_agent;

constexpr std::string_view kKansoku = "kansoku";
constexpr std::string_view kAgent = "cloudwatch-agent";

void print(const std::vector<wire::Problem>& problems) {
  for (const wire::Problem& problem : problems) fmt::print("{}\n", problem.to_string());
}

// One file of kansoku's own; false when it has problems, which are printed.
bool check_kansoku(const std::string& file, const std::string& text, bool explained) {
  auto configuration = read_configuration(text, file, default_options());
  if (!configuration) {
    print(configuration.error());
    return false;
  }
  if (explained) fmt::print("{}", explain(*configuration));
  return true;
}

// What only instance or task metadata know stays a placeholder in what is explained.
cw::HostFacts facts_of_check(env::Env env) {
  cw::HostFacts facts = local_host_facts(env);
  facts.instance_id = "{instance_id}";
  facts.account_id = "{account_id}";
  if (facts.in_container && facts.container_stream.empty()) facts.container_stream = "{task}";
  return facts;
}

// All files of an agent together, as it runs them.
bool check_agent(std::vector<cw::SourceFile> files, bool explained) {
  const env::Env env = env::real_env();
  const cw::HostFacts facts = facts_of_check(env);
  const cw::Options options{.mode = expects_instance_metadata(*env.files) ? cw::Mode::Ec2
                                                                          : cw::Mode::Auto};
  auto translation = cw::translate(std::move(files), facts, options);
  if (!translation) {
    print(translation.error());
    return false;
  }
  if (!explained) return true;
  fmt::print("{}", pipeline::explain(translation->graph, env.clock->wall_now().ns / env::kNsPerS));
  for (const wire::Problem& notice : translation->notices) {
    fmt::print("notice: {}\n", notice.to_string());
  }
  return true;
}

// Every file by the dialect that was named, or that its content has.
bool check_files(const std::vector<std::string>& paths, std::string_view dialect, bool explained) {
  env::FileSystem& files = env::real_files();
  std::vector<cw::SourceFile> of_agent;
  bool good = true;
  for (const std::string& path : paths) {
    auto loaded = cw::load_sources(files, {path});
    if (!loaded) {
      print(loaded.error());
      good = false;
      continue;
    }
    for (cw::SourceFile& file : *loaded) {
      const bool is_agent = dialect.empty() ? file.kind != cw::SourceFile::Kind::Agent ||
                                                  cw::is_agent_configuration(file.text)
                                            : dialect == kAgent;
      if (is_agent) {
        of_agent.push_back(std::move(file));
      } else {
        good = check_kansoku(file.name, file.text, explained) && good;
      }
    }
  }
  if (!of_agent.empty()) good = check_agent(std::move(of_agent), explained) && good;
  return good;
}

}  // namespace

int run_check(const std::vector<std::string>& arguments) {
  std::string dialect;
  bool explained = false;
  bool reference = false;
  Command command{
      .usage =
          "kansoku check config [--dialect kansoku|cloudwatch-agent] [--explain] FILE...\n"
          "       kansoku check promql-tests PATH...",
      .summary =
          "Checks configuration files. Prints a line a problem, FILE:LINE:COL: /json/pointer: "
          "message,\n"
          "and exits with 1 when there is one. Files of the CloudWatch agent (JSON; folders of "
          "them,\n"
          "common-config.toml, env-config.json) are checked together, as it merges them. "
          "promql-tests runs PromQL test scripts (files, or "
          "folders\n"
          "of *.test and *.ptest): a line for each failing case, last the line N passed, N failed.",
      .flags = {{"--dialect", "NAME",
                 "whose files they are: kansoku, cloudwatch-agent; by their content otherwise",
                 [&](const std::string& v) -> Status {
                   dialect = v;
                   return {};
                 }},
                {"--explain", "", "prints the pipelines as kansoku runs them",
                 [&](const std::string&) -> Status {
                   explained = true;
                   return {};
                 }},
                {"--reference", "", "prints every key of the dialect as Markdown",
                 [&](const std::string&) -> Status {
                   reference = true;
                   return {};
                 }}},
      .examples =
          "  kansoku check config --explain /etc/kansoku/kansoku.yaml\n"
          "  kansoku check config --explain /opt/aws/amazon-cloudwatch-agent/etc/*.json\n"};
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
  if (!dialect.empty() && dialect != kKansoku && dialect != kAgent) {
    fmt::print(stderr,
               "kansoku check config: dialect {} is not served by this version; there are {}, {}\n",
               quoted(dialect), kKansoku, kAgent);
    return 2;
  }
  if (reference) {
    fmt::print("{}", dialect == kAgent ? cw::config_reference() : config_reference());
    return 0;
  }
  if (operands->size() < 2) {
    fmt::print(stderr, "kansoku check config: name at least one file\n");
    return 2;
  }
  return check_files({operands->begin() + 1, operands->end()}, dialect, explained) ? 0 : 1;
}

}  // namespace kansoku::app
