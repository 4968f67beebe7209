// CloudWatch Logs' handlers over the event store and the queue of long calls.
#pragma once

#include "api/aws/logs/backend.h"
#include "base/memory_budget.h"
#include "base/pool/fiber_queue.h"
#include "pipeline/component.h"

namespace kansoku::app {

struct LogsParts {
  const env::Clock* clock = nullptr;
  FiberQueue* queue = nullptr;
  // Where PutLogEvents goes: the ledger, then the store.
  pipeline::EventSink* sink = nullptr;
  store::EventStore* events = nullptr;
  query::QueryLimits limits;
  MemoryBudget* memory = nullptr;
};

class StoreLogsBackend final : public api::aws::logs::LogsBackend {
 public:
  explicit StoreLogsBackend(LogsParts parts) : parts_(parts) {}

  void put(const signal::Scope& scope, std::shared_ptr<const signal::EventBatch> batch,
           std::string batch_id, std::move_only_function<void(Status)> done) override;
  void read(Work work, int64_t time_ms_max) override;
  void delete_stream(const signal::Scope& scope, std::string group, std::string stream,
                     std::move_only_function<void(Status)> done) override;

 private:
  LogsParts parts_;
};

}  // namespace kansoku::app
