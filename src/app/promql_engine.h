// The PromQL evaluator behind the Prometheus API.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>

#include "api/console/promql_query.h"
#include "api/prometheus/query_engine.h"
#include "base/memory_budget.h"
#include "base/pool/executor.h"
#include "base/pool/fiber.h"
#include "query/exec/budget.h"
#include "store/metric_store.h"

namespace kansoku::app {

// Evaluations run side by side on fibers: each gives way when its step is used up, and the next one
// goes on, those that have not begun in turn with those that have. Few steps run at once and those
// after the first wait behind ingest, so that ingest keeps a worker. What is more than
// `running_max` waits in a bounded line. (Decision 064.)
//
// Thread contract: free-threaded. Destroyed after its executor runs nothing any more.
class PromqlEngine final : public api::prometheus::QueryEngine {
 public:
  // Prometheus' default of --query.max-concurrency.
  static constexpr size_t kRunningMax = 20;
  static constexpr size_t kWaitingMax = 20;

  struct Parts {
    const env::Clock* clock = nullptr;
    Executor* executor = nullptr;
    const store::MetricStore* metrics = nullptr;
    query::QueryLimits limits;
    MemoryBudget* memory = nullptr;
    size_t running_max = kRunningMax;
    // Steps that hold a worker at the same time.
    size_t steps_at_once = 1;
    int64_t step_ns = query::kStepNs;
  };
  explicit PromqlEngine(Parts parts);
  // Ends what is left, as shutdown() does.
  ~PromqlEngine() override;

  void instant(std::string expression, int64_t time_ms, api::prometheus::QueryOptions options,
               api::prometheus::QueryDone done) override;
  void range(std::string expression, int64_t start_ms, int64_t end_ms, int64_t step_ms,
             api::prometheus::QueryOptions options, api::prometheus::QueryDone done) override;

  // For the console, which shows what a query cost.
  void range(api::console::PromqlRange range, api::console::PromqlDone done);

  // What waits is refused, what runs is cancelled within its step, nothing new is taken. The
  // executor must still run what is queued there.
  void shutdown();

  // Bounds of the lengths of steps that are told apart; a last row counts those that are longer.
  static constexpr std::array<int64_t, 6> kStepMsBounds{5, 7, 10, 20, 50, 100};
  struct Stats {
    size_t running = 0;
    size_t waiting = 0;
    uint64_t answered = 0;
    std::array<uint64_t, kStepMsBounds.size() + 1> steps{};
    int64_t longest_step_ns = 0;
  };
  Stats stats() const;

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
  struct Evaluation;
  using EvaluationPtr = std::unique_ptr<Evaluation>;

  void submit(Job job);
  void post_slot(bool any_fresh);
  void run_slot();
  EvaluationPtr next();  // evaluations_mutex_ is held
  bool step(Evaluation& evaluation);
  void end(EvaluationPtr evaluation);
  void count_step(int64_t ns);
  Result<api::prometheus::ResultDocument> run(Job& job, Fiber& fiber);

  Parts parts_;
  FiberStacks stacks_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex evaluations_mutex_;
  std::deque<Job> waiting_;
  std::deque<EvaluationPtr> fresh_;  // admitted, without a step yet
  std::deque<EvaluationPtr> ready_;  // have given way
  bool fresh_was_last_ = false;
  size_t running_ = 0;  // fresh, ready, or in a step
  size_t slots_ = 0;    // tasks that take steps, one after the other
  Stats stats_;
};

}  // namespace kansoku::app
