// What ANOMALY_DETECTION_BAND needs of a GetMetricData request beside its range: the history it
// learns from, and how the detectors of its metrics are trained. Internal to api/aws/monitoring.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/aws/monitoring/expression_plan.h"
#include "api/aws/monitoring/handlers.h"

namespace kansoku::api::aws::monitoring {

// The first period of what is learnt from: two weeks before the range, or since when points of this
// period are held.
int64_t training_start_ms(int64_t range_start_ms, int64_t period_ms, int64_t now_ms);

// Of a detector's record; a zone that is not in the tz database (any more) is UTC.
query::anomaly::Options training_options(const MonitoringOptions& options,
                                         const shapes::PutAnomalyDetectorInput& definition);

// By id of a query, where there is a detector for the same metric and statistic or the same math.
// The two lists are the queries of the request.
std::map<std::string, query::anomaly::Options, std::less<>> find_training_options(
    const Shared& shared, const Tenant& tenant, const std::vector<shapes::MetricDataQuery>& queries,
    const std::vector<MathQuery>& math);

}  // namespace kansoku::api::aws::monitoring
