// What the workload looks like, measured from the workload itself.
#pragma once

#include <string>

#include "requests.h"

namespace kansoku::bench {

// One JSON object: shares of constant series and of repeated samples, labels a series, bytes.
std::string workload_statistics(const Workload& workload);

}  // namespace kansoku::bench
