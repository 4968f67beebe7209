// Pages of events as GetLogEvents and FilterLogEvents answer them. Internal to api/aws/logs.
#pragma once

#include "api/aws/logs/handlers.h"
#include "query/log_filter/log_filter.h"

namespace kansoku::api::aws::logs {

// CloudWatch Logs: 10,000 events or 1 MB, whichever comes first.
inline constexpr size_t kPageEventsMax = 10'000;
inline constexpr size_t kPageBytesMax = 1'048'576;

struct PageEvent {
  store::EventId id;
  int64_t ingested_ns = 0;
  std::string stream;
  std::string message;
};

struct PageQuery {
  store::EventScan scan;                                // ordered
  const query::log_filter::Pattern* pattern = nullptr;  // null: everything
  size_t events_max = kPageEventsMax;
};

struct EventPage {
  std::vector<PageEvent> events;  // in the order of the scan
  // It ended at a limit: there may be more behind the last event that was looked at.
  bool more = false;
  store::EventId last;
};

Result<EventPage> read_page(const store::EventStore& events, const PageQuery& query,
                            query::QueryContext& context);

}  // namespace kansoku::api::aws::logs
