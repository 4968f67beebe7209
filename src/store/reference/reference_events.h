// The reference event engine: rows in a map ordered by (timestamp, log sequence, row), in memory,
// naive, nothing durable. Thread contract: free-threaded, one mutex.
#pragma once

#include <map>
#include <mutex>

#include "base/env/env.h"
#include "store/event_store.h"

namespace kansoku::store {

class ReferenceEventStore final : public EventStore {
 public:
  explicit ReferenceEventStore(const env::Clock& clock) : clock_(&clock) {}
  void append(signal::EventDelivery delivery) override;
  Result<EventScanReport> scan(const EventScan& scan, const EventSink& sink) const override;
  void flush(bool merge_all, std::move_only_function<void(Status)> done) override;

 private:
  using Value = std::variant<std::monostate, std::string, int64_t, double, bool>;
  struct Row {
    signal::Scope scope;
    int64_t ingested_ns = 0;
    std::string group;
    std::string stream;
    std::vector<std::pair<std::string, Value>> fields;
  };
  static bool matches(const EventId& id, const Row& row, const EventScan& scan);
  Status show(const EventId& id, const Row& row, const EventScan& scan,
              const EventSink& sink) const;

  const env::Clock* clock_;
  mutable std::mutex rows_mutex_;
  std::map<EventId, Row> rows_;
  uint64_t sequence_ = 0;
};

}  // namespace kansoku::store
