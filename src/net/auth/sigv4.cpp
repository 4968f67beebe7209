// Verifying. The order is fixed: the form of the request, then its age, then the signature (with a
// stand-in secret where the key is unknown, so that the work is the same), then the key's own
// state.
#include "net/auth/sigv4.h"

#include <fmt/core.h>

#include <algorithm>

#include "net/auth/canonical.h"
#include "net/auth/signing_key.h"

namespace kansoku::net::auth {
namespace {

constexpr size_t kSignedHeadersMax = 100;

struct Claim {
  CredentialScope scope;
  std::string amz_date;
  env::WallTime date;
  std::string signed_headers_text;
  std::vector<std::string_view> signed_headers;  // into signed_headers_text
  std::string signature;
  int64_t expires_s = 0;
  std::string token;
  std::string payload_hash;  // as claimed; empty: the body's
  bool token_in_query = false;
  bool presigned = false;
};

using Claimed = std::expected<std::unique_ptr<Claim>, AuthFailure>;

std::unexpected<AuthFailure> failure(AuthFault fault, std::string message, bool presigned = false) {
  return std::unexpected(AuthFailure{fault, std::move(message), presigned});
}
std::unexpected<AuthFailure> malformed(std::string message, bool presigned = false) {
  return failure(AuthFault::Malformed, std::move(message), presigned);
}

// The one header of that name; malformed when there are two.
std::expected<std::optional<std::string_view>, AuthFailure> single_header(
    const SignedRequest& request, std::string_view name) {
  std::optional<std::string_view> found;
  for (const Header& header : request.headers) {
    if (!equals_ignore_case(header.name, name)) continue;
    if (found) return malformed(fmt::format("header '{}' occurs twice", name));
    found = trimmed(header.value, kBlanksAndLineEnds);
  }
  return found;
}

bool parse_scope(std::string_view credential, CredentialScope& scope) {
  // An access key id never holds a slash, so the parts are exactly five.
  std::array<std::string_view, 5> parts;
  size_t count = 0;
  while (true) {
    size_t slash = credential.find('/');
    if (count == parts.size()) return false;
    parts[count++] = credential.substr(0, slash);
    if (slash == std::string_view::npos) break;
    credential.remove_prefix(slash + 1);
  }
  if (count != parts.size() || parts[4] != kTerminator) return false;
  for (std::string_view part : parts) {
    if (part.empty()) return false;
  }
  scope = {std::string(parts[0]), std::string(parts[1]), std::string(parts[2]),
           std::string(parts[3])};
  return true;
}

bool split_signed_headers(Claim& claim) {
  std::string_view rest = claim.signed_headers_text;
  while (true) {
    size_t end = rest.find(';');
    std::string_view name = rest.substr(0, end);
    if (name.empty() || claim.signed_headers.size() == kSignedHeadersMax) return false;
    if (std::ranges::find(claim.signed_headers, name) != claim.signed_headers.end()) return false;
    for (char c : name) {
      if (c <= ' ' || (c >= 'A' && c <= 'Z')) return false;
    }
    claim.signed_headers.push_back(name);
    if (end == std::string_view::npos) return true;
    rest.remove_prefix(end + 1);
  }
}

std::unexpected<AuthFailure> bad_algorithm(std::string_view algorithm, bool presigned) {
  if (algorithm.starts_with("AWS4-ECDSA-P256-SHA256")) {
    return malformed(
        "algorithm AWS4-ECDSA-P256-SHA256 (SigV4a) is not supported, "
        "sign with AWS4-HMAC-SHA256",
        presigned);
  }
  return malformed(fmt::format("unsupported authorization algorithm {}", quoted(algorithm)),
                   presigned);
}

Claimed header_claim(const SignedRequest& request, std::string_view authorization) {
  auto claim = std::make_unique<Claim>();
  size_t blank = authorization.find(' ');
  std::string_view algorithm = authorization.substr(0, blank);
  if (algorithm != kAlgorithm) return bad_algorithm(algorithm, false);
  std::string_view rest =
      blank == std::string_view::npos ? std::string_view{} : authorization.substr(blank + 1);
  std::optional<std::string_view> credential, headers, signature;
  while (!(rest = trimmed(rest, kBlanksAndLineEnds)).empty()) {
    size_t end = rest.find(',');
    std::string_view part = trimmed(rest.substr(0, end), kBlanksAndLineEnds);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    size_t equals = part.find('=');
    std::string_view name = part.substr(0, equals);
    if (equals == std::string_view::npos) return malformed("Authorization part without '='");
    std::optional<std::string_view>* slot = name == "Credential"      ? &credential
                                            : name == "SignedHeaders" ? &headers
                                            : name == "Signature"     ? &signature
                                                                      : nullptr;
    if (slot == nullptr || slot->has_value()) {
      return malformed(fmt::format("unexpected Authorization part {}", quoted(name)));
    }
    *slot = part.substr(equals + 1);
  }
  for (auto [slot, name] : {std::pair{&credential, "Credential"},
                            {&signature, "Signature"},
                            {&headers, "SignedHeaders"}}) {
    if (!slot->has_value()) {
      return malformed(fmt::format("Authorization header requires '{}' parameter.", name));
    }
  }
  if (!parse_scope(*credential, claim->scope)) {
    return malformed("Credential must have the form KEY/YYYYMMDD/REGION/SERVICE/aws4_request");
  }
  claim->signed_headers_text = *headers;
  claim->signature = *signature;

  auto amz_date_header = single_header(request, "x-amz-date");
  if (!amz_date_header) return std::unexpected(std::move(amz_date_header).error());
  auto date_header = single_header(request, "date");
  if (!*amz_date_header && !date_header) return std::unexpected(std::move(date_header).error());
  std::optional<std::string_view> text = *amz_date_header;
  if (!text && date_header) text = *date_header;
  if (!text) {
    return malformed(
        "Authorization header requires existence of either a 'X-Amz-Date' or a "
        "'Date' header.");
  }
  auto date = parse_amz_date(*text);
  if (!date) return malformed(fmt::format("date must be ISO8601 basic format: {}", quoted(*text)));
  claim->date = *date;
  claim->amz_date = amz_date(*date);
  if (!split_signed_headers(*claim)) return malformed("SignedHeaders is malformed");
  std::string_view date_name = *amz_date_header ? "x-amz-date" : "date";
  if (std::ranges::find(claim->signed_headers, date_name) == claim->signed_headers.end()) {
    return malformed(fmt::format("'{}' must be a signed header", date_name));
  }
  auto token = single_header(request, "x-amz-security-token");
  if (!token) return std::unexpected(std::move(token).error());
  claim->token = token->value_or(std::string_view{});
  return claim;
}

Claimed query_claim(const std::vector<QueryParameter>& parameters) {
  auto claim = std::make_unique<Claim>();
  claim->presigned = true;
  std::optional<std::string_view> algorithm, credential, date, expires, headers, signature, token;
  std::optional<std::string_view> payload;
  struct Slot {
    std::string_view name;
    std::optional<std::string_view>* value;
    bool required;
  };
  const Slot slots[] = {{"X-Amz-Algorithm", &algorithm, true},
                        {"X-Amz-Credential", &credential, true},
                        {"X-Amz-Date", &date, true},
                        {"X-Amz-Expires", &expires, true},
                        {"X-Amz-SignedHeaders", &headers, true},
                        {"X-Amz-Signature", &signature, true},
                        {"X-Amz-Security-Token", &token, false},
                        {"X-Amz-Content-Sha256", &payload, false}};
  for (const QueryParameter& parameter : parameters) {
    for (const Slot& slot : slots) {
      if (parameter.name != slot.name) continue;
      if (slot.value->has_value()) {
        return malformed(fmt::format("query parameter {} occurs twice", slot.name), true);
      }
      *slot.value = parameter.value;
    }
  }
  for (const Slot& slot : slots) {
    if (slot.required && !slot.value->has_value()) {
      return malformed(fmt::format("query signature requires '{}'", slot.name), true);
    }
  }
  if (*algorithm != kAlgorithm) return bad_algorithm(*algorithm, true);
  if (!parse_scope(*credential, claim->scope))
    return malformed("X-Amz-Credential is malformed", true);
  auto when = parse_amz_date(*date);
  if (!when || amz_date(*when) != *date) return malformed("X-Amz-Date is malformed", true);
  claim->date = *when;
  claim->amz_date = *date;
  auto [end, error] =
      std::from_chars(expires->data(), expires->data() + expires->size(), claim->expires_s);
  if (error != std::errc{} || end != expires->data() + expires->size() || claim->expires_s < 1 ||
      claim->expires_s > kPresignedExpiresMaxS) {
    return malformed("X-Amz-Expires must be between 1 and 604800", true);
  }
  claim->signed_headers_text = *headers;
  claim->signature = *signature;
  if (!split_signed_headers(*claim)) return malformed("X-Amz-SignedHeaders is malformed", true);
  claim->token = token.value_or(std::string_view{});
  claim->token_in_query = token.has_value();
  claim->payload_hash = payload.value_or(std::string_view{});
  return claim;
}

Claimed parse_claim(const SignedRequest& request) {
  auto authorization = single_header(request, "authorization");
  if (!authorization) return std::unexpected(std::move(authorization).error());
  bool in_query = request.query.find("X-Amz-") != std::string_view::npos;
  std::vector<QueryParameter> parameters;
  if (in_query) {
    parameters = parse_query(request.query);
    in_query = std::ranges::any_of(parameters, [](const QueryParameter& parameter) {
      return parameter.name == "X-Amz-Signature" || parameter.name == "X-Amz-Algorithm" ||
             parameter.name == "X-Amz-Credential";
    });
  }
  if (*authorization && in_query) return malformed("signed both in a header and in the query");
  if (*authorization) return header_claim(request, **authorization);
  if (in_query) return query_claim(parameters);
  return failure(AuthFault::NoSignature, "Request is missing Authentication Token");
}

// host, and every x-amz-* header that is present. The session token may be added after signing: it
// is bound to the key and compared with it.
std::optional<AuthFailure> check_signed_headers(const SignedRequest& request, const Claim& claim) {
  auto is_signed = [&](std::string_view lower_name) {
    return std::ranges::find(claim.signed_headers, lower_name) != claim.signed_headers.end();
  };
  bool host_seen = false;
  for (const Header& header : request.headers) {
    std::string name = lower_ascii(header.name);
    host_seen |= name == "host";
    if ((name.starts_with("x-amz-") && name != "x-amz-security-token" && !is_signed(name))) {
      return AuthFailure{AuthFault::BadSignature,
                         fmt::format("header '{}' is present but not signed", name),
                         claim.presigned};
    }
  }
  if (!host_seen || !is_signed("host")) {
    return AuthFailure{AuthFault::Malformed, "'Host' must be a signed header", claim.presigned};
  }
  return std::nullopt;
}

std::optional<AuthFailure> check_age(const Claim& claim, env::WallTime now, int64_t skew_s) {
  int64_t skew_ns = skew_s * env::kNsPerS;
  if (claim.date.ns > now.ns + skew_ns) {
    return AuthFailure{
        claim.presigned ? AuthFault::Expired : AuthFault::Skewed,
        fmt::format("Signature not yet current: {} is still later than {} ({} + {} min.)",
                    claim.amz_date, amz_date({now.ns + skew_ns}), amz_date(now), skew_s / 60),
        claim.presigned};
  }
  if (claim.presigned) {
    if (claim.date.ns + claim.expires_s * env::kNsPerS < now.ns) {
      return AuthFailure{AuthFault::Expired, "Request has expired.", true};
    }
  } else if (claim.date.ns < now.ns - skew_ns) {
    return AuthFailure{
        AuthFault::Skewed,
        fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)", claim.amz_date,
                    amz_date({now.ns - skew_ns}), amz_date(now), skew_s / 60),
        false};
  }
  return std::nullopt;
}

