// CloudWatch metrics as a table for the dispatcher.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/aws/monitoring/backend.h"
#include "api/aws/operation.h"
#include "base/time/zone.h"
#include "store/catalog.h"

namespace kansoku::api::aws::monitoring {

struct MonitoringOptions {
  // Outlives the dispatcher.
  MonitoringBackend* backend = nullptr;
  // 32 random bytes, kept in the data directory so that page tokens survive a restart.
  std::string page_token_key;
  // Where anomaly detectors are kept; outlives the dispatcher. Null: none can be made.
  store::Catalog* catalog = nullptr;
  // A zone of the tz database by its name. Null: there is UTC only.
  std::function<std::optional<Zone>(std::string_view name)> find_zone = {};
  // Of a decoded PutMetricData body; AWS: 1 MB.
  size_t put_bytes_max = 1U << 20;
};

std::unique_ptr<ServiceTable> service_table(MonitoringOptions options);

}  // namespace kansoku::api::aws::monitoring
