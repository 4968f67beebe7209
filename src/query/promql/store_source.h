// PromQL over the metric store (ARCHITECTURE, "PromQL over everything").
//
// Replacing series (Prometheus, OpenTelemetry cumulative) are answered as they are; histogram
// points become native histograms. Accumulating series (CloudWatch, StatsD, OpenTelemetry delta)
// are answered in cells of a minute, or of the finest tier that still holds them: the point stands
// at the end of its cell, so that an instant selector sees the last closed cell. Its value is the
// average, or what the matcher
// `__stat__="p99"` (equality only; avg, sum, min, max, count and CloudWatch's names) asks for. For
// increase() and rate() they give their deltas. Thread contract: free-threaded.
#pragma once

#include <map>

#include "base/env/env.h"
#include "query/promql/source.h"
#include "query/statistic/statistic.h"
#include "store/metric_store.h"

namespace kansoku::query::promql {

inline constexpr std::string_view kStatLabel = "__stat__";

class StoreSource final : public SeriesSource {
 public:
  // Tenant and region are the caller's, never a label's.
  StoreSource(const store::MetricStore& store, signal::Scope scope, const env::Clock& clock)
      : store_(store), scope_(std::move(scope)), clock_(clock) {}

  Result<std::vector<SourceSeries>> select(const Selection& selection,
                                           QueryContext& context) override;
  Status scan(const Selection& selection, QueryContext& context, const ColumnSink& sink) override;

 private:
  struct Plan;
  struct Row;
  Result<Plan> plan_for(const Selection& selection) const;
  Status read_points(const Plan& plan, std::vector<store::SeriesId> ids, bool accumulating,
                     QueryContext& context, std::map<store::SeriesId, SourceSeries*>& rows) const;
  Status read_columns(const Plan& plan, std::span<const Row> rows, bool accumulating,
                      QueryContext& context, const ColumnSink& sink) const;

  const store::MetricStore& store_;
  signal::Scope scope_;
  const env::Clock& clock_;
};

// avg, sum, min, max, count, else a statistic of CloudWatch's.
Result<Statistic> parse_stat(std::string_view text);

}  // namespace kansoku::query::promql
