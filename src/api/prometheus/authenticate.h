// Who calls the Prometheus HTTP API. Thread contract: free functions.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "base/env/env.h"
#include "net/auth/identity.h"
#include "net/http/http.h"
#include "signal/delivery.h"

namespace kansoku::api::prometheus {

struct Caller {
  std::shared_ptr<const net::auth::Principal> principal;
  // The account of the credential; the region of the signature's scope, else the server's.
  signal::Scope scope;
};

struct AuthenticationParts {
  const env::Clock* clock = nullptr;
  const net::auth::KeyStore* keys = nullptr;
  const net::auth::TokenStore* tokens = nullptr;
  std::string region;
  // With --auth open: who anonymous requests act as.
  std::shared_ptr<const net::auth::Principal> open_principal;
};

// Bearer token, basic auth with access key id and secret, or SigV4 for the service `aps`. The
// failure is the answer to send (401 with WWW-Authenticate, or 403).
std::expected<Caller, net::HttpResponse> authenticate(const net::HttpRequest& request,
                                                      const AuthenticationParts& parts);

// "ws-" and a UUID, the same for the same account and region: each tenant has one workspace.
std::string default_workspace_id(const signal::Scope& scope);

}  // namespace kansoku::api::prometheus
