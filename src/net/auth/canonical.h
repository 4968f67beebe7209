// Pieces of the canonical request that signing, verifying and presigning share. Internal to
// net/auth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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

// Everything but A-Z a-z 0-9 - . _ ~ as %XX, upper case.
void append_uri_encoded(std::string& out, std::string_view text, bool keep_slash);
// %XX and '+' (a blank) decoded; an escape that is none stays as it stands.
std::string uri_decode(std::string_view text);
std::vector<QueryParameter> parse_query(std::string_view query);
bool equals_ignore_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
std::string_view trimmed(std::string_view text);
// Folders of a path resolved: '.', '..' and empty ones; a slash at the end is kept.
std::string normalized_path(std::string_view path);

}  // namespace kansoku::net::auth