// What stands in the payload line, or why the body is not the one that was signed.
std::expected<std::string, AuthFailure> payload_hash(const SignedRequest& request,
                                                     const Claim& claim) {
  auto header = single_header(request, "x-amz-content-sha256");
  if (!header) return std::unexpected(std::move(header).error());
  std::string claimed(header->value_or(claim.payload_hash));
  if (claimed == kUnsignedPayload) return claimed;
  if (claimed.starts_with("STREAMING-")) {
    return malformed(fmt::format("x-amz-content-sha256 {} is not supported", quoted(claimed)),
                     claim.presigned);
  }
  std::string actual =
      request.body.empty() ? std::string(kEmptyPayloadHash) : sha256_hex(request.body);
  if (!claimed.empty() && !constant_time_equal(claimed, actual)) {
    return failure(AuthFault::BadSignature,
                   "The provided 'x-amz-content-sha256' header does not match what was computed.",
                   claim.presigned);
  }
  return actual;
}

bool signature_matches(const SignedRequest& request, const Claim& claim, std::string_view secret,
                       std::string_view hash) {
  CanonicalOptions options;
  if (claim.scope.service == "s3") {
    options.path_rule = PathRule::AsReceived;
    options.normalize_path = false;
  }
  auto matches = [&] {
    std::string canonical = canonical_request(request, claim.signed_headers, hash, options);
    std::string text = string_to_sign(claim.amz_date, claim.scope, canonical);
    return constant_time_equal(signature_of(secret, claim.scope, text), claim.signature);
  };
  bool matched = matches();
  if (claim.token_in_query) {
    options.omit_token_query = true;
    matched |= matches();
  }
  return matched;
}

}  // namespace

