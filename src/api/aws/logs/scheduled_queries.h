// Scheduled queries: their definitions and history in the catalog, and who runs them. Internal to
// api/aws/logs and the composition root.
//
// "log_scheduled_queries" under account/region/id: milliseconds of creation and last change, blanks
// behind them, and the request as JSON of CreateScheduledQuery's described shape.
// "log_scheduled_query_runs" under account/region/id:milliseconds: the query's id, its status and
// why it failed, blanks between; the newest kHistoryMax of a query, written when a run has ended.
// Runs that fell due while the server was down are not made up for. Thread contract: free-threaded.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/logs/query_registry.h"
#include "base/schedule/schedule.h"
#include "store/catalog.h"
#include "wire/aws/logs/shapes.h"

namespace kansoku::api::aws::logs {

inline constexpr size_t kScheduledQueriesMax = 1'000;  // of an account and region
inline constexpr size_t kHistoryMax = 100;
// Where the request does not say how far back to look.
inline constexpr int64_t kLookBackS = 3'600;

struct ScheduledRun {
  int64_t triggered_ms = 0;
  std::string query_id;
  std::string status;  // as the API has it
  std::string error;
};

struct ScheduledQuery {
  std::string id;
  kansoku::aws::logs::CreateScheduledQueryInput request;
  std::vector<std::string> groups;  // names
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::deque<ScheduledRun> history;  // oldest first
};

class ScheduledQueries : public std::enable_shared_from_this<ScheduledQueries> {
 public:
  using FindZone = std::function<std::optional<Zone>(std::string_view)>;
  using GroupOf = std::function<bool(const signal::Scope&, const std::string& group)>;
  struct Parts {
    store::Catalog* catalog = nullptr;
    const env::Clock* clock = nullptr;
    env::Timers* timers = nullptr;
    Executor* executor = nullptr;
    env::Random* random = nullptr;
    // Of the tz database.
    FindZone find_zone;
  };
  // Reads what the catalog has; it outlives this, and nobody else writes these collections.
  static Result<std::shared_ptr<ScheduledQueries>> open(Parts parts);
  // Begins to run them: through the registry, in groups that exist. Both outlive the timers.
  void start(std::weak_ptr<QueryRegistry> registry, GroupOf group_exists);

  using Done = std::move_only_function<void(Status)>;
  // InvalidArgument for what is wrong with the request, AlreadyExists for its name,
  // ResourceExhausted at the limit.
  void put(const signal::Scope& scope, ScheduledQuery query, Done done);
  // With its history. NotFound.
  void remove(const signal::Scope& scope, const std::string& id, Done done);
  // By name or id.
  std::optional<ScheduledQuery> find(const signal::Scope& scope, std::string_view name_or_id) const;
  // By name.
  std::vector<ScheduledQuery> list(const signal::Scope& scope) const;

 private:
  // What a request comes to.
  struct Ready {
    Schedule schedule;
    Zone zone;
    std::shared_ptr<const query::rows::Plan> plan;
  };
  struct Known {
    ScheduledQuery query;
    Ready ready;
    std::optional<int64_t> next_s;
    bool running = false;  // the last of its history
  };
  using Key = std::pair<signal::Scope, std::string>;  // id
  explicit ScheduledQueries(Parts parts) : parts_(std::move(parts)) {}
  Status load();
  Result<Ready> make_ready(const ScheduledQuery& query) const;
  std::optional<int64_t> next_of(const Known& known, int64_t after_s) const;
  void wait();
  void tick();
  void trigger(const Key& key, int64_t due_s, QueryRegistry& registry);
  void ended(const Key& key, std::string status, std::string error);

  Parts parts_;
  std::weak_ptr<QueryRegistry> registry_;
  GroupOf group_exists_;
  mutable std::mutex queries_mutex_;
  std::map<Key, Known> queries_;
};

}  // namespace kansoku::api::aws::logs
