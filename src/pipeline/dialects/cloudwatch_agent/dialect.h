// Configurations of the CloudWatch agent as pipelines of kansoku. See README.md.
// Thread contract: pure functions, but for load_sources(), which reads files.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/env/env.h"
#include "pipeline/dialects/cloudwatch_agent/host_facts.h"
#include "pipeline/graph/spec.h"
#include "wire/document/document.h"

namespace kansoku::pipeline::cloudwatch_agent {

struct SourceFile {
  enum class Kind : uint8_t {
    Agent,         // JSON of the agent; several are merged in the order of their names
    CommonConfig,  // common-config.toml
    EnvConfig,     // env-config.json
  };
  std::string name;
  std::string text;
  Kind kind = Kind::Agent;
};

struct Options {
  Mode mode = Mode::Auto;
  // Where receivers keep what they have read; empty: the caller sets the paths of the graph.
  std::string state_directory;
};

struct Translation {
  GraphSpec graph;
  // What is accepted and does nothing, and what was not known.
  std::vector<wire::Problem> notices;
};

std::expected<Translation, std::vector<wire::Problem>> translate(std::vector<SourceFile> files,
                                                                 const HostFacts& facts,
                                                                 const Options& options = {});

// The kind of a file by its name: *.toml, env-config.json, everything else.
SourceFile::Kind kind_of(std::string_view name);
// Files by their paths; of a folder every file below it, but for *.yaml, *.yml (those are
// OpenTelemetry's) and *.tmp.
std::expected<std::vector<SourceFile>, std::vector<wire::Problem>> load_sources(
    env::FileSystem& files, const std::vector<std::string>& paths);

// Whether a text is a configuration of this dialect: an object of JSON that has a section of it, or
// text that was meant as one.
bool is_agent_configuration(std::string_view text);

// Every key, as Markdown.
std::string config_reference();

}  // namespace kansoku::pipeline::cloudwatch_agent
