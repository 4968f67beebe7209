// The PromQL evaluator behind the Prometheus API.
#pragma once

#include <deque>
#include <mutex>

#include "api/console/promql_query.h"
#include "api/prometheus/query_engine.h"
#include "base/memory_budget.h"
#include "base/pool/executor.h"
#include "query/exec/budget.h"
#include "store/metric_store.h"

namespace kansoku::app {

// An evaluation holds its worker until it is done, so one runs at a time and ingest keeps the other
// workers; the rest wait in a bounded line. Thread contract: free-threaded; outlives its queries.
class PromqlEngine final : public api::prometheus::QueryEngine {
 public:
  // Prometheus' default for concurrent queries; more wait than run here.
  static constexpr size_t kWaitingMax = 20;

  struct Parts {
    const env::Clock* clock = nullptr;
    Executor* executor = nullptr;
    const store::MetricStore* metrics = nullptr;
    query::QueryLimits limits;
    MemoryBudget* memory = nullptr;
  };
  explicit PromqlEngine(Parts parts) : parts_(parts) {}

  void instant(std::string expression, int64_t time_ms, api::prometheus::QueryOptions options,
               api::prometheus::QueryDone done) override;
  void range(std::string expression, int64_t start_ms, int64_t end_ms, int64_t step_ms,
             api::prometheus::QueryOptions options, api::prometheus::QueryDone done) override;

  // For the console, which shows what a query cost.
  void range(api::console::PromqlRange range, api::console::PromqlDone done);

 private:
  struct Job {
    std::string expression;
    int64_t start_ms = 0;
    int64_t end_ms = 0;
    int64_t step_ms = 0;  // 0: an instant query
    api::prometheus::QueryOptions options;
    api::prometheus::QueryDone done;
    int64_t queued_ns = 0;
    // Set by who wants to know the cost; written before `done` runs.
    std::shared_ptr<query::QueryCost> cost;
    std::shared_ptr<api::console::PromqlCancel> cancel;
  };
  void submit(Job job);
  void start_next();
  Result<api::prometheus::ResultDocument> run(Job& job);

  Parts parts_;
  std::mutex waiting_mutex_;
  std::deque<Job> waiting_;
  bool running_ = false;
};

}  // namespace kansoku::app
