// The setting server.metrics.prometheus_tiers: how long points and cells of which Prometheus series
// are kept. Thread contract: a free function.
#pragma once

#include <string>
#include <vector>

#include "store/metrics/engine.h"
#include "wire/document/document.h"

namespace kansoku::app {

// The rules of the list; what is wrong with it goes to `problems`, one line each.
std::vector<store::metrics::TierRule> read_tier_rules(const wire::Node& list,
                                                      std::vector<std::string>& problems);

}  // namespace kansoku::app
