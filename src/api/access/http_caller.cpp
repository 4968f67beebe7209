#include "api/access/http_caller.h"

#include "base/text/base64.h"
#include "net/auth/sigv4.h"

namespace kansoku::api {
namespace {

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

std::expected<Caller, NotLetIn> signed_caller(const net::HttpRequest& request,
                                              const AuthenticationParts& parts,
                                              std::string_view service) {
  auto verified = net::auth::verify_request(net::auth::signed_request(request), *parts.keys,
                                            parts.clock->wall_now());
  if (!verified) return std::unexpected(NotLetIn{403, verified.error().message});
  if (verified->scope.service != service) {
    return std::unexpected(NotLetIn{
        403, fmt::format("credential should be scoped to correct service: '{}'", service)});
  }
  return Caller{verified->principal, {verified->principal->account, verified->scope.region}};
}

}  // namespace

void add_challenges(net::Headers& headers) {
  headers.add("www-authenticate", "Bearer realm=\"kansoku\"");
  headers.add("www-authenticate", "Basic realm=\"kansoku\", charset=\"UTF-8\"");
}

std::expected<Caller, NotLetIn> authenticate_caller(const net::HttpRequest& request,
                                                    const AuthenticationParts& parts,
                                                    std::string_view service) {
  const auto refuse = [](std::string message) {
    return std::unexpected(NotLetIn{401, std::move(message)});
  };
  std::string_view header = request.headers.get("authorization");
  bool presigned = request.query().find("X-Amz-Algorithm=") != std::string_view::npos;
  if (header.starts_with("AWS4-") || presigned) return signed_caller(request, parts, service);
  std::shared_ptr<const net::auth::Principal> principal;
  auto basic = credential_of(header, "basic");
  // Elasticsearch's clients: base64 of id and key.
  if (!basic) basic = credential_of(header, "apikey");
  if (auto token = credential_of(header, "bearer")) {
    principal = parts.tokens->find(*token, parts.clock->wall_now());
    if (principal == nullptr) return refuse("the bearer token is not known");
  } else if (basic) {
    principal = basic_principal(*basic, parts);
    if (principal == nullptr) return refuse("the access key id or its secret is wrong");
  } else if (!header.empty()) {
    return refuse("authorization is neither bearer, basic nor AWS4-HMAC-SHA256");
  } else if (parts.open_principal != nullptr) {
    principal = parts.open_principal;
  } else {
    return refuse(
        "authentication is needed: a bearer token, basic auth with access key id and secret, or "
        "SigV4");
  }
  return Caller{principal, {principal->account, parts.region}};
}

}  // namespace kansoku::api
