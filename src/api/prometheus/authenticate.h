// Who calls the Prometheus HTTP API. Thread contract: free functions.
#pragma once

#include <expected>
#include <string>

#include "api/access/http_caller.h"

namespace kansoku::api::prometheus {

// Bearer token, basic auth with access key id and secret, or SigV4 for the service `aps`. The
// failure is the answer to send (401 with WWW-Authenticate, or 403).
std::expected<Caller, net::HttpResponse> authenticate(const net::HttpRequest& request,
                                                      const AuthenticationParts& parts);

// "ws-" and a UUID, the same for the same account and region: each tenant has one workspace.
std::string default_workspace_id(const signal::Scope& scope);

}  // namespace kansoku::api::prometheus
