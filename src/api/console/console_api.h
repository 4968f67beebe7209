// The routes below /ui/: the document and its assets, and the console's API.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/console/assets.h"
#include "api/console/logs.h"
#include "api/console/query_stream.h"
#include "api/console/sessions.h"
#include "store/metric_store.h"

namespace kansoku::api::console {

struct HostDescription {
  std::string id;
  std::string name;
  std::string os;
  std::string kernel;
  std::string arch;
  uint32_t cpus = 0;
  uint64_t memory_bytes = 0;
  int64_t boot_time_ms = 0;
  int64_t last_seen_ms = 0;
  std::string source;  // "kansoku" for this host, else the namespace that its data came under
};

// What the console needs of the server. All functions are free-threaded; pointers outlive the API.
struct ConsoleServices {
  env::Env env;
  Executor* executor = nullptr;
  const store::MetricStore* metrics = nullptr;
  Sessions* sessions = nullptr;
  query::QueryLimits query_limits;
  MemoryBudget* query_memory = nullptr;
  RunPromql promql;
  // Without a backend there are no pages of logs.
  LogServices logs;
  std::string version;
  std::string region;  // where local receivers store, and the console looks by default
  // Set with --auth open: everybody has this session.
  std::optional<Session> open_session;
  // The session of a user and password, or nothing. Takes the time of a password hash.
  std::function<std::optional<Session>(const std::string& user, const std::string& password)>
      sign_in;
  // The session of a bearer token, for tools; such requests need no CSRF header.
  std::function<std::optional<Session>(std::string_view token)> token_session;
  // The host this process runs on; nothing when it is not observed.
  std::function<std::optional<HostDescription>()> local_host;
  std::function<void(int64_t duration_ms)> watch_local_host;
  std::function<std::string()> status_json;
  // How many series an account may have.
  std::function<uint64_t(const std::string& account)> series_limit;
};

class ConsoleApi {
 public:
  explicit ConsoleApi(ConsoleServices services)
      : services_(std::move(services)), assets_(Assets::embedded()) {}

  // Any request whose path is /ui or below. May be called on a loop; work goes to the pool.
  void handle(net::HttpRequest request, net::HttpExchange exchange);

 private:
  void handle_api(net::HttpRequest request, net::HttpExchange exchange);
  // True: the request is one of logs, and answered.
  bool route_logs(net::HttpRequest& request, const Session& session, net::HttpExchange& exchange);
  net::HttpResponse route(const net::HttpRequest& request, const Session& session);
  net::HttpResponse post_session(const net::HttpRequest& request);
  net::HttpResponse sign_in_link(const net::HttpRequest& request);
  net::HttpResponse describe_session(const Session& session);
  net::HttpResponse hosts(const Session& session, std::string_view id);
  net::HttpResponse namespaces(const Session& session);
  net::HttpResponse metrics(const net::HttpRequest& request, const Session& session);
  // What src/api/console/explore answers; nothing for other paths.
  std::optional<net::HttpResponse> explore(const net::HttpRequest& request, const Session& session);
  std::vector<HostDescription> all_hosts(const Session& session);
  std::optional<Session> session_of(const net::HttpRequest& request);
  std::string cookie_header(const net::HttpRequest& request, std::string_view value,
                            int64_t max_age_s);
  signal::Scope scope_of(const Session& session) const;

  ConsoleServices services_;
  Assets assets_;
};

}  // namespace kansoku::api::console
