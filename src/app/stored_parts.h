// The parts of the metric engine as its files tell them, for the Prometheus API.
#pragma once

#include <string>
#include <vector>

#include "api/prometheus/prometheus_api.h"
#include "base/env/env.h"

namespace kansoku::app {

// Reads the footer of each part in the engine's directory; one that a merge takes away meanwhile,
// or whose footer is damaged, is left out. Blocks on the disk.
Result<std::vector<api::prometheus::StoredPart>> list_stored_parts(env::FileSystem& files,
                                                                   const std::string& directory);

}  // namespace kansoku::app
