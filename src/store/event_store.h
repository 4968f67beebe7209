// EventStore: what every engine of wide events (logs, spans, platform events) offers.
//
// Order of events is total: (timestamp_ns, log sequence, row); page tokens, event ids and `@ptr`
// derive from it and survive merges. Thread contract as MetricStore.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "signal/delivery.h"
#include "signal/event_batch.h"

namespace kansoku::store {

struct EventId {
  int64_t timestamp_ns = 0;
  uint64_t log_sequence = 0;
  uint32_t row = 0;
  friend auto operator<=>(const EventId&, const EventId&) = default;
};

struct EventScan {
  signal::Scope scope;
  int64_t begin_ns = std::numeric_limits<int64_t>::min();  // inclusive
  int64_t end_ns = std::numeric_limits<int64_t>::max();    // exclusive
  // Empty: all groups. A stream list narrows within the groups.
  std::vector<std::string> groups;
  std::vector<std::string> streams;
  // Rows whose text columns hold this substring somewhere; engines may use filters. Empty: all.
  std::string substring;
  // Paths wanted; empty: all.
  std::vector<std::string> columns;
  bool newest_first = false;
  std::optional<EventId> after;  // exclusive, in the direction of the scan
  size_t limit = 0;              // 0: none
};

struct EventField {
  std::string path;
  signal::EventValue value;  // views live during the sink's call
};

struct EventRow {
  EventId id;
  int64_t ingested_ns = 0;
  std::string_view group;
  std::string_view stream;
  std::span<const EventField> fields;
};

using EventSink = std::function<Status(const EventRow&)>;

struct EventScanReport {
  uint64_t rows = 0;
  uint64_t rows_read = 0;
  uint64_t bytes_read = 0;
  bool pushed_substring = false;
};

class EventStore {
 public:
  virtual ~EventStore() = default;
  virtual void append(signal::EventDelivery delivery) = 0;
  virtual Result<EventScanReport> scan(const EventScan& scan, const EventSink& sink) const = 0;
  virtual void flush(bool merge_all, std::move_only_function<void(Status)> done) = 0;
};

}  // namespace kansoku::store
