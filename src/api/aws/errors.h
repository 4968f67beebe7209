// Errors that every service shares.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/auth/sigv4.h"
#include "wire/aws/protocol.h"

namespace kansoku::api::aws {

using kansoku::aws::AwsError;
using kansoku::aws::Protocol;

AwsError auth_error(Protocol protocol, const net::auth::AuthFailure& failure);
AwsError unknown_operation(Protocol protocol, std::string_view name);
AwsError unsupported_operation(std::string_view service, std::string_view name);
// A body that the protocol cannot carry.
AwsError malformed_body(Protocol protocol, std::string message);
AwsError body_too_large(size_t bytes_max);
// Constraints of the model, coral style.
AwsError validation_error(std::string message);
// A Result's error from below: the same table for every service (see docs/api/monitoring.md).
AwsError from_error(const Error& error);

}  // namespace kansoku::api::aws
