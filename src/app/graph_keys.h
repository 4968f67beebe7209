// Keys of kansoku's own configuration for receivers and exporters of logs, read into a GraphSpec.
#pragma once

#include <string>
#include <vector>

#include "pipeline/graph/spec.h"
#include "wire/document/document.h"

namespace kansoku::app {

// "filelog/app" and the like: whether the configuration may name such a component.
bool is_graph_receiver(std::string_view name);
bool is_graph_exporter(std::string_view name);

// One entry of `receivers` or `exporters`. Problems have their position.
void read_graph_receiver(const wire::Node::Entry& entry, const std::string& file,
                         pipeline::GraphSpec& graph, std::vector<wire::Problem>& problems);
void read_graph_exporter(const wire::Node::Entry& entry, const std::string& file,
                         pipeline::GraphSpec& graph, std::vector<wire::Problem>& problems);
// The section `agent`: what holds for everything that is sent.
void read_agent_settings(const wire::Node& node, const std::string& file,
                         pipeline::AgentSettings& settings, std::vector<wire::Problem>& problems);

// The keys as Markdown tables, for docs/configuration.md.
std::string graph_reference();

}  // namespace kansoku::app
