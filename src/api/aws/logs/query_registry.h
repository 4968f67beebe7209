// Queries of Insights that were started, while they run and for a while afterwards. Internal to
// api/aws/logs.
//
// Results are kept for an hour, at most kQueriesMax and kResultBytesMax of all tenants, the
// oldest ended ones go first. Thread contract: free-threaded.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/aws/logs/backend.h"
#include "query/exec/rows_run.h"
#include "query/logs_insights/logs_insights.h"

namespace kansoku::api::aws::logs {

inline constexpr size_t kQueriesMax = 1'000;
inline constexpr size_t kQueriesRunningMax = 30;  // CloudWatch Logs' default
inline constexpr uint64_t kResultBytesMax = 128ULL << 20;
inline constexpr int64_t kResultKeptMs = 3'600'000;
// CloudWatch Logs ends a query after an hour.
inline constexpr int64_t kQueryTimeMs = 3'600'000;

using ResultRows = std::vector<std::vector<query::logs_insights::Field>>;

// What is asked for.
struct QueryAsked {
  std::string id;
  signal::Scope scope;
  std::string text;
  std::string user;  // ARN
  std::vector<std::string> groups;
  int64_t begin_ns = 0;  // inclusive
  int64_t end_ns = 0;    // exclusive
  uint64_t rows_max = 0;
  int64_t created_ms = 0;
  std::shared_ptr<const query::rows::Plan> plan;
  std::function<Result<std::vector<std::string>>(const query::rows::SourceGroups&)> source;
};

struct QueryState {
  std::string status;  // as the API has it
  std::shared_ptr<const ResultRows> rows;
  query::rows::RowsStatistics statistics;
  int64_t ended_ms = 0;
  std::string failure;
};

class QueryRegistry {
 public:
  QueryRegistry(LogsBackend& backend, const env::Clock& clock) : backend_(backend), clock_(clock) {}

  // ResourceExhausted when too many are running.
  Status start(QueryAsked asked);
  // NotFound when there is no such query of that tenant.
  Result<QueryState> state(const signal::Scope& scope, const std::string& id);
  // The same without its rows.
  Result<QueryState> progress(const signal::Scope& scope, const std::string& id);
  // False: it has ended already.
  Result<bool> stop(const signal::Scope& scope, const std::string& id);
  struct Listed {
    std::shared_ptr<const QueryAsked> asked;
    QueryState state;
  };
  // Newest first, without their rows.
  std::vector<Listed> list(const signal::Scope& scope);

 private:
  struct Run;
  using RunPtr = std::shared_ptr<Run>;
  RunPtr find(const signal::Scope& scope, const std::string& id);
  static QueryState state_of(Run& run, bool with_rows);
  void run(const RunPtr& run, const store::EventStore& events, query::QueryContext& context);
  void forget_old();  // runs_mutex_ is held

  LogsBackend& backend_;
  const env::Clock& clock_;
  std::mutex runs_mutex_;
  std::map<std::string, RunPtr> runs_;  // by id
  std::deque<std::string> order_;       // oldest first
  uint64_t result_bytes_ = 0;
};

}  // namespace kansoku::api::aws::logs
