// The doors for operators: health, flush, the program's own metrics, keys and users.
#pragma once

#include <atomic>
#include <functional>

#include "api/access/access_control.h"
#include "api/admin/tenant_limits.h"
#include "api/console/sessions.h"
#include "base/pool/executor.h"
#include "net/http/http.h"
#include "store/metric_store.h"

namespace kansoku::api {

struct AdminServices {
  env::Env env;
  Executor* executor = nullptr;
  // Everything accepted so far into files; with `merge_all` also into the settled state.
  std::function<void(bool merge_all, std::move_only_function<void(Status)> done)> flush;
  AccessControl* access = nullptr;
  console::Sessions* sessions = nullptr;
  TenantLimits* limits = nullptr;
  // Copies of the data directory; all three or none.
  using SnapshotDone = std::move_only_function<void(Result<std::string>)>;
  std::function<void(SnapshotDone)> take_snapshot;
  std::function<Result<std::vector<std::string>>()> list_snapshots;
  std::function<Status(const std::string&)> remove_snapshot;
  // With --auth open everybody is the administrator.
  bool open = false;
  std::function<bool()> ready;
  std::function<std::string()> metrics_text;  // OpenMetrics
  // Further paths below /-/ for an administrator; nothing for one that it does not know.
  std::function<std::optional<net::HttpResponse>(const net::HttpRequest&)> more;
};

class AdminApi {
 public:
  explicit AdminApi(AdminServices services) : services_(std::move(services)) {}
  // Paths /metrics and below /-/. May be called on a loop.
  void handle(net::HttpRequest request, net::HttpExchange exchange);

 private:
  bool is_administrator(const net::HttpRequest& request) const;
  void handle_protected(net::HttpRequest request, net::HttpExchange exchange);
  void flush(const net::HttpRequest& request, net::HttpExchange exchange);
  void admin(const net::HttpRequest& request, net::HttpExchange exchange);
  void keys(const net::HttpRequest& request, const std::string& name, net::HttpExchange exchange);
  void users(const net::HttpRequest& request, const std::string& name, net::HttpExchange exchange);
  void limits(const net::HttpRequest& request, const std::string& name, net::HttpExchange exchange);
  void snapshots(const net::HttpRequest& request, const std::string& name,
                 net::HttpExchange exchange);

  AdminServices services_;
};

}  // namespace kansoku::api
