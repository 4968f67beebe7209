// How the tools talk to a running server: one HTTP request at a time, with a bearer token.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/http/http.h"

namespace kansoku::app {

struct ToolEndpoint {
  std::string url;    // without a slash at the end
  std::string token;  // empty: none
};

// The endpoint of the server that runs on `data_directory` (its ports.json and credentials), or
// `url` when one was given.
Result<ToolEndpoint> find_endpoint(const std::string& data_directory,
                                   const std::optional<std::string>& url,
                                   const std::optional<std::string>& token);

struct ToolRequest {
  std::string method;
  std::string path;
  std::string body;
  net::Headers headers;
  int64_t timeout_ms = 60'000;
};
Result<net::HttpClientResponse> send_request(const ToolEndpoint& endpoint, ToolRequest tool);

// A second, for a server that is busy.
void wait_before_retry();

// A request with a body of JSON. Waits for the answer; the calling thread is a tool's, not a
// worker.
Result<net::HttpClientResponse> call(const ToolEndpoint& endpoint, const std::string& method,
                                     const std::string& path, std::string body);

}  // namespace kansoku::app
