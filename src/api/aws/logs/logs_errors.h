// Errors in the words of CloudWatch Logs. Internal to api/aws/logs.
#pragma once

#include <string>
#include <vector>

#include "api/aws/errors.h"
#include "api/aws/operation.h"

namespace kansoku::api::aws::logs {

AwsError invalid_parameter(std::string message);
AwsError resource_not_found(std::string message);
AwsError group_not_found();
AwsError stream_not_found();
AwsError invalid_token();
AwsError violations_error(const std::vector<Violation>& violations);
// From the stores: what exists already, what does not, limits, overload, damage.
AwsError store_error(const Error& error);

}  // namespace kansoku::api::aws::logs
