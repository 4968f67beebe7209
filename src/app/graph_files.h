// Configuration files of any dialect as one graph.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "net/http/http.h"
#include "pipeline/graph/spec.h"
#include "wire/document/document.h"

namespace kansoku::app {

struct GraphFiles {
  pipeline::GraphSpec graph;
  std::vector<wire::Problem> notices;  // what is accepted and does nothing
};

// The files (and folders of them) go together. `dialect` empty: seen from the content of each. What
// placeholders need of the host is asked, for at most some seconds: for the main thread at start.
// Problems say file, line, column and pointer.
std::expected<GraphFiles, std::vector<wire::Problem>> read_graph_files(
    env::Env env, net::EventLoops& loops, const std::vector<std::string>& paths,
    const std::string& dialect, const std::string& data_directory);

}  // namespace kansoku::app
