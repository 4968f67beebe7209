#include "api/aws/logs/logs_errors.h"

namespace kansoku::api::aws::logs {
namespace {

AwsError make(std::string shape, std::string message) {
  AwsError error;
  error.shape = std::move(shape);
  error.message = std::move(message);
  return error;
}

}  // namespace

AwsError invalid_parameter(std::string message) {
  return make("InvalidParameterException", std::move(message));
}
AwsError resource_not_found(std::string message) {
  return make("ResourceNotFoundException", std::move(message));
}
AwsError group_not_found() { return resource_not_found("The specified log group does not exist."); }
AwsError stream_not_found() {
  return resource_not_found("The specified log stream does not exist.");
}
AwsError invalid_token() { return invalid_parameter("The specified nextToken is invalid."); }

AwsError violations_error(const std::vector<Violation>& violations) {
  return invalid_parameter(kansoku::aws::violations_message(violations));
}

AwsError store_error(const Error& error) {
  switch (error.code) {
    case ErrorCode::AlreadyExists:
      return make("ResourceAlreadyExistsException", error.message);
    case ErrorCode::NotFound:
      return resource_not_found(error.message);
    case ErrorCode::FailedPrecondition:
      return make("OperationAbortedException",
                  "Multiple concurrent requests to update the same resource were in conflict.");
    case ErrorCode::InvalidArgument:
    case ErrorCode::OutOfRange:
      return invalid_parameter(error.message);
    case ErrorCode::ResourceExhausted:
      return make("LimitExceededException", error.message);
    case ErrorCode::Unavailable: {
      AwsError out = make("ServiceUnavailableException", error.message);
      out.http_status = 503;
      return out;
    }
    default:
      return from_error(error);
  }
}

}  // namespace kansoku::api::aws::logs
