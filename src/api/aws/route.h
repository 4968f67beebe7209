// Which service, operation and protocol a request means. Decided by headers, path, credential scope
// and the form's Action and Version, in that order; never by guessing from a body.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/aws/operation.h"

namespace kansoku::api::aws {

struct Route {
  Protocol protocol = Protocol::Query;
  bool query_mode = false;              // x-amzn-query-mode: true
  const ServiceTable* table = nullptr;  // null: no such service here
  std::string operation;                // empty: none was named
  // Query: the form stands in the query string, not in the body.
  bool form_in_query = false;
};

// Whether a request looks like one for an AWS API at all (for the server's router).
bool is_aws_request(const net::HttpRequest& request);

// For form bodies that are compressed the operation is only known after decoding: `operation` is
// empty then and route_form() completes it.
Route route_request(const net::HttpRequest& request,
                    const std::vector<std::unique_ptr<ServiceTable>>& tables);
// Action and Version of a decoded form.
void route_form(Route& route, std::string_view form,
                const std::vector<std::unique_ptr<ServiceTable>>& tables);

}  // namespace kansoku::api::aws
