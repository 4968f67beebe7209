// AWS Signature Version 4, both ways: verifying what clients signed and signing what we send.
//
// Source: AWS General Reference, "Signature Version 4 signing process"; pinned by the published
// test-suite and by captures of real clients. Only AWS4-HMAC-SHA256; the asymmetric
// AWS4-ECDSA-P256-SHA256 is refused by name. Thread contract: free-threaded; each thread keeps its
// own OpenSSL contexts and a small cache of signing keys.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/env/env.h"
#include "net/auth/identity.h"
#include "net/http/http.h"

namespace kansoku::net::auth {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: none
  std::optional<env::WallTime> expires;
};

// ---------------------------------------------------------------------------------------------
// Signing

// Adds X-Amz-Date, Host (from the URL) where missing, X-Amz-Security-Token and Authorization. Signs
// host, content-type, content-encoding and every x-amz-* and x-kansoku-* header present. The body
// is hashed as it stands, so compress before. An X-Amz-Content-Sha256 header already there is used
// as the payload hash (UNSIGNED-PAYLOAD included).
void sign_request(HttpClientRequest& request, const Credentials& credentials,
                  std::string_view region, std::string_view service, env::WallTime now);

// The URL with X-Amz-Algorithm … X-Amz-Signature in its query; valid for expires_s (1 to 604,800).
// The body must be empty when it is used.
std::string presign_url(std::string_view method, std::string_view url,
                        const Credentials& credentials, std::string_view region,
                        std::string_view service, env::WallTime now, int64_t expires_s);

// ---------------------------------------------------------------------------------------------
// Verifying

// Why a request was not let in. auth_error_table.h maps fault and protocol to AWS codes.
enum class AuthFault : uint8_t {
  NoSignature,   // neither Authorization nor X-Amz-Signature
  Malformed,     // a part missing, misspelt, twice, or an algorithm that is not served
  UnknownKey,    // no such access key, disabled, or its session token is not the one given
  BadSignature,  // wrong secret, or a signed part was changed
  Skewed,        // header form: date too far from ours
  Expired,       // presigned form: after X-Amz-Expires, or dated in the future
  ExpiredToken,  // session credentials past their end
  NoPermission,  // known, but the policies do not allow it (set by the dispatcher)
};
inline constexpr size_t kAuthFaultCount = 8;

struct AuthFailure {
  AuthFault fault = AuthFault::NoSignature;
  std::string message;
  bool presigned = false;
};

// What is verified: views into a request that has arrived whole.
struct SignedRequest {
  std::string_view method;
  std::string_view path;   // as on the wire, still encoded
  std::string_view query;  // without '?', still encoded
  std::span<const Header> headers;
  std::string_view body;  // as received, before any content decoding
};
SignedRequest signed_request(const HttpRequest& request);

struct CredentialScope {
  std::string access_key_id;
  std::string date;  // YYYYMMDD
  std::string region;
  std::string service;
};

// The scope a request claims, unverified: enough for routing. Nothing when there is none or it is
// malformed.
std::optional<CredentialScope> claimed_scope(const SignedRequest& request);

struct VerifyOptions {
  int64_t skew_max_s = 300;  // AWS: 5 minutes; at most 900
};

struct Verified {
  std::shared_ptr<const Principal> principal;
  CredentialScope scope;
  bool presigned = false;
};

std::expected<Verified, AuthFailure> verify_request(const SignedRequest& request,
                                                    const KeyStore& keys, env::WallTime now,
                                                    const VerifyOptions& options = {});

// ---------------------------------------------------------------------------------------------
// The steps, for the test-suite and for tools that explain a mismatch

// How the path becomes canonical. A client that encodes its path once before it sends it gets every
// segment encoded once more (`%3A` on the wire is `%253A`); the published test-suite writes raw
// paths, where that encoding is the first one. S3 alone takes the path as received.
enum class PathRule : uint8_t { Encode, AsReceived };

struct CanonicalOptions {
  PathRule path_rule = PathRule::Encode;
  bool normalize_path = true;        // folds '.', '..' and '//'
  bool omit_signature_query = true;  // leaves X-Amz-Signature out
  bool omit_token_query = false;     // leaves X-Amz-Security-Token out (added after signing)
};

// signed_headers in the order of the request's list, lower-case.
std::string canonical_request(const SignedRequest& request,
                              std::span<const std::string_view> signed_headers,
                              std::string_view payload_hash, const CanonicalOptions& options = {});
std::string string_to_sign(std::string_view amz_date, const CredentialScope& scope,
                           std::string_view canonical_request);
// 64 lower-case hex digits.
std::string signature_of(std::string_view secret_access_key, const CredentialScope& scope,
                         std::string_view string_to_sign);

using Sha256 = std::array<uint8_t, 32>;
Sha256 sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
// Of other protocols (the forward protocol's handshake).
std::string sha512_hex(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
// Takes the same time wherever the two differ.
bool constant_time_equal(std::string_view a, std::string_view b);

// "20150830T123600Z".
std::string amz_date(env::WallTime time);
// Basic ISO 8601 as above, or an RFC 9110 HTTP date.
std::optional<env::WallTime> parse_amz_date(std::string_view text);

}  // namespace kansoku::net::auth
