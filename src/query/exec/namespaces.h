// Under which namespace and dimensions CloudWatch's languages see a series (ARCHITECTURE, "PromQL
// over everything"): series of CloudWatch under their own; series without a namespace are
// Prometheus', those that accumulate or carry an instrumentation scope are OpenTelemetry's. Their
// labels are the dimensions.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "store/metric_store.h"

namespace kansoku::query {

inline constexpr std::string_view kPrometheusNamespace = "Prometheus";
inline constexpr std::string_view kOpenTelemetryNamespace = "OTel";
// No unit, and every series that has no unit label.
inline constexpr std::string_view kNoUnit = "None";

// A series as a metric with dimensions.
struct MetricIdentity {
  std::string metric_namespace;
  std::string metric_name;
  std::vector<std::pair<std::string, std::string>> dimensions;  // by name
  friend auto operator<=>(const MetricIdentity&, const MetricIdentity&) = default;
};
MetricIdentity identity_of(const store::SeriesInfo& info);
std::string_view unit_of(const store::SeriesInfo& info);

// Narrows a selection to a namespace. What is selected may still hold others: compare
// namespace_of().
void match_namespace(store::SeriesSelector& selector, std::string_view metric_namespace);
std::string_view namespace_of(const store::SeriesInfo& info);
// The series of a namespace, of all that match the selector.
Result<std::vector<store::SeriesInfo>> select_in_namespace(const store::MetricStore& store,
                                                           store::SeriesSelector selector,
                                                           std::string_view metric_namespace);

}  // namespace kansoku::query
