// What configurations of the CloudWatch agent ask of this host, as far as the host itself knows it.
#pragma once

#include "base/env/env.h"
#include "pipeline/dialects/cloudwatch_agent/host_facts.h"

namespace kansoku::app {

// Name, address, zone, date, environment. What instance or task metadata know stays empty.
pipeline::cloudwatch_agent::HostFacts local_host_facts(env::Env env);

}  // namespace kansoku::app
