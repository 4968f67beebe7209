// Who calls an HTTP API that is not one of AWS's (Prometheus, Loki, Elasticsearch): by bearer
// token, basic auth with access key id and secret, an API key of the same two, or SigV4. Thread
// contract: free functions.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "base/env/env.h"
#include "net/auth/identity.h"
#include "net/http/http.h"
#include "signal/delivery.h"

namespace kansoku::api {

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

// 401 is answered with the challenges of add_challenges().
struct NotLetIn {
  int status = 401;
  std::string message;
};

// `service`: that a signature is scoped to, e.g. "aps".
std::expected<Caller, NotLetIn> authenticate_caller(const net::HttpRequest& request,
                                                    const AuthenticationParts& parts,
                                                    std::string_view service);
// WWW-Authenticate of the ways above.
void add_challenges(net::Headers& headers);

}  // namespace kansoku::api
