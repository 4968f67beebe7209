#include "api/aws/monitoring/widget_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "api/aws/monitoring/monitoring_errors.h"
#include "api/widget_image/palette.h"
#include "query/metric_math/metric_math.h"

namespace kansoku::api::aws::monitoring {
namespace {

using widget_image::Line;
using widget_image::NormalBand;
using widget_image::Picture;

constexpr std::string_view kBandFunction = "ANOMALY_DETECTION_BAND";
// Beside an average over the whole range its two parts are read.
constexpr std::string_view kCountSuffix = "_count_of_range";

shapes::MetricDataQuery metric_query(const WidgetRow& row, std::string id, std::string stat) {
  shapes::MetricDataQuery out;
  out.id = std::move(id);
  shapes::MetricStat& metric_stat = out.metric_stat.emplace();
  shapes::Metric& metric = metric_stat.metric.emplace();
  metric.metric_namespace = row.metric.metric_namespace;
  metric.metric_name = row.metric.metric_name;
  metric.dimensions.emplace();
  for (const auto& [name, value] : row.metric.dimensions) {
    metric.dimensions->push_back({name, value});
  }
  metric_stat.period = static_cast<int32_t>(row.period_s);
  metric_stat.stat = std::move(stat);
  out.return_data = row.visible;
  out.label = row.label;
  return out;
}

bool is_dynamic(const std::optional<std::string>& label) {
  return label && label->find("${") != std::string::npos;
}

// ANOMALY_DETECTION_BAND itself, not a part of it.
bool is_band(const WidgetRow& row) {
  std::string_view text = row.expression;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text.starts_with(kBandFunction);
}

}  // namespace

std::expected<shapes::GetMetricDataInput, AwsError> widget_request(const Widget& widget) {
  shapes::GetMetricDataInput out;
  out.metric_data_queries.emplace();
  out.start_time = describe::Timestamp{widget.picture.start_ms};
  out.end_time = describe::Timestamp{widget.picture.end_ms};
  out.scan_by = "TimestampAscending";
  std::string zone = fmt::format(
      "{:+05}", widget.picture.offset_minutes / 60 * 100 + widget.picture.offset_minutes % 60);
  out.label_options.emplace().timezone = zone;
  int64_t length_ms = widget.picture.end_ms - widget.picture.start_ms;
  int64_t points = 0;
  bool any = false;
  for (const WidgetRow& row : widget.rows) {
    any = any || row.visible;
    points += length_ms / (row.period_s * 1000) + 1;
    if (row.expression.empty()) {
      bool average = widget.set_period_to_time_range && row.stat == "Average";
      out.metric_data_queries->push_back(metric_query(row, row.id, average ? "Sum" : row.stat));
      if (average) {
        out.metric_data_queries->push_back(
            metric_query(row, row.id + std::string(kCountSuffix), "SampleCount"));
      }
      continue;
    }
    shapes::MetricDataQuery query;
    query.id = row.id;
    query.expression = row.expression;
    query.period = static_cast<int32_t>(row.period_s);
    query.return_data = row.visible;
    // Other labels of expressions are put together with those of their series.
    if (is_dynamic(row.label)) query.label = row.label;
    out.metric_data_queries->push_back(std::move(query));
  }
  if (points > static_cast<int64_t>(kWidgetPointsMax)) return std::unexpected(too_many_points());
  if (!any) out.metric_data_queries->clear();
  return out;
}

AwsError too_many_points() {
  return invalid_parameter_value(
      fmt::format("The parameter MetricWidget is invalid: more than {} datapoints; take a longer "
                  "period or a shorter range",
                  kWidgetPointsMax));
}

void WidgetData::add(MetricDataAnswer answer) {
  auto& results = *answer.output.metric_data_results;
  for (size_t i = 0; i < results.size(); ++i) {
    Series& series = series_.emplace_back();
    series.id = *results[i].id;
    series.label = results[i].label.value_or("");
    series.unit = answer.units[i];
    for (describe::Timestamp at : *results[i].timestamps) series.times_ms.push_back(at.ms);
    series.values = std::move(*results[i].values);
    if (!results[i].messages) continue;
    for (const auto& message : *results[i].messages) {
      incomplete_ = incomplete_ || message.code == "PartialData";
    }
  }
}

struct WidgetData::Drawn {
  Picture picture;
  size_t colour = 0;
  std::map<std::string, size_t, std::less<>> line_of;  // by id of the row
};

std::vector<const WidgetData::Series*> WidgetData::series_of(const std::string& id) const {
  std::vector<const Series*> out;
  for (const Series& series : series_) {
    if (series.id == id) out.push_back(&series);
  }
  return out;
}

void WidgetData::add_band(const WidgetRow& row, const std::vector<const Series*>& limits,
                          Drawn& drawn) const {
  auto expression = query::metric_math::Expression::parse(row.expression);
  NormalBand band;
  band.colour = row.colour.value_or(widget_image::palette(drawn.picture.dark).soft);
  band.right_axis = row.right_axis;
  band.period_ms = row.period_s * 1000;
  if (expression && expression->references().size() == 1) {
    auto line = drawn.line_of.find(expression->references()[0]);
    if (line != drawn.line_of.end()) {
      band.line = line->second;
      const Line& of = drawn.picture.lines[line->second];
      band.period_ms = of.period_ms;
      band.label = of.label + " (expected)";
    }
  }
  if (row.label) band.label = is_dynamic(row.label) ? limits[0]->label : *row.label;
  if (band.label.empty()) band.label = row.id;
  // Both limits are there or none is.
  band.times_ms = limits[0]->times_ms;
  band.upper = limits[0]->values;
  band.lower = limits[1]->values;
  if (band.lower.size() != band.upper.size()) return;
  drawn.picture.bands.push_back(std::move(band));
}

void WidgetData::add_row(const WidgetRow& row, Drawn& drawn) const {
  std::vector<const Series*> found = series_of(row.id);
  if (is_band(row) && found.size() == 2) return add_band(row, found, drawn);
  for (const Series* series : found) {
    Line line;
    line.label = series->label;
    bool own = !row.expression.empty() && row.label && !is_dynamic(row.label);
    // Of several series: the expression's label and the series' own.
    if (own) line.label = found.size() > 1 ? *row.label + " " + series->label : *row.label;
    line.unit = series->unit;
    bool fixed = row.colour && found.size() == 1;
    line.colour =
        fixed ? *row.colour : widget_image::series_colour(drawn.colour, drawn.picture.dark);
    ++drawn.colour;
    line.right_axis = row.right_axis;
    line.period_ms = row.period_s * 1000;
    line.times_ms = series->times_ms;
    line.values = series->values;
    // An expression is at the coarsest period of its metrics.
    if (!row.expression.empty()) {
      int64_t least = std::numeric_limits<int64_t>::max();
      for (size_t i = 1; i < line.times_ms.size(); ++i) {
        least = std::min(least, line.times_ms[i] - line.times_ms[i - 1]);
      }
      if (line.times_ms.size() > 1) line.period_ms = std::max(line.period_ms, least);
    }
    drawn.line_of[row.id] = drawn.picture.lines.size();
    drawn.picture.lines.push_back(std::move(line));
  }
}

// One value of the whole range from those of its periods.
void WidgetData::fold_range(const Widget& widget, Drawn& drawn) const {
  for (const WidgetRow& row : widget.rows) {
    auto at = drawn.line_of.find(row.id);
    if (at == drawn.line_of.end()) continue;
    Line& line = drawn.picture.lines[at->second];
    if (line.values.empty()) continue;
    double value = 0;
    if (row.stat == "Minimum") {
      value = *std::ranges::min_element(line.values);
    } else if (row.stat == "Maximum") {
      value = *std::ranges::max_element(line.values);
    } else {
      value = std::accumulate(line.values.begin(), line.values.end(), 0.0);
    }
    if (row.stat == "Average") {
      double count = 0;
      for (const Series* series : series_of(row.id + std::string(kCountSuffix))) {
        count = std::accumulate(series->values.begin(), series->values.end(), count);
      }
      if (count > 0) value /= count;
    }
    line.values = {value};
    line.times_ms = {line.times_ms.front()};
  }
}

Picture WidgetData::picture(const Widget& widget) const {
  Drawn drawn;
  drawn.picture = widget.picture;
  drawn.picture.incomplete = incomplete_;
  // Metrics first, so that bands know the lines that they are about.
  for (bool bands : {false, true}) {
    for (const WidgetRow& row : widget.rows) {
      if (row.visible && is_band(row) == bands) add_row(row, drawn);
    }
  }
  if (widget.set_period_to_time_range) fold_range(widget, drawn);
  return std::move(drawn.picture);
}

}  // namespace kansoku::api::aws::monitoring
