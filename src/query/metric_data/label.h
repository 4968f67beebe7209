// Labels of metric data: the default ones and the dynamic values ${…}.
// Source: CloudWatch user guide, "Using dynamic labels"; default labels as recorded from AWS.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/metric_math/metric_math.h"

namespace kansoku::query::metric_data {

// What a label may speak of.
using LabelSubject = metric_math::Origin;

// The metric name, then the values of the dimensions, the statistic and the period where they tell
// queries of the request apart.
std::vector<std::string> default_labels(std::span<const LabelSubject> queries);
// Of metrics that a search found: what tells them apart, of namespace, name and the values of
// dimensions; the name where nothing does.
std::vector<std::string> found_labels(std::span<const LabelSubject> metrics);

struct LabelSeries {
  std::span<const int64_t> timestamps_ms;  // ascending
  std::span<const double> values;
};
struct LabelContext {
  std::string_view region;
  std::string_view account;
  int64_t now_ms = 0;
  int offset_minutes = 0;  // LabelOptions.Timezone
};

inline constexpr size_t kDynamicValuesMax = 5;

// Nothing, or why the label is refused: an unknown value, more than five, ${LABEL} twice.
std::expected<void, std::string> check_label(std::string_view label);
// `label` has passed check_label().
std::string expand_label(std::string_view label, std::string_view default_label,
                         const LabelSubject& subject, const LabelSeries& series,
                         const LabelContext& context);
// "+0900" in minutes; nothing when malformed.
std::optional<int> parse_utc_offset(std::string_view text);

}  // namespace kansoku::query::metric_data
