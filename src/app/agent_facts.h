// What configurations of the CloudWatch agent ask of this host, as far as the host itself knows it.
#pragma once

#include "base/env/env.h"
#include "net/http/http.h"
#include "pipeline/dialects/cloudwatch_agent/host_facts.h"

namespace kansoku::app {

// Name, address, zone, date, environment. What instance or task metadata know stays empty.
pipeline::cloudwatch_agent::HostFacts local_host_facts(env::Env env);

// The same with what instance metadata and the shared files of AWS tools know. Waits some seconds
// where an instance metadata service can be expected; for the main thread at start.
pipeline::cloudwatch_agent::HostFacts agent_host_facts(env::Env env, net::EventLoops& loops,
                                                       const std::string& data_directory);

}  // namespace kansoku::app
