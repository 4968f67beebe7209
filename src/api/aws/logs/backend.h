// What the handlers of CloudWatch Logs need from below. The composition root implements it over the
// event store and the pool; tests over memory.
//
// Callbacks run exactly once, from any thread, or inside the call.
#pragma once

#include <functional>

#include "query/exec/budget.h"
#include "signal/delivery.h"
#include "store/event_store.h"

namespace kansoku::api::aws::logs {

// A page of an answer; who waits for one gives up sooner than this.
inline constexpr int64_t kReadTimeMs = 30'000;

class LogsBackend {
 public:
  virtual ~LogsBackend() = default;
  // Calls back when the events are durable. `batch_id` (producer/epoch/sequence) is empty from
  // foreign clients; a batch that was stored before is success without storing again.
  virtual void put(const signal::Scope& scope, std::shared_ptr<const signal::EventBatch> batch,
                   std::string batch_id, std::move_only_function<void(Status)> done) = 0;
  // Runs `work` where it may read for a while: it asks the context between steps (check(),
  // spend()), which gives way to others and ends it when its budget is used up. When there is no
  // room for it now, it is called with an error and no store.
  using Work =
      std::move_only_function<void(Result<const store::EventStore*>, query::QueryContext&)>;
  virtual void read(Work work, int64_t time_ms_max = kReadTimeMs) = 0;
  virtual void delete_stream(const signal::Scope& scope, std::string group, std::string stream,
                             std::move_only_function<void(Status)> done) = 0;
};

}  // namespace kansoku::api::aws::logs
