// Who this host is (ARCHITECTURE, "A host's identity").
#pragma once

#include <string>

#include "api/console/console_api.h"
#include "base/env/env.h"
#include "net/http/http.h"

namespace kansoku::app {

// True where an instance metadata service can be expected: the firmware names EC2, or the
// environment names an endpoint (AWS_EC2_METADATA_SERVICE_ENDPOINT), and AWS_EC2_METADATA_DISABLED
// is not true.
bool expects_instance_metadata(env::FileSystem& files);

// The instance id of EC2 from IMDSv2, remembered in the data directory so that a start while the
// service is away keeps the identity. Empty where there is none. Waits; for the main thread at
// start.
std::string ec2_instance_id(env::Env env, net::EventLoops& loops,
                            const std::string& data_directory);

// The setting when there is one, else "i-" and 17 hex digits of a hash of the machine id; where the
// machine has none, one is made in the data directory.
Result<std::string> host_id(env::Env env, const std::string& data_directory,
                            const std::string& setting);

// gethostname(2); "localhost" where it has none.
std::string local_host_name();

// Name, operating system, kernel, processors and memory of this host.
api::console::HostDescription describe_host(env::FileSystem& files, const std::string& id);

}  // namespace kansoku::app
