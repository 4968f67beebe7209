// The lines of the implemented operations. Internal to api/aws/monitoring.
#pragma once

#include <memory>

#include "api/aws/monitoring/page_token.h"
#include "api/aws/monitoring/service.h"

namespace kansoku::api::aws::monitoring {

// What handlers share. Lives as long as the table.
struct Shared {
  explicit Shared(MonitoringOptions o) : options(std::move(o)), tokens(options.page_token_key) {}
  MonitoringOptions options;
  PageTokens tokens;
  MonitoringBackend& backend() const { return *options.backend; }
};

OperationSpec put_metric_data(std::shared_ptr<Shared> shared);
OperationSpec get_metric_statistics(std::shared_ptr<Shared> shared);
OperationSpec get_metric_data(std::shared_ptr<Shared> shared);
OperationSpec list_metrics(std::shared_ptr<Shared> shared);

}  // namespace kansoku::api::aws::monitoring
