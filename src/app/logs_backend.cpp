#include "app/logs_backend.h"

namespace kansoku::app {

void StoreLogsBackend::put(const signal::Scope& scope,
                           std::shared_ptr<const signal::EventBatch> batch, std::string batch_id,
                           std::move_only_function<void(Status)> done) {
  const uint64_t rows = batch->row_count();
  signal::AckToken token(rows, nullptr, Lane::Ingest,
                         [done = std::move(done)](signal::Verdict verdict) mutable {
                           done(std::move(verdict.status));
                         });
  parts_.sink->push({scope, std::move(batch), signal::parse_producer(batch_id), std::move(token)});
}

void StoreLogsBackend::read(Work work, int64_t time_ms_max) {
  // The answer is given on the fiber: it is short, and what it needs stands on its stack.
  auto asked = std::make_shared<Work>(std::move(work));
  parts_.queue->submit(
      {.run = [this, asked, time_ms_max](Fiber& fiber, int64_t waited_ns) -> FiberQueue::Finish {
         query::QueryLimits limits = parts_.limits;
         limits.time_ms = time_ms_max - std::min(time_ms_max, waited_ns / env::kNsPerMs);
         query::QueryContext context(*parts_.clock, limits, parts_.memory);
         context.set_give_way([&] {
           fiber.yield();
           if (parts_.queue->stopping()) context.cancel();
         });
         (*asked)(parts_.events, context);
         return [] {};
       },
       .refuse =
           [this, asked](Error error) {
             query::QueryContext none(*parts_.clock, parts_.limits);
             (*asked)(std::unexpected(std::move(error)), none);
           }});
}

void StoreLogsBackend::delete_stream(const signal::Scope& scope, std::string group,
                                     std::string stream,
                                     std::move_only_function<void(Status)> done) {
  parts_.events->delete_stream(scope, std::move(group), std::move(stream), std::move(done));
}

}  // namespace kansoku::app
