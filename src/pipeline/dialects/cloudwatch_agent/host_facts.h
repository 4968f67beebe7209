// What a configuration may ask of the host that it runs on. The caller finds it out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/time/zone.h"

namespace kansoku::pipeline::cloudwatch_agent {

enum class Mode : uint8_t { Auto, Ec2, OnPremise };

// Each text is empty while it is not known.
struct HostFacts {
  std::string instance_id;
  std::string ec2_hostname;    // as instance metadata has it
  std::string local_hostname;  // the operating system's
  std::string ip_address;
  std::string account_id;
  std::string profile_region;  // of the shared credentials and config files
  std::string imds_region;
  std::string ecs_region;
  // In a container: the task's ARN or the pod's name.
  std::string container_stream;
  bool in_container = false;
  std::string date;  // YYYY-MM-DD, UTC, of the start
  Zone local_zone;
  // Variables of the environment; none where it is empty.
  std::function<std::optional<std::string>(std::string_view name)> environment;
};

// Auto becomes one of the others: by RUN_IN_AWS, RUN_WITH_IRSA, instance or task metadata.
Mode detect_mode(Mode requested, const HostFacts& facts);

}  // namespace kansoku::pipeline::cloudwatch_agent
