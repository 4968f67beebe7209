#include "api/aws/monitoring/anomaly_band.h"

#include <algorithm>

#include "api/aws/monitoring/resolution.h"
#include "api/aws/monitoring/series_query.h"
#include "base/time/grid.h"

namespace kansoku::api::aws::monitoring {
namespace {

// The query of that number and all that it uses.
void collect_parts(const std::vector<MathQuery>& math, size_t at, std::set<size_t>& parts) {
  if (!parts.insert(at).second || !math[at].expression) return;
  for (const std::string& id : math[at].expression->references()) {
    auto found = std::ranges::find(math, id, &MathQuery::id);
    if (found != math.end()) {
      collect_parts(math, static_cast<size_t>(found - math.begin()), parts);
    }
  }
}

}  // namespace

int64_t training_start_ms(int64_t range_start_ms, int64_t period_ms, int64_t now_ms) {
  int64_t held_ms = now_ms - held_s(period_ms / 1000) * 1000;
  int64_t wanted_ms = std::max(range_start_ms - query::anomaly::kTrainingMs, held_ms);
  return std::min(floor_to(wanted_ms + period_ms - 1, period_ms), range_start_ms);
}

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
    const Shared& shared, const Tenant& tenant, const std::vector<shapes::MetricDataQuery>& queries,
    const std::vector<MathQuery>& math) {
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
      collect_parts(math, i, parts);
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
