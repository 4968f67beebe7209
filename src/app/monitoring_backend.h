// CloudWatch's handlers over the metric store and the query executor.
#pragma once

#include "api/aws/monitoring/backend.h"
#include "base/pool/executor.h"
#include "pipeline/component.h"
#include "query/exec/budget.h"
#include "store/metric_store.h"

namespace kansoku::app {

struct MonitoringParts {
  const env::Clock* clock = nullptr;
  Executor* executor = nullptr;
  // Where PutMetricData goes: the ledger, then the store.
  pipeline::MetricSink* sink = nullptr;
  const store::MetricStore* metrics = nullptr;
  query::QueryLimits limits;
  MemoryBudget* query_memory = nullptr;
};

class StoreMonitoringBackend final : public api::aws::monitoring::MonitoringBackend {
 public:
  explicit StoreMonitoringBackend(MonitoringParts parts) : parts_(parts) {}

  void put(const api::aws::monitoring::Tenant& tenant,
           std::shared_ptr<const signal::MetricBatch> batch, std::string batch_id,
           std::move_only_function<void(Status)> done) override;
  void select(const api::aws::monitoring::Tenant& tenant,
              std::vector<api::aws::monitoring::SeriesQuery> queries,
              std::move_only_function<void(Result<std::vector<api::aws::monitoring::SeriesAnswer>>)>
                  done) override;
  void run(std::shared_ptr<const query::metric_data::Plan> plan,
           std::move_only_function<void(api::aws::monitoring::MetricDataOutcome)> done) override;
  void list(const api::aws::monitoring::Tenant& tenant, api::aws::monitoring::ListQuery query,
            std::move_only_function<void(Result<api::aws::monitoring::ListPage>)> done) override;

 private:
  MonitoringParts parts_;
};

}  // namespace kansoku::app
