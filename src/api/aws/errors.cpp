#include "api/aws/errors.h"

#include <fmt/core.h>

#include "net/auth/auth_error_table.h"

namespace kansoku::api::aws {
namespace {

constexpr std::string_view kCoralService = "com.amazon.coral.service";
constexpr std::string_view kCoralValidate = "com.amazon.coral.validate";

}  // namespace

AwsError auth_error(Protocol protocol, const net::auth::AuthFailure& failure) {
  const auto& codes = net::auth::auth_error_codes(failure.fault, failure.presigned);
  AwsError error;
  error.shape = codes.json_shape;
  error.query_code = codes.query_code;
  error.http_status = protocol == Protocol::Query ? codes.query_status : codes.json_status;
  error.message = failure.message;
  error.shape_namespace = kCoralService;
  return error;
}

AwsError unknown_operation(Protocol protocol, std::string_view name) {
  AwsError error;
  error.shape = "UnknownOperationException";
  error.query_code = "InvalidAction";
  error.http_status = protocol == Protocol::Cbor ? 404 : 400;
  error.message = name.empty() ? "The request names no operation"
                               : fmt::format("Could not find operation {}", quoted(name));
  error.shape_namespace = kCoralService;
  return error;
}

AwsError unsupported_operation(std::string_view service, std::string_view name) {
  AwsError error;
  error.shape = "UnsupportedOperation";
  error.message = fmt::format("{}:{} is not implemented by this server", service, name);
  error.shape_namespace = kCoralService;
  return error;
}

AwsError malformed_body(Protocol protocol, std::string message) {
  AwsError error;
  error.shape = "SerializationException";
  error.query_code = protocol == Protocol::Query ? "MalformedInput" : "SerializationException";
  error.message = std::move(message);
  error.shape_namespace = kCoralService;
  return error;
}

AwsError body_too_large(size_t bytes_max) {
  AwsError error;
  error.shape = "RequestEntityTooLargeException";
  error.query_code = "RequestEntityTooLarge";
  error.http_status = 413;
  error.message = fmt::format("Request size exceeded {} bytes", bytes_max);
  error.shape_namespace = kCoralService;
  return error;
}

AwsError validation_error(std::string message) {
  AwsError error;
  error.shape = "ValidationException";
  error.query_code = "ValidationError";
  error.message = std::move(message);
  error.shape_namespace = kCoralValidate;
  return error;
}

AwsError from_error(const Error& error) {
  AwsError out;
  out.message = error.to_string();
  switch (error.code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::OutOfRange:
    case ErrorCode::FailedPrecondition:
      out.shape = "InvalidParameterValueException";
      out.query_code = "InvalidParameterValue";
      break;
    case ErrorCode::NotFound:
      out.shape = "ResourceNotFoundException";
      out.http_status = 404;
      break;
    case ErrorCode::AlreadyExists:
      out.shape = "ResourceConflict";
      break;
    case ErrorCode::PermissionDenied:
    case ErrorCode::Unauthenticated:
      out.shape = "AccessDeniedException";
      out.query_code = "AccessDenied";
      out.http_status = 403;
      break;
    case ErrorCode::ResourceExhausted:
      // 400 as AWS says it: SDKs back off and retry.
      out.shape = "ThrottlingException";
      out.query_code = "Throttling";
      break;
    case ErrorCode::Unimplemented:
      out.shape = "UnsupportedOperation";
      break;
    case ErrorCode::Unavailable:
    case ErrorCode::DeadlineExceeded:
    case ErrorCode::Cancelled:
      out.shape = "ServiceUnavailableException";
      out.query_code = "ServiceUnavailable";
      out.http_status = 503;
      break;
    default:
      out.shape = "InternalServiceFault";
      out.query_code = "InternalServiceError";
      out.http_status = 500;
  }
  return out;
}

}  // namespace kansoku::api::aws
