#include "app/graph_files.h"

#include "app/options.h"
#include "base/env/env.h"

namespace kansoku::app {

using wire::Problem;
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

std::expected<pipeline::GraphSpec, std::vector<Problem>> read_graph_files(
    const std::vector<std::string>& files, const std::string& dialect) {
  if (!dialect.empty() && dialect != "kansoku") {
    return std::unexpected(std::vector<Problem>{
        {files[0], {1, 1}, "/", fmt::format("dialect {} is not served", quoted(dialect))}});
  }
  pipeline::GraphSpec out;
  std::vector<Problem> problems;
  for (const std::string& file : files) {
    auto text = env::real_files().read_all(file);
    if (!text) {
      problems.push_back({file, {1, 1}, "/", text.error().message});
      continue;
    }
    auto read = read_configuration(*text, file, default_options());
    if (!read) {
      problems.insert(problems.end(), read.error().begin(), read.error().end());
      continue;
    }
    append(std::move(read->graph), file, out, problems);
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return out;
}

}  // namespace kansoku::app
