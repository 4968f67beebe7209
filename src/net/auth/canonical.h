// Pieces of the canonical request that signing, verifying and presigning share. Internal to
// net/auth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text/ascii.h"
#include "net/auth/sigv4.h"

namespace kansoku::net::auth {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
inline constexpr int64_t kPresignedExpiresMaxS = 604'800;  // 7 days

struct QueryParameter {
  std::string name;   // decoded
  std::string value;  // decoded
};

// Names and values decoded leniently: what is no escape is signed as it stands.
std::vector<QueryParameter> parse_query(std::string_view query);
// Folders of a path resolved: '.', '..' and empty ones; a slash at the end is kept.
std::string normalized_path(std::string_view path);

}  // namespace kansoku::net::auth
