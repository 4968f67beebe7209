// What holds for the whole agent: its section, common-config.toml, env-config.json, environment.
#pragma once

#include "pipeline/dialects/cloudwatch_agent/placeholders.h"
#include "pipeline/dialects/cloudwatch_agent/sections.h"
#include "pipeline/graph/spec.h"

namespace kansoku::pipeline::cloudwatch_agent {

// The keys of common-config.toml; what is wrong goes to the problems.
void read_common_config(const Node& node, const std::string& file, AgentSettings& settings,
                        std::vector<Problem>& problems);
// The flat map of texts of env-config.json.
std::map<std::string, std::string, std::less<>> read_env_config(const Node& node,
                                                                const std::string& file,
                                                                std::vector<Problem>& problems);
// IMDS_NUMBER_RETRY, or 1.
int imds_retries_of(const Variables& variables);
// The section over common-config.toml (already in `settings`) over the variables.
void apply_agent_section(const AgentSection& section, const HostFacts& facts, Mode mode,
                         const Variables& variables, AgentSettings& settings);
// The tables of common-config.toml, for the reference.
std::string common_config_reference();

}  // namespace kansoku::pipeline::cloudwatch_agent
