// CloudWatch Logs as a table for the dispatcher.
#pragma once

#include <memory>
#include <string>

#include "api/aws/logs/backend.h"
#include "api/aws/logs/filter_store.h"
#include "api/aws/logs/group_store.h"
#include "api/aws/logs/scheduled_queries.h"
#include "api/aws/logs/subscription_store.h"
#include "api/aws/operation.h"
#include "pipeline/processors/live_tail/live_tail.h"

namespace kansoku::api::aws::logs {

struct LogsOptions {
  // All of them outlive the dispatcher.
  LogsBackend* backend = nullptr;
  GroupStore* groups = nullptr;
  FilterStore* filters = nullptr;
  SubscriptionStore* subscriptions = nullptr;
  // Begun by service_table().
  ScheduledQueries* scheduled = nullptr;
  // Tells the destination of a new subscription filter ("Kinesis") that it has one; may be empty.
  std::function<void(const watch::log_subscriptions::Subscription&, std::string_view destination)>
      announce;
  env::Random* random = nullptr;
  const env::Clock* clock = nullptr;
  env::Timers* timers = nullptr;
  Executor* executor = nullptr;
  // In the path of the backend's events.
  pipeline::live_tail::LiveTail* live_tail = nullptr;
  // Where saved queries are kept.
  store::Catalog* catalog = nullptr;
  // 32 random bytes, kept in the data directory so that page tokens survive a restart.
  std::string page_token_key;
};

std::unique_ptr<ServiceTable> service_table(LogsOptions options);

// The event's id as the API has it: 56 digits of (timestamp, log sequence, row).
std::string event_id(const store::EventId& id);

}  // namespace kansoku::api::aws::logs
