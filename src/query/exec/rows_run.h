// Runs a plan of the row algebra over an event store.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "query/exec/budget.h"
#include "query/plan/plan.h"

namespace kansoku::query::rows {

// A table of a `lookup`.
struct LookupRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

struct RowsRequest {
  const store::EventStore* store = nullptr;
  // Scope, range, groups and streams; what the plan knows better it fills in.
  store::EventScan scan;
  int64_t now_ms = 0;
  // Groups that a plan names itself (SourceGroups). Null: refused.
  std::function<Result<std::vector<std::string>>(const SourceGroups&)> groups;
  // NotFound where there is no such table. Null: there is none.
  std::function<Result<std::shared_ptr<const LookupRows>>(const std::string& table)> lookup;
};

struct Cell {
  Value value;  // its text is `text`
  std::string text;
};
struct RowsTable {
  std::vector<std::string> columns;
  std::vector<bool> computed;  // by column: OutputColumn::computed
  std::vector<std::vector<Cell>> rows;
  // Of rows that are events: one a row; else empty.
  std::vector<std::string> pointers;
};

struct RowsStatistics {
  uint64_t records_matched = 0;
  uint64_t records_scanned = 0;
  uint64_t records_skipped = 0;
  uint64_t bytes_scanned = 0;
  uint64_t bytes_skipped = 0;
  uint64_t groups = 0;
};

// One run. Thread contract: run() once, on one thread or fiber; snapshot(), statistics() and
// QueryContext::cancel() from any.
class RowsQuery {
 public:
  RowsQuery(std::shared_ptr<const Plan> plan, RowsRequest request, QueryContext& context);
  ~RowsQuery();
  Result<std::shared_ptr<const RowsTable>> run();
  // What has come so far: the state of the last look, and the next chunk makes a newer one. Null
  // before the first.
  std::shared_ptr<const RowsTable> snapshot();
  RowsStatistics statistics() const;

 private:
  class Execution;
  std::shared_ptr<const Plan> plan_;
  RowsRequest request_;
  QueryContext& context_;
  std::atomic<bool> wanted_{false};
  mutable std::mutex shown_mutex_;
  std::shared_ptr<const RowsTable> shown_;
  RowsStatistics statistics_;
};

}  // namespace kansoku::query::rows
