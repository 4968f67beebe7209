// From the parameters of a request to a SeriesQuery. Internal to api/aws/monitoring.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/monitoring/backend.h"
#include "api/aws/operation.h"
#include "wire/aws/monitoring/shapes.h"

namespace kansoku::api::aws::monitoring {

// Sorted by name.
DimensionList dimension_list(
    const std::optional<std::vector<kansoku::aws::monitoring::Dimension>>& in);

std::optional<AwsError> check_times(int64_t start_ms, int64_t end_ms);
std::optional<AwsError> check_period(int64_t period_s, std::string_view parameter);

// Sets start, end and period; false when nothing of that age is held at that period.
bool set_range(SeriesQuery& query, int64_t start_ms, int64_t end_ms, int64_t period_s,
               int64_t now_ms);

}  // namespace kansoku::api::aws::monitoring
