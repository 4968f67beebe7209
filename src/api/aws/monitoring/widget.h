// The JSON of a metric widget, read and checked (API reference, "GetMetricWidgetImage: Metric
// Widget Structure and Syntax"; the same properties as a dashboard's). Internal to
// api/aws/monitoring.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/monitoring/backend.h"
#include "api/aws/operation.h"
#include "api/widget_image/picture.h"

namespace kansoku::api::aws::monitoring {

// One row of "metrics": a metric or an expression.
struct WidgetRow {
  MetricIdentity metric;
  std::string expression;  // empty: a metric
  std::string id;          // given, or made up and unique
  std::optional<std::string> label;
  std::string stat;
  int64_t period_s = 300;
  std::optional<widget_image::Colour> colour;
  bool visible = true;
  bool right_axis = false;
};

struct Widget {
  // Everything but the lines and the bands.
  widget_image::Picture picture;
  std::vector<WidgetRow> rows;
  // One value a row, of the whole range.
  bool set_period_to_time_range = false;
};

struct WidgetContext {
  int64_t now_ms = 0;
  std::string region;
  std::string account;
};

inline constexpr size_t kWidgetBytesMax = 100 * 1024;
inline constexpr size_t kWidgetRowsMax = 500;

// Everything that is wrong or not supported is named by its place.
std::expected<Widget, AwsError> parse_widget(std::string_view json, const WidgetContext& context);

}  // namespace kansoku::api::aws::monitoring
