#include "app/graph_files.h"

#include "app/agent_facts.h"
#include "app/options.h"
#include "pipeline/dialects/cloudwatch_agent/dialect.h"

namespace kansoku::app {

using wire::Problem;
namespace cw = pipeline::cloudwatch_agent;
namespace {

// The parts of several files stand side by side; a name is given once.
template <class Part>
void append_parts(std::vector<Part> from, std::string_view section, const std::string& file,
                  std::vector<Part>& into, std::vector<Problem>& problems) {
  for (Part& part : from) {
    const bool known = std::ranges::find(into, part.name, &Part::name) != into.end();
    // `store` and `discard` have no settings that could differ.
    if (known && (part.name == "store" || part.name == "discard")) continue;
    if (known) {
      problems.push_back({file,
                          {1, 1},
                          fmt::format("/{}/{}", section, part.name),
                          "another file of this agent defines it too; give it another NAME"});
    }
    into.push_back(std::move(part));
  }
}

void append(pipeline::GraphSpec from, const std::string& file, pipeline::GraphSpec& into,
            std::vector<Problem>& problems) {
  using pipeline::AgentSettings;
  for (auto member : {&AgentSettings::region, &AgentSettings::role_arn, &AgentSettings::profile,
                      &AgentSettings::credentials_file, &AgentSettings::ca_bundle_file,
                      &AgentSettings::http_proxy, &AgentSettings::https_proxy,
                      &AgentSettings::no_proxy, &AgentSettings::user_agent}) {
    std::string& known = into.agent.*member;
    std::string& given = from.agent.*member;
    if (!known.empty() && !given.empty() && known != given) {
      problems.push_back(
          {file,
           {1, 1},
           "/agent",
           fmt::format("says {} where another file says {}", quoted(given), quoted(known))});
    }
    if (!given.empty()) known = std::move(given);
  }
  append_parts(std::move(from.receivers), "receivers", file, into.receivers, problems);
  append_parts(std::move(from.exporters), "exporters", file, into.exporters, problems);
  append_parts(std::move(from.pipelines), "service/pipelines", file, into.pipelines, problems);
}

}  // namespace

std::expected<GraphFiles, std::vector<Problem>> read_graph_files(
    env::Env env, net::EventLoops& loops, const std::vector<std::string>& paths,
    const std::string& dialect, const std::string& data_directory) {
  constexpr std::string_view kAgent = "cloudwatch-agent";
  if (!dialect.empty() && dialect != "kansoku" && dialect != kAgent) {
    return std::unexpected(std::vector<Problem>{
        {paths[0],
         {1, 1},
         "/",
         fmt::format("dialect {} is not served; there are kansoku and cloudwatch-agent",
                     quoted(dialect))}});
  }
  GraphFiles out;
  std::vector<Problem> problems;
  std::vector<cw::SourceFile> of_agent;
  auto loaded = cw::load_sources(*env.files, paths);
  if (!loaded) return std::unexpected(std::move(loaded).error());
  for (cw::SourceFile& file : *loaded) {
    const bool is_agent = dialect.empty() ? file.kind != cw::SourceFile::Kind::Agent ||
                                                cw::is_agent_configuration(file.text)
                                          : dialect == kAgent;
    if (is_agent) {
      of_agent.push_back(std::move(file));
      continue;
    }
    auto read = read_configuration(file.text, file.name, default_options());
    if (read) {
      append(std::move(read->graph), file.name, out.graph, problems);
    } else {
      problems.insert(problems.end(), read.error().begin(), read.error().end());
    }
  }
  if (!of_agent.empty()) {
    const std::string first = of_agent[0].name;
    auto translation =
        cw::translate(std::move(of_agent), agent_host_facts(env, loops, data_directory));
    if (translation) {
      append(std::move(translation->graph), first, out.graph, problems);
      out.notices = std::move(translation->notices);
    } else {
      problems.insert(problems.end(), translation.error().begin(), translation.error().end());
    }
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return out;
}

}  // namespace kansoku::app
