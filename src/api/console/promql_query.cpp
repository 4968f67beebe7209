#include "api/console/promql_query.h"

#include "query/exec/cells.h"

namespace kansoku::api::console {
namespace {

// Points of one series, as the Prometheus API has it.
constexpr int64_t kStepsMax = 11'000;
constexpr size_t kSeriesMax = 500;

// name{a="b", …}
std::string label_text(const signal::Labels& labels) {
  std::string inner;
  signal::visit_labels(labels.canonical(), [&](signal::LabelView label) {
    if (label.name == signal::kNameLabel || label.name == signal::kUnitLabel) return;
    inner += fmt::format("{}{}={}", inner.empty() ? "" : ", ", label.name, quoted(label.value));
  });
  std::string name(labels.get(signal::kNameLabel));
  return inner.empty() ? name.empty() ? "{}" : name : name + "{" + inner + "}";
}

// The unit of a series that still is what was stored: functions drop the name, and the unit with
// it. Prometheus says units in names.
std::string unit_of(const signal::Labels& labels) {
  std::string_view name = labels.get(signal::kNameLabel);
  if (name.empty()) return {};
  if (std::string_view unit = labels.get(signal::kUnitLabel); !unit.empty()) {
    return std::string(unit);
  }
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_bytes")) return "Bytes";
  if (name.ends_with("_seconds")) return "Seconds";
  if (name.ends_with("_percent")) return "Percent";
  return {};
}

}  // namespace

Result<PromqlRange> promql_range(store::TimeRangeMs range, double step_s, int64_t now_ms,
                                 size_t points_max) {
  if (step_s < 0 || step_s > 86'400 * 365.0) {
    return invalid_argument("step {} is not a number of seconds", step_s);
  }
  PromqlRange out;
  out.step_ms = static_cast<int64_t>(step_s * 1000);
  if (out.step_ms == 0) {
    if (step_s > 0) return invalid_argument("step {} is shorter than a millisecond", step_s);
    out.step_ms = query::choose_period_ms(range, now_ms, points_max);
  }
  auto floor_step = [&](int64_t ms) {
    int64_t rest = ms % out.step_ms;
    return ms - (rest < 0 ? rest + out.step_ms : rest);
  };
  out.start_ms = floor_step(range.begin + out.step_ms - 1);
  out.end_ms = std::max(out.start_ms, floor_step(range.end));
  if ((out.end_ms - out.start_ms) / out.step_ms >= kStepsMax) {
    return invalid_argument("step {} s over this range gives more than {} points", step_s,
                            kStepsMax);
  }
  return out;
}

Frame make_frame(const PromqlRange& range, prometheus::ResultDocument document) {
  Frame frame;
  frame.period_s = std::max<int64_t>(range.step_ms / 1000, 1);
  std::set<int64_t> times;
  bool histograms = false;
  size_t shown = 0;
  for (const prometheus::ResultSeries& series : document.series) {
    histograms = histograms || !series.histograms.empty();
    if (series.floats.empty()) continue;
    ++frame.series_total;
    if (++shown > kSeriesMax) continue;
    for (const prometheus::FloatPoint& point : series.floats) times.insert(point.timestamp_ms);
  }
  frame.times_ms.assign(times.begin(), times.end());
  for (const prometheus::ResultSeries& series : document.series) {
    if (series.floats.empty() || frame.series.size() == kSeriesMax) continue;
    FrameSeries& one = frame.series.emplace_back();
    one.label = label_text(series.labels);
    one.unit = unit_of(series.labels);
    signal::visit_labels(series.labels.canonical(), [&](signal::LabelView label) {
      if (label.name != signal::kUnitLabel) one.dimensions.emplace_back(label.name, label.value);
    });
    one.values.assign(frame.times_ms.size(), std::numeric_limits<double>::quiet_NaN());
    size_t at = 0;
    for (const prometheus::FloatPoint& point : series.floats) {
      while (frame.times_ms[at] < point.timestamp_ms) ++at;
      one.values[at] = point.value;
    }
  }
  for (std::string& text : document.warnings) {
    frame.messages.emplace_back("Warning", std::move(text));
  }
  for (std::string& text : document.infos) frame.messages.emplace_back("Info", std::move(text));
  if (histograms) {
    frame.messages.emplace_back(
        "Histogram",
        "histogram points are not drawn; take histogram_quantile(), histogram_avg() "
        "or histogram_count() of them");
  }
  return frame;
}

std::optional<size_t> position_in(std::string_view text, std::string_view message) {
  size_t line = 0;
  size_t column = 0;
  const char* end = message.data() + message.size();
  auto first = std::from_chars(message.data(), end, line);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return std::nullopt;
  auto second = std::from_chars(first.ptr + 1, end, column);
  if (second.ec != std::errc() || second.ptr == end || *second.ptr != ':') return std::nullopt;
  if (line == 0 || column == 0) return std::nullopt;
  size_t at = 0;
  for (size_t i = 1; i < line; ++i) {
    size_t next = text.find('\n', at);
    if (next == std::string_view::npos) return std::nullopt;
    at = next + 1;
  }
  return std::min(at + column - 1, text.size());
}

}  // namespace kansoku::api::console
