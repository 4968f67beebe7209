#include "base/result.h"

#include <array>

namespace kansoku {
namespace {

struct CodeRow {
  ErrorCode code;
  std::string_view name;
  int http_status;
  int grpc_status;
};

// One row a code, in the order of the enumeration.
constexpr std::array<CodeRow, 14> kCodes{{
    {ErrorCode::InvalidArgument, "invalid argument", 400, 3},
    {ErrorCode::OutOfRange, "out of range", 400, 11},
    {ErrorCode::NotFound, "not found", 404, 5},
    {ErrorCode::AlreadyExists, "already exists", 409, 6},
    {ErrorCode::FailedPrecondition, "failed precondition", 409, 9},
    {ErrorCode::PermissionDenied, "permission denied", 403, 7},
    {ErrorCode::Unauthenticated, "unauthenticated", 401, 16},
    {ErrorCode::ResourceExhausted, "resource exhausted", 429, 8},
    {ErrorCode::Unavailable, "unavailable", 503, 14},
    {ErrorCode::DeadlineExceeded, "deadline exceeded", 504, 4},
    {ErrorCode::Cancelled, "cancelled", 499, 1},
    {ErrorCode::DataLoss, "data loss", 500, 15},
    {ErrorCode::Unimplemented, "unimplemented", 501, 12},
    {ErrorCode::Internal, "internal", 500, 13},
}};

const CodeRow& row(ErrorCode code) { return kCodes[static_cast<size_t>(code)]; }

}  // namespace

std::string_view error_code_name(ErrorCode code) { return row(code).name; }
int error_code_http_status(ErrorCode code) { return row(code).http_status; }
int error_code_grpc_status(ErrorCode code) { return row(code).grpc_status; }

std::string Error::to_string() const { return object.empty() ? message : object + ": " + message; }

std::string quoted(std::string_view value, size_t bytes_max) {
  std::string out = "\"";
  for (char c : value.substr(0, bytes_max)) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += value.size() > bytes_max ? "...\"" : "\"";
  return out;
}

}  // namespace kansoku
