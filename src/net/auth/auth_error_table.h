// What each protocol says for each fault. AWS documents little of it, so it is one table that is
// easy to change (AWS API reference, "Common errors", and observed answers).
#pragma once

#include <string_view>

#include "net/auth/sigv4.h"

namespace kansoku::net::auth {

struct AuthErrorCodes {
  std::string_view query_code;  // CloudWatch query, SNS, STS, IAM, Auto Scaling
  int query_status;
  std::string_view ec2_code;
  int ec2_status;
  std::string_view json_shape;  // JSON 1.x, REST-JSON, CBOR
  int json_status;
};

// JSON with query mode and CBOR answer the JSON shape and status with the query code beside it.
const AuthErrorCodes& auth_error_codes(AuthFault fault, bool presigned);

}  // namespace kansoku::net::auth
