// What will run, for people: each receiver with what it reads and how, each exporter, each
// pipeline.
#pragma once

#include "pipeline/graph/spec.h"

namespace kansoku::pipeline {

// `now_s`, Unix time, chooses the offset that is shown of a time zone.
std::string explain(const GraphSpec& graph, int64_t now_s);

}  // namespace kansoku::pipeline
