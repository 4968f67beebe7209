#include "api/aws/monitoring/series_query.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/aws/monitoring/monitoring_errors.h"
#include "query/exec/resolution.h"

namespace kansoku::api::aws::monitoring {

DimensionList dimension_list(
    const std::optional<std::vector<kansoku::aws::monitoring::Dimension>>& in) {
  DimensionList out;
  if (in) {
    for (const auto& one : *in) out.emplace_back(one.name.value_or(""), one.value.value_or(""));
  }
  std::ranges::sort(out);
  return out;
}

std::optional<AwsError> check_times(int64_t start_ms, int64_t end_ms) {
  if (start_ms < end_ms) return std::nullopt;
  return invalid_parameter_value(
      "The parameter StartTime must be less than the parameter EndTime.");
}

std::optional<AwsError> check_period(int64_t period_s, std::string_view parameter) {
  if (query::is_period(period_s)) return std::nullopt;
  return invalid_parameter_value(
      fmt::format("The parameter {} must be 1, 5, 10, 20, 30 or a multiple of 60.", parameter));
}

bool set_range(SeriesQuery& query, int64_t start_ms, int64_t end_ms, int64_t period_s,
               int64_t now_ms) {
  query::CellRange range = query::cell_range(start_ms, end_ms, period_s, now_ms);
  query.period_ms = range.period_ms;
  query.start_ms = range.start_ms;
  query.end_ms = range.end_ms;
  return range.held;
}

}  // namespace kansoku::api::aws::monitoring
