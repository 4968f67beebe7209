// Result<T> and Status: how every function of kansoku reports that it could not do its work.
//
// No exception crosses a folder border; a third-party throw is caught in the adapter that calls it.
// An Error has a code (mapped to HTTP and gRPC below, to AWS codes in api/aws), a
// message for people (one line, lower case, the offending value, the limit) and the failing object.
// Thread contract: plain values.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace kansoku {

enum class ErrorCode : uint8_t {
  InvalidArgument,  // bad input, whoever sends it again gets the same answer
  OutOfRange,       // a value or a range outside what is held or allowed
  NotFound,
  AlreadyExists,
  FailedPrecondition,  // compare-and-set lost, wrong state
  PermissionDenied,
  Unauthenticated,
  ResourceExhausted,  // a limit or a budget; try later or ask for less (429)
  Unavailable,        // overload, shutdown, disk full; try again (503)
  DeadlineExceeded,
  Cancelled,
  DataLoss,  // a checksum or a format did not hold
  Unimplemented,
  Internal,  // the environment failed us: I/O error, out of descriptors
};

std::string_view error_code_name(ErrorCode code);
int error_code_http_status(ErrorCode code);
// gRPC status number (google.rpc.Code).
int error_code_grpc_status(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
  // What failed: a path, a series, a header; empty when the message says it all.
  std::string object;

  // "object: message", or the message alone.
  std::string to_string() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string object = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(object)});
}

#define KANSOKU_ERROR_MAKER(name, code)                                             \
  template <class... Args>                                                          \
  std::unexpected<Error> name(fmt::format_string<Args...> format, Args&&... args) { \
    return fail(ErrorCode::code, fmt::format(format, std::forward<Args>(args)...)); \
  }
KANSOKU_ERROR_MAKER(invalid_argument, InvalidArgument)
KANSOKU_ERROR_MAKER(out_of_range, OutOfRange)
KANSOKU_ERROR_MAKER(not_found, NotFound)
KANSOKU_ERROR_MAKER(already_exists, AlreadyExists)
KANSOKU_ERROR_MAKER(failed_precondition, FailedPrecondition)
KANSOKU_ERROR_MAKER(permission_denied, PermissionDenied)
KANSOKU_ERROR_MAKER(unauthenticated, Unauthenticated)
KANSOKU_ERROR_MAKER(resource_exhausted, ResourceExhausted)
KANSOKU_ERROR_MAKER(unavailable, Unavailable)
KANSOKU_ERROR_MAKER(deadline_exceeded, DeadlineExceeded)
KANSOKU_ERROR_MAKER(cancelled, Cancelled)
KANSOKU_ERROR_MAKER(corruption, DataLoss)
KANSOKU_ERROR_MAKER(unimplemented, Unimplemented)
KANSOKU_ERROR_MAKER(internal_error, Internal)
#undef KANSOKU_ERROR_MAKER

// A value from outside, fit for a message: at most `bytes_max` bytes, control bytes escaped.
std::string quoted(std::string_view value, size_t bytes_max = 80);

#define KANSOKU_CONCAT_INNER(a, b) a##b
#define KANSOKU_CONCAT(a, b) KANSOKU_CONCAT_INNER(a, b)

// KANSOKU_TRY(auto block, decode(bytes)): declares the value or returns the error.
#define KANSOKU_TRY_IMPL(tmp, declaration, ...)             \
  auto tmp = (__VA_ARGS__);                                 \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  declaration = std::move(*tmp)
#define KANSOKU_TRY(declaration, ...) \
  KANSOKU_TRY_IMPL(KANSOKU_CONCAT(kansoku_try_, __LINE__), declaration, __VA_ARGS__)

// KANSOKU_CHECK_OK(status): returns the error of a Status.
#define KANSOKU_RETURN_IF_ERROR(...)                                                \
  do {                                                                              \
    auto kansoku_status = (__VA_ARGS__);                                            \
    if (!kansoku_status) return std::unexpected(std::move(kansoku_status).error()); \
  } while (false)

}  // namespace kansoku
