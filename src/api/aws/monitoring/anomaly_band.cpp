#include "api/aws/monitoring/anomaly_band.h"

#include <algorithm>

#include "api/aws/monitoring/series_query.h"
#include "query/metric_math/metric_math.h"

namespace kansoku::api::aws::monitoring {
namespace {

using query::metric_math::Expression;

// The expressions of a request that parse; the others are refused elsewhere.
std::vector<std::optional<Expression>> parse_all(
    const std::vector<shapes::MetricDataQuery>& queries) {
  std::vector<std::optional<Expression>> out;
  for (const shapes::MetricDataQuery& query : queries) {
    out.emplace_back();
    if (!query.expression) continue;
    if (auto parsed = Expression::parse(*query.expression)) out.back() = std::move(*parsed);
  }
  return out;
}

// The query of that number and all that it uses.
void collect_parts(const std::vector<shapes::MetricDataQuery>& queries,
                   const std::vector<std::optional<Expression>>& math, size_t at,
                   std::set<size_t>& parts) {
  if (!parts.insert(at).second || !math[at]) return;
  for (const std::string& id : math[at]->references()) {
    auto found = std::ranges::find(queries, id, &shapes::MetricDataQuery::id);
    if (found != queries.end()) {
      collect_parts(queries, math, static_cast<size_t>(found - queries.begin()), parts);
    }
  }
}

}  // namespace

query::anomaly::Options training_options(const MonitoringOptions& options,
                                         const shapes::PutAnomalyDetectorInput& definition) {
  query::anomaly::Options out;
  if (definition.configuration) {
    const auto& configuration = *definition.configuration;
    if (configuration.excluded_time_ranges) {
      for (const auto& range : *configuration.excluded_time_ranges) {
        out.excluded.push_back({range.start_time->ms, range.end_time->ms});
      }
    }
    if (configuration.metric_timezone && options.find_zone) {
      out.zone = options.find_zone(*configuration.metric_timezone).value_or(Zone());
    }
  }
  if (definition.metric_characteristics) {
    out.periodic_spikes = definition.metric_characteristics->periodic_spikes.value_or(false);
  }
  return out;
}

std::map<std::string, query::anomaly::Options, std::less<>> find_training_options(
    const Shared& shared, const Tenant& tenant,
    const std::vector<shapes::MetricDataQuery>& queries) {
  std::vector<std::optional<Expression>> math = parse_all(queries);
  bool any = std::ranges::any_of(math, [](const auto& one) { return one && one->uses_band(); });
  if (!any) return {};
  std::map<std::string, query::anomaly::Options, std::less<>> out;
  for (size_t i = 0; i < queries.size(); ++i) {
    std::string key;
    if (queries[i].metric_stat) {
      const shapes::Metric& metric = *queries[i].metric_stat->metric;
      key = single_metric_key(
          {*metric.metric_namespace, *metric.metric_name, dimension_list(metric.dimensions)},
          *queries[i].metric_stat->stat);
    } else {
      std::set<size_t> parts;
      collect_parts(queries, math, i, parts);
      std::vector<shapes::MetricDataQuery> used;
      for (size_t part : parts) used.push_back(queries[part]);
      key = metric_math_key(used);
    }
    if (auto detector = shared.detectors.find(tenant, key)) {
      out.emplace(*queries[i].id, training_options(shared.options, detector->definition));
    }
  }
  return out;
}

}  // namespace kansoku::api::aws::monitoring
