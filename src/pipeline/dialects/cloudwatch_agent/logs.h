// The section `logs` as receivers and their exporter.
#pragma once

#include "pipeline/dialects/cloudwatch_agent/dialect.h"
#include "pipeline/dialects/cloudwatch_agent/placeholders.h"
#include "pipeline/dialects/cloudwatch_agent/sections.h"

namespace kansoku::pipeline::cloudwatch_agent {

struct LogsContext {
  const HostFacts& facts;
  Mode mode = Mode::OnPremise;
  const Options& options;
  const Variables& variables;
  Findings& findings;
};

// Adds to a graph whose agent settings are known.
void add_logs(const LogsSection& section, const LogsContext& context, GraphSpec& graph);

}  // namespace kansoku::pipeline::cloudwatch_agent
