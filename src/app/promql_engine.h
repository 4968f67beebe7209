// The PromQL evaluator behind the Prometheus API.
#pragma once

#include "api/console/promql_query.h"
#include "api/prometheus/query_engine.h"
#include "base/memory_budget.h"
#include "base/pool/fiber_queue.h"
#include "query/exec/budget.h"
#include "store/metric_store.h"

namespace kansoku::app {

// Evaluations run on fibers, side by side with other queries (base/pool/fiber_queue.h).
//
// Thread contract: free-threaded; the queue outlives it, and is told to stop first.
class PromqlEngine final : public api::prometheus::QueryEngine {
 public:
  struct Parts {
    const env::Clock* clock = nullptr;
    FiberQueue* queue = nullptr;
    const store::MetricStore* metrics = nullptr;
    query::QueryLimits limits;
    MemoryBudget* memory = nullptr;
    int64_t step_ns = query::kStepNs;
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
    // Set by who wants to know the cost; written before `done` runs.
    std::shared_ptr<query::QueryCost> cost;
    std::shared_ptr<api::console::PromqlCancel> cancel;
  };

  void submit(Job job);
  Result<api::prometheus::ResultDocument> run(Job& job, Fiber& fiber, int64_t waited_ns);

  Parts parts_;
};

}  // namespace kansoku::app
