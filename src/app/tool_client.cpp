#include "app/tool_client.h"

#include <future>

#include "app/credentials_file.h"
#include "wire/document/document.h"

namespace kansoku::app {

Result<ToolEndpoint> find_endpoint(const std::string& data_directory,
                                   const std::optional<std::string>& url,
                                   const std::optional<std::string>& token) {
  ToolEndpoint out;
  env::FileSystem& files = env::real_files();
  if (url) {
    out.url = *url;
    while (out.url.ends_with('/')) out.url.pop_back();
  } else {
    auto ports = files.read_all(env::join_path(data_directory, "ports.json"));
    if (!ports) {
      return not_found(
          "neither a server nor an agent has run on {}; name one with --endpoint or another --data",
          data_directory);
    }
    KANSOKU_TRY(auto document, wire::parse_json(*ports));
    out.url = document.text_of("url");
    while (out.url.ends_with('/')) out.url.pop_back();
  }
  if (token) {
    out.token = *token;
  } else if (auto credentials = read_credentials(files, data_directory)) {
    out.token = credentials->token;
  } else if (auto of_agent = files.read_all(env::join_path(data_directory, "token"), 4'096)) {
    out.token = *of_agent;
    while (out.token.ends_with('\n')) out.token.pop_back();
  }
  return out;
}

Result<net::HttpClientResponse> call(const ToolEndpoint& endpoint, const std::string& method,
                                     const std::string& path, std::string body) {
  ToolRequest tool{.method = method, .path = path, .body = std::move(body)};
  tool.headers.set("content-type", "application/json");
  return send_request(endpoint, std::move(tool));
}

void wait_before_retry() {
  auto loops = net::EventLoops::start(1);
  std::promise<void> over;
  loops->after(env::kNsPerS, [&over] { over.set_value(); });
  over.get_future().wait();
  loops->stop();
}

Result<net::HttpClientResponse> send_request(const ToolEndpoint& endpoint, ToolRequest tool) {
  auto loops = net::EventLoops::start(1);
  auto client = net::make_http_client(*loops);
  net::HttpClientRequest request;
  request.method = std::move(tool.method);
  request.url = endpoint.url + tool.path;
  request.body = std::move(tool.body);
  request.headers = std::move(tool.headers);
  request.timeout_ms = tool.timeout_ms;
  if (!endpoint.token.empty()) request.headers.set("authorization", "Bearer " + endpoint.token);
  std::promise<Result<net::HttpClientResponse>> promise;
  auto answer = promise.get_future();
  client->send(std::move(request), [&promise](Result<net::HttpClientResponse> result) {
    promise.set_value(std::move(result));
  });
  auto result = answer.get();
  client.reset();
  loops->stop();
  if (!result) {
    return fail(result.error().code,
                fmt::format("cannot reach {}: {}", endpoint.url, result.error().message));
  }
  return result;
}

}  // namespace kansoku::app
