#include "api/prometheus/authenticate.h"

#include "api/prometheus/reply.h"
#include "net/auth/sigv4.h"

namespace kansoku::api::prometheus {
namespace {

// The signing name of managed Prometheus.
constexpr std::string_view kService = "aps";

}  // namespace

std::expected<Caller, net::HttpResponse> authenticate(const net::HttpRequest& request,
                                                      const AuthenticationParts& parts) {
  auto caller = authenticate_caller(request, parts, kService);
  if (caller) return std::move(*caller);
  net::HttpResponse out = error_reply(caller.error().status, "bad_data", caller.error().message);
  if (caller.error().status == 401) add_challenges(out.headers);
  return std::unexpected(std::move(out));
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
