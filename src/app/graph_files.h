// Configuration files of any dialect as one graph.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "pipeline/graph/spec.h"
#include "wire/document/document.h"

namespace kansoku::app {

// The files go together. `dialect` empty: seen from the content of each. Problems say file, line,
// column and pointer.
std::expected<pipeline::GraphSpec, std::vector<wire::Problem>> read_graph_files(
    const std::vector<std::string>& files, const std::string& dialect);

}  // namespace kansoku::app
