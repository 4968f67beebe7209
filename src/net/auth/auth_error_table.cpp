#include "net/auth/auth_error_table.h"

#include "base/check.h"

namespace kansoku::net::auth {
namespace {

constexpr AuthErrorCodes kCodes[kAuthFaultCount] = {
    // NoSignature
    {"MissingAuthenticationToken", 403, "AuthFailure", 401, "MissingAuthenticationTokenException",
     403},
    // Malformed
    {"IncompleteSignature", 400, "AuthFailure", 401, "IncompleteSignatureException", 400},
    // UnknownKey
    {"InvalidClientTokenId", 403, "AuthFailure", 401, "UnrecognizedClientException", 400},
    // BadSignature
    {"SignatureDoesNotMatch", 403, "AuthFailure", 401, "InvalidSignatureException", 400},
    // Skewed
    {"SignatureDoesNotMatch", 403, "RequestExpired", 400, "InvalidSignatureException", 400},
    // Expired: the presigned form
    {"RequestExpired", 400, "RequestExpired", 400, "InvalidSignatureException", 400},
    // ExpiredToken
    {"ExpiredToken", 403, "RequestExpired", 400, "ExpiredTokenException", 400},
    // NoPermission
    {"AccessDenied", 403, "UnauthorizedOperation", 403, "AccessDeniedException", 400},
};

}  // namespace

const AuthErrorCodes& auth_error_codes(AuthFault fault, bool presigned) {
  // A presigned request that is too old says so by its own code whichever check found it.
  if (fault == AuthFault::Skewed && presigned) fault = AuthFault::Expired;
  auto row = static_cast<size_t>(fault);
  KANSOKU_CHECK(row < kAuthFaultCount);
  return kCodes[row];
}

}  // namespace kansoku::net::auth
