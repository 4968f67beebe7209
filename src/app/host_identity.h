// Who this host is (ARCHITECTURE, "A host's identity").
#pragma once

#include <string>

#include "api/console/console_api.h"
#include "base/env/env.h"

namespace kansoku::app {

// The setting when there is one, else "i-" and 17 hex digits of a hash of the machine id; where the
// machine has none, one is made in the data directory.
Result<std::string> host_id(env::Env env, const std::string& data_directory,
                            const std::string& setting);

// Name, operating system, kernel, processors and memory of this host.
api::console::HostDescription describe_host(env::FileSystem& files, const std::string& id);

}  // namespace kansoku::app
