// From a widget to the GetMetricData request that it is, and from the answer to its picture.
// Internal to api/aws/monitoring.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/widget.h"

namespace kansoku::api::aws::monitoring {

// Datapoints of one picture; two million pixels show no more.
inline constexpr size_t kWidgetPointsMax = 1'000'000;

// Nothing visible: no queries. Refused where it would have too many datapoints.
std::expected<shapes::GetMetricDataInput, AwsError> widget_request(const Widget& widget);

AwsError too_many_points();

// The answer by rows.
class WidgetData {
 public:
  void add(MetricDataAnswer answer);
  // The widget's picture with its lines and bands.
  widget_image::Picture picture(const Widget& widget) const;

 private:
  struct Series {
    std::string id;
    std::string label;
    std::string unit;
    std::vector<int64_t> times_ms;
    std::vector<double> values;
  };
  struct Drawn;
  std::vector<const Series*> series_of(const std::string& id) const;
  void add_row(const WidgetRow& row, Drawn& drawn) const;
  void add_band(const WidgetRow& row, const std::vector<const Series*>& limits, Drawn& drawn) const;
  void fold_range(const Widget& widget, Drawn& drawn) const;

  std::vector<Series> series_;  // in the order of the answer
  bool incomplete_ = false;
};

}  // namespace kansoku::api::aws::monitoring
