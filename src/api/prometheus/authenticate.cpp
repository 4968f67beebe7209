#include "api/prometheus/authenticate.h"

#include "api/prometheus/reply.h"
#include "base/text/base64.h"
#include "net/auth/sigv4.h"

namespace kansoku::api::prometheus {
namespace {

// The signing name of managed Prometheus.
constexpr std::string_view kService = "aps";

net::HttpResponse unauthorized(std::string_view message) {
  net::HttpResponse out = error_reply(401, "bad_data", message);
  out.headers.add("www-authenticate", "Bearer realm=\"kansoku\"");
  out.headers.add("www-authenticate", "Basic realm=\"kansoku\", charset=\"UTF-8\"");
  return out;
}

// What follows the scheme in an Authorization header, or nothing when it is another scheme.
std::optional<std::string_view> credential_of(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ' ||
      !net::header_equals(header.substr(0, scheme.size()), scheme)) {
    return std::nullopt;
  }
  return header.substr(scheme.size() + 1);
}

std::shared_ptr<const net::auth::Principal> basic_principal(std::string_view credential,
                                                            const AuthenticationParts& parts) {
  auto text = base64_decode(credential);
  size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return nullptr;
  auto key = parts.keys->find(std::string_view(*text).substr(0, colon));
  // Session credentials have a third part, which basic auth cannot carry.
  if (key == nullptr || key->disabled || !key->session_token.empty()) return nullptr;
  if (key->expires && *key->expires <= parts.clock->wall_now()) return nullptr;
  std::string_view secret = std::string_view(*text).substr(colon + 1);
  if (!net::auth::constant_time_equal(key->secret_access_key, secret)) return nullptr;
  return key->principal;
}

std::expected<Caller, net::HttpResponse> signed_caller(const net::HttpRequest& request,
                                                       const AuthenticationParts& parts) {
  auto verified = net::auth::verify_request(net::auth::signed_request(request), *parts.keys,
                                            parts.clock->wall_now());
  if (!verified) {
    return std::unexpected(error_reply(403, "bad_data", verified.error().message));
  }
  if (verified->scope.service != kService) {
    return std::unexpected(
        error_reply(403, "bad_data",
                    fmt::format("credential should be scoped to correct service: '{}'", kService)));
  }
  return Caller{verified->principal, {verified->principal->account, verified->scope.region}};
}

}  // namespace

std::expected<Caller, net::HttpResponse> authenticate(const net::HttpRequest& request,
                                                      const AuthenticationParts& parts) {
  std::string_view header = request.headers.get("authorization");
  bool presigned = request.query().find("X-Amz-Algorithm=") != std::string_view::npos;
  if (header.starts_with("AWS4-") || presigned) return signed_caller(request, parts);
  std::shared_ptr<const net::auth::Principal> principal;
  if (auto token = credential_of(header, "bearer")) {
    principal = parts.tokens->find(*token, parts.clock->wall_now());
    if (principal == nullptr) return std::unexpected(unauthorized("the bearer token is not known"));
  } else if (auto basic = credential_of(header, "basic")) {
    principal = basic_principal(*basic, parts);
    if (principal == nullptr) {
      return std::unexpected(unauthorized("the access key id or its secret is wrong"));
    }
  } else if (!header.empty()) {
    return std::unexpected(
        unauthorized("authorization is neither bearer, basic nor AWS4-HMAC-SHA256"));
  } else if (parts.open_principal != nullptr) {
    principal = parts.open_principal;
  } else {
    return std::unexpected(unauthorized(
        "authentication is needed: a bearer token, basic auth with access key id and secret, or "
        "SigV4"));
  }
  return Caller{principal, {principal->account, parts.region}};
}

std::string default_workspace_id(const signal::Scope& scope) {
  std::string hex =
      net::auth::sha256_hex(fmt::format("kansoku workspace {} {}", scope.account, scope.region));
  // The form of a random UUID: version 4, variant 1.
  hex[12] = '4';
  hex[16] = "89ab"[static_cast<size_t>(hex[16]) % 4];
  return fmt::format("ws-{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

}  // namespace kansoku::api::prometheus
