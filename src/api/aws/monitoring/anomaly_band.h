// How the detectors of a request's metrics are trained, for ANOMALY_DETECTION_BAND. Internal to
// api/aws/monitoring.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/aws/monitoring/handlers.h"
#include "query/anomaly/model.h"

namespace kansoku::api::aws::monitoring {

// Of a detector's record; a zone that is not in the tz database (any more) is UTC.
query::anomaly::Options training_options(const MonitoringOptions& options,
                                         const shapes::PutAnomalyDetectorInput& definition);

// By id of a query, where there is a detector for the same metric and statistic or the same math.
// Empty where no query has a band.
std::map<std::string, query::anomaly::Options, std::less<>> find_training_options(
    const Shared& shared, const Tenant& tenant,
    const std::vector<shapes::MetricDataQuery>& queries);

}  // namespace kansoku::api::aws::monitoring
