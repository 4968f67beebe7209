// The reference event engine: rows in a map ordered by (timestamp, log sequence, row), in memory,
// naive, nothing durable. Thread contract: free-threaded, one mutex.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "base/env/env.h"
#include "store/event_store.h"

namespace kansoku::store {

class ReferenceEventStore final : public EventStore {
 public:
  // `policies` may be null: one generation, kept for ever.
  explicit ReferenceEventStore(const env::Clock& clock, const EventPolicies* policies = nullptr)
      : clock_(clock), policies_(policies) {}
  void append(signal::EventDelivery delivery) override;
  Result<EventScanReport> scan(const EventScan& scan, const EventSink& sink) const override;
  Result<EventFields> fields(const EventScan& scan) const override;
  Result<std::vector<EventStreamInfo>> streams(const EventScan& scan,
                                               const std::string& after_group,
                                               const std::string& after_stream,
                                               size_t limit) const override;
  void delete_stream(signal::Scope scope, std::string group, std::string stream,
                     std::move_only_function<void(Status)> done) override;
  void flush(bool merge_all, std::move_only_function<void(Status)> done) override;
  void enforce_retention(std::move_only_function<void(Status)> done) override;
  EventStoreStats stats() const override;

  struct Field {
    std::string path;
    signal::ColumnType type = signal::ColumnType::Text;
    std::string text;
    int64_t integer = 0;
    double number = 0;
  };
  struct Row {
    signal::Scope scope;
    int64_t ingested_ns = 0;
    std::string group;
    std::string stream;
    uint64_t generation = 0;
    uint64_t message_bytes = 0;
    // Columns of the batch, then leaves of the message whose path is none of these.
    std::vector<Field> fields;
  };
  using Rows = std::map<EventId, Row>;

 private:
  EventPolicy policy_of(const signal::Scope& scope, const std::string& group) const;
  const char* refuse(const Row& row) const;
  bool lives(const EventId& id, const Row& row) const;
  bool wanted(const EventId& id, const Row& row, const EventScan& scan) const;
  Rows find(const EventScan& scan) const;

  const env::Clock& clock_;
  const EventPolicies* policies_;
  mutable std::mutex rows_mutex_;
  Rows rows_;
  EventStoreStats stats_;
  uint64_t sequence_ = 0;
};

}  // namespace kansoku::store
