// What the CloudWatch handlers need from below, in plain structs. The composition root implements
// it over store/ and query/; tests over memory.
//
// Series of CloudWatch metrics carry the labels __namespace__, __name__, __unit__ ("None" where the
// client gave none) and one label a dimension. Times are ms since 1970 UTC. Callbacks run exactly
// once, from any thread, or inside the call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/metric_data/run.h"
#include "query/statistic/statistic.h"
#include "signal/metric_batch.h"

namespace kansoku::api::aws::monitoring {

using query::metric_data::DimensionList;

struct Tenant {
  std::string account;
  std::string region;
};

// One metric over a range. The range and the period are rounded already: start_ms is a multiple of
// period_ms, cells are [start + i·period, start + (i+1)·period), the last one ends at end_ms.
struct SeriesQuery {
  std::string metric_namespace;
  std::string metric_name;
  DimensionList dimensions;         // exactly these, sorted by name
  std::optional<std::string> unit;  // absent: every unit, apart
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t period_ms = 0;
  std::vector<query::Statistic> statistics;
};

// The cells of one unit that have samples, ascending. values[statistic][cell]; nothing where that
// statistic has no value.
struct UnitSeries {
  std::string unit;
  std::vector<int64_t> timestamps_ms;  // start of the cell
  std::vector<std::vector<std::optional<double>>> values;
};

struct SeriesAnswer {
  std::vector<UnitSeries> units;  // ascending by name
  // Damage on disk hid a part of the range.
  bool partial = false;
};

using query::MetricIdentity;

struct DimensionWanted {
  std::string name;
  std::optional<std::string> value;  // absent: any
};
struct ListQuery {
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::vector<DimensionWanted> dimensions;
  int64_t active_since_ms = 0;
  std::optional<MetricIdentity> after;  // goes on behind this one
  size_t limit = 500;
};
struct ListPage {
  std::vector<MetricIdentity> metrics;  // ascending, each once whatever its units
  bool more = false;
};

using MetricDataOutcome = std::expected<query::metric_data::Answer, query::metric_data::Failure>;

class MonitoringBackend {
 public:
  virtual ~MonitoringBackend() = default;
  // Calls back when the batch is durable. `batch_id` (producer/epoch/sequence) is empty from
  // foreign clients; one that was stored before is success without storing again. ResourceExhausted
  // or Unavailable make the client try again.
  virtual void put(const Tenant& tenant, std::shared_ptr<const signal::MetricBatch> batch,
                   std::string batch_id, std::move_only_function<void(Status)> done) = 0;
  // One answer a query, in their order.
  virtual void select(const Tenant& tenant, std::vector<SeriesQuery> queries,
                      std::move_only_function<void(Result<std::vector<SeriesAnswer>>)> done) = 0;
  // Everything that GetMetricData asks for.
  virtual void run(std::shared_ptr<const query::metric_data::Plan> plan,
                   std::move_only_function<void(MetricDataOutcome)> done) = 0;
  virtual void list(const Tenant& tenant, ListQuery query,
                    std::move_only_function<void(Result<ListPage>)> done) = 0;
};

}  // namespace kansoku::api::aws::monitoring
