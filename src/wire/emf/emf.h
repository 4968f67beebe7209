// Embedded metric format: the metrics of one log event. See README.md.
//
// Source: "Specification: Embedded metric format" of the CloudWatch user guide, version 0.
// Thread contract: free functions.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kansoku::wire {

inline constexpr size_t kEmfMetricsMax = 100;        // of a directive
inline constexpr size_t kEmfDimensionsMax = 30;      // of a set
inline constexpr size_t kEmfDimensionSetsMax = 100;  // of a directive
inline constexpr size_t kEmfValuesMax = 100;         // of a metric
inline constexpr size_t kEmfNameBytesMax = 1'024;

struct EmfMetric {
  std::string metric_namespace;
  std::string name;
  std::string unit = "None";
  bool by_second = false;  // StorageResolution 1
  std::vector<std::pair<std::string, std::string>> dimensions;
  std::vector<double> values;  // finite
};
struct EmfDocument {
  int64_t timestamp_ms = 0;
  std::vector<EmfMetric> metrics;  // one of each dimension set
};

struct EmfProblem {
  bool parsing = false;  // no JSON; else JSON that breaks a rule of the format
  std::string message;
};

// Whether an event may be one of this format: quick, and true of all that are.
bool may_be_emf(std::string_view message);
// The metrics of an event that may be one; none where it has no `_aws`.
std::expected<EmfDocument, EmfProblem> parse_emf(std::string_view message);

}  // namespace kansoku::wire
