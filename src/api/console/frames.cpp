#include "api/console/frames.h"

#include "base/bytes.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {
namespace {

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

// Reserved labels are not dimensions.
bool is_dimension(std::string_view name) { return !name.starts_with("__"); }

// The dimensions that differ between the series name them; one series is named by its metric.
void set_labels(Frame& frame, const std::string& metric) {
  std::set<std::string> differing;
  for (const FrameSeries& series : frame.series) {
    for (const auto& [name, value] : series.dimensions) {
      bool same =
          std::all_of(frame.series.begin(), frame.series.end(), [&](const FrameSeries& other) {
            return std::find(other.dimensions.begin(), other.dimensions.end(),
                             std::pair(name, value)) != other.dimensions.end();
          });
      if (!same) differing.insert(name);
    }
  }
  for (FrameSeries& series : frame.series) {
    std::string label;
    for (const auto& [name, value] : series.dimensions) {
      if (!differing.contains(name)) continue;
      if (!label.empty()) label += ' ';
      label += value;
    }
    series.label = label.empty() ? metric : label;
  }
}

// Halves the points of a bucket to its minimum and maximum, in their order, on two times of the
// bucket.
void reduce(Frame& frame, size_t points_max) {
  size_t buckets = std::max<size_t>(points_max / 2, 1);
  size_t width = (frame.times_ms.size() + buckets - 1) / buckets;
  if (width <= 2) return;
  std::vector<int64_t> times;
  for (size_t begin = 0; begin < frame.times_ms.size(); begin += width) {
    times.push_back(frame.times_ms[begin]);
    times.push_back(frame.times_ms[std::min(begin + width / 2, frame.times_ms.size() - 1)]);
  }
  for (FrameSeries& series : frame.series) {
    std::vector<double> values;
    for (size_t begin = 0; begin < series.values.size(); begin += width) {
      size_t end = std::min(begin + width, series.values.size());
      size_t lowest = end;
      size_t highest = end;
      for (size_t i = begin; i < end; ++i) {
        if (std::isnan(series.values[i])) continue;
        if (lowest == end || series.values[i] < series.values[lowest]) lowest = i;
        if (highest == end || series.values[i] > series.values[highest]) highest = i;
      }
      bool none = lowest == end;
      values.push_back(none ? kGap : series.values[std::min(lowest, highest)]);
      values.push_back(none ? kGap : series.values[std::max(lowest, highest)]);
    }
    series.values = std::move(values);
  }
  frame.times_ms = std::move(times);
}

void append_series_head(wire::JsonWriter& json, const Frame& frame, const FrameSeries& series) {
  json.key("label");
  json.string(series.label);
  json.key("dimensions");
  json.begin_object();
  for (const auto& [name, value] : series.dimensions) {
    json.key(name);
    json.string(value);
  }
  json.end_object();
  json.key("unit");
  json.string(series.unit);
  json.key("stat");
  json.string(frame.statistic);
  json.key("period");
  json.integer(frame.period_s);
}

void append_tail(wire::JsonWriter& json, const Frame& frame) {
  json.key("partial");
  json.boolean(frame.partial);
  json.key("truncated");
  if (frame.series_total > frame.series.size()) {
    json.begin_object();
    json.key("limit");
    json.unsigned_integer(frame.series.size());
    json.key("total");
    json.unsigned_integer(frame.series_total);
    json.end_object();
  } else {
    json.null();
  }
  json.key("messages");
  json.begin_array();
  for (const auto& [code, text] : frame.messages) {
    json.begin_object();
    json.key("code");
    json.string(code);
    json.key("message");
    json.string(text);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

Frame make_frame(const query::CellResult& cells, const query::Statistic& statistic,
                 const FrameOptions& options) {
  Frame frame;
  frame.statistic = statistic.text;
  frame.period_s = options.period_ms / 1000;
  frame.partial = !cells.missing.empty();
  int64_t begin = options.range.begin / options.period_ms * options.period_ms;
  for (int64_t at = begin; at < options.range.end; at += options.period_ms) {
    frame.times_ms.push_back(at);
  }
  for (const query::CellSeries& series : cells.series) {
    if (series.cells.empty()) continue;
    ++frame.series_total;
    if (frame.series.size() >= options.series_max) continue;
    FrameSeries out;
    out.values.assign(frame.times_ms.size(), kGap);
    signal::visit_labels(series.info.labels.canonical(), [&](signal::LabelView label) {
      if (is_dimension(label.name)) out.dimensions.emplace_back(label.name, label.value);
      if (label.name == signal::kUnitLabel) out.unit = label.value;
    });
    for (size_t i = 0; i < series.cells.size(); ++i) {
      auto row = static_cast<size_t>((series.timestamps_ms[i] - begin) / options.period_ms);
      if (row >= out.values.size()) continue;
      if (auto value = query::evaluate(statistic, series.cells[i])) out.values[row] = *value;
    }
    frame.series.push_back(std::move(out));
  }
  set_labels(frame, options.metric);
  if (frame.times_ms.size() > options.points_max) reduce(frame, options.points_max);
  return frame;
}

Frame make_frame(const query::metric_data::Plan& plan, query::metric_data::Answer answer,
                 size_t points_max) {
  Frame frame;
  const query::CellRange range = plan.range(plan.period_s.back());
  frame.period_s = range.period_ms / 1000;
  for (int64_t at = range.start_ms; at < range.end_ms; at += range.period_ms) {
    frame.times_ms.push_back(at);
  }
  const query::metric_data::LabelContext context{plan.request.scope.region,
                                                 plan.request.scope.account, plan.request.now_ms};
  auto add_message = [&](query::metric_data::Message& message) {
    frame.messages.emplace_back(std::move(message.code), std::move(message.text));
  };
  std::ranges::for_each(answer.messages, add_message);
  for (query::metric_data::ResultSeries& result : answer.results) {
    frame.partial = frame.partial || result.partial;
    std::ranges::for_each(result.messages, add_message);
    if (result.values.empty()) continue;
    FrameSeries& out = frame.series.emplace_back();
    out.label = label_of(plan, result, context);
    out.unit = result.unit;
    if (result.origin != nullptr) out.dimensions = result.origin->dimensions;
    out.values.assign(frame.times_ms.size(), kGap);
    for (size_t i = 0; i < result.values.size(); ++i) {
      auto row = static_cast<size_t>((result.timestamps_ms[i] - range.start_ms) / range.period_ms);
      if (row < out.values.size()) out.values[row] = result.values[i];
    }
  }
  frame.series_total = frame.series.size();
  if (frame.times_ms.size() > points_max) reduce(frame, points_max);
  return frame;
}

void append_frame_json(const Frame& frame, wire::JsonWriter& json) {
  json.begin_object();
  json.key("time");
  json.begin_array();
  for (int64_t time : frame.times_ms) json.integer(time);
  json.end_array();
  json.key("series");
  json.begin_array();
  for (const FrameSeries& series : frame.series) {
    json.begin_object();
    append_series_head(json, frame, series);
    json.key("values");
    json.begin_array();
    for (double value : series.values) json.number(value);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  append_tail(json, frame);
  json.end_object();
}

std::string frame_binary(const Frame& frame) {
  std::string head;
  wire::JsonWriter json(head);
  json.begin_object();
  json.key("points");
  json.unsigned_integer(frame.times_ms.size());
  json.key("series");
  json.begin_array();
  for (const FrameSeries& series : frame.series) {
    json.begin_object();
    append_series_head(json, frame, series);
    json.end_object();
  }
  json.end_array();
  append_tail(json, frame);
  json.end_object();
  std::string out;
  append_le(out, static_cast<uint32_t>(head.size()));
  out += head;
  out.resize((out.size() + 7) / 8 * 8, '\0');
  for (int64_t time : frame.times_ms) append_le(out, static_cast<double>(time));
  for (const FrameSeries& series : frame.series) {
    for (double value : series.values) append_le(out, value);
  }
  return out;
}

}  // namespace kansoku::api::console
