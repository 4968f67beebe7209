// Several configurations as one.
#pragma once

#include "pipeline/dialects/cloudwatch_agent/schema.h"

namespace kansoku::pipeline::cloudwatch_agent {

// Puts `from` into `into`: objects are joined, the lists of kAppended and the objects of kListed
// come one behind the other without what is there already, and everything else that stands in both
// must be the same (a problem with both places otherwise).
void merge(Node& into, Node from, Findings& findings);

}  // namespace kansoku::pipeline::cloudwatch_agent