SignedRequest signed_request(const HttpRequest& request) {
  std::string_view target = request.target;
  size_t question = target.find('?');
  return {request.method, target.substr(0, question),
          question == std::string_view::npos ? std::string_view{} : target.substr(question + 1),
          request.headers.list(), request.body};
}

std::optional<CredentialScope> claimed_scope(const SignedRequest& request) {
  CredentialScope scope;
  for (const Header& header : request.headers) {
    if (!equals_ignore_case(header.name, "authorization")) continue;
    std::string_view value = header.value;
    size_t start = value.find("Credential=");
    if (start == std::string_view::npos) return std::nullopt;
    value.remove_prefix(start + 11);
    if (parse_scope(trimmed(value.substr(0, value.find(',')), kBlanksAndLineEnds), scope))
      return scope;
    return std::nullopt;
  }
  if (request.query.find("X-Amz-Credential") == std::string_view::npos) return std::nullopt;
  for (const QueryParameter& parameter : parse_query(request.query)) {
    if (parameter.name == "X-Amz-Credential" && parse_scope(parameter.value, scope)) return scope;
  }
  return std::nullopt;
}

std::expected<Verified, AuthFailure> verify_request(const SignedRequest& request,
                                                    const KeyStore& keys, env::WallTime now,
                                                    const VerifyOptions& options) {
  Claimed parsed = parse_claim(request);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  Claim& claim = **parsed;
  if (claim.amz_date.substr(0, 8) != claim.scope.date) {
    return failure(AuthFault::BadSignature,
                   "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                   "date from HTTP",
                   claim.presigned);
  }
  if (auto wrong = check_signed_headers(request, claim)) return std::unexpected(std::move(*wrong));
  if (auto wrong = check_age(claim, now, std::clamp<int64_t>(options.skew_max_s, 1, 900))) {
    return std::unexpected(std::move(*wrong));
  }
  auto hash = payload_hash(request, claim);
  if (!hash) return std::unexpected(std::move(hash).error());

  std::shared_ptr<const AccessKey> key = keys.find(claim.scope.access_key_id);
  // A secret nobody has: its only use is that the work for an unknown key is the same.
  static const std::string kStandIn = sha256_hex("no such access key");
  bool matched = signature_matches(request, claim, key ? key->secret_access_key : kStandIn, *hash);
  bool token_matches = constant_time_equal(claim.token, key ? key->session_token : kStandIn);
  if (!key || key->disabled || key->principal == nullptr) {
    return failure(AuthFault::UnknownKey, "The security token included in the request is invalid.",
                   claim.presigned);
  }
  if (!matched) {
    return failure(AuthFault::BadSignature,
                   "The request signature we calculated does not match the signature you provided. "
                   "Check your AWS Secret Access Key and signing method. Consult the service "
                   "documentation for details.",
                   claim.presigned);
  }
  if (!token_matches) {
    return failure(AuthFault::UnknownKey, "The security token included in the request is invalid.",
                   claim.presigned);
  }
  if (key->expires && *key->expires <= now) {
    return failure(AuthFault::ExpiredToken, "The security token included in the request is expired",
                   claim.presigned);
  }
  return Verified{key->principal, std::move(claim.scope), claim.presigned};
}

}  // namespace kansoku::net::auth
