#include "query/metric_data/label.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/time/iso8601.h"

namespace kansoku::query::metric_data {
namespace {

// What stands where a series has no datapoint.
constexpr std::string_view kNoValue = "--";

std::string number_text(double value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

// The datapoint that a dynamic value is about.
enum class Pick : uint8_t { First, Last, Min, Max };
size_t pick_index(Pick pick, const LabelSeries& series) {
  switch (pick) {
    case Pick::First:
      return 0;
    case Pick::Last:
      return series.values.size() - 1;
    case Pick::Min:
      return static_cast<size_t>(std::ranges::min_element(series.values) - series.values.begin());
    case Pick::Max:
      return static_cast<size_t>(std::ranges::max_element(series.values) - series.values.begin());
  }
  return 0;
}

std::string time_text(int64_t time_ms, const LabelContext& context) {
  std::string text = iso8601(time_ms + context.offset_minutes * int64_t{60'000}, IsoFraction::None);
  // 2026-11-22T12:00:00Z → 2026-11-22 12:00:00
  text[10] = ' ';
  return text.substr(0, 19);
}

// "3h 12m", the two largest parts.
std::string relative_text(int64_t time_ms, const LabelContext& context) {
  int64_t seconds = std::max<int64_t>(0, (context.now_ms - time_ms) / 1000);
  constexpr std::pair<int64_t, char> kUnits[] = {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}};
  std::string out;
  int parts = 0;
  for (auto [size, letter] : kUnits) {
    int64_t count = seconds / size;
    if (count == 0 || parts == 2) continue;
    if (!out.empty()) out += ' ';
    out += fmt::format("{}{}", count, letter);
    seconds -= count * size;
    ++parts;
  }
  return out.empty() ? "0s" : out;
}

enum class Form : uint8_t { Value, Time, Relative };
struct Function {
  std::string_view name;
  std::string (*text)(const LabelSeries&, const LabelContext&);
};

template <Pick pick, Form form>
std::string picked(const LabelSeries& series, const LabelContext& context) {
  size_t at = pick_index(pick, series);
  if constexpr (form == Form::Value) return number_text(series.values[at]);
  if constexpr (form == Form::Time) return time_text(series.timestamps_ms[at], context);
  return relative_text(series.timestamps_ms[at], context);
}
template <Pick from, Pick to, Form form>
std::string range(const LabelSeries& series, const LabelContext& context) {
  return fmt::format("{} - {}", picked<from, form>(series, context),
                     picked<to, form>(series, context));
}
double total(const LabelSeries& series) {
  double sum = 0;
  for (double value : series.values) sum += value;
  return sum;
}
std::string sum_text(const LabelSeries& s, const LabelContext&) { return number_text(total(s)); }
std::string average_text(const LabelSeries& s, const LabelContext&) {
  return number_text(total(s) / static_cast<double>(s.values.size()));
}
std::string count_text(const LabelSeries& s, const LabelContext&) {
  return fmt::format("{}", s.values.size());
}

constexpr Function kFunctions[] = {
    {"AVG", average_text},
    {"SUM", sum_text},
    {"DATAPOINT_COUNT", count_text},
    {"MIN", picked<Pick::Min, Form::Value>},
    {"MAX", picked<Pick::Max, Form::Value>},
    {"FIRST", picked<Pick::First, Form::Value>},
    {"LAST", picked<Pick::Last, Form::Value>},
    {"MIN_TIME", picked<Pick::Min, Form::Time>},
    {"MAX_TIME", picked<Pick::Max, Form::Time>},
    {"FIRST_TIME", picked<Pick::First, Form::Time>},
    {"LAST_TIME", picked<Pick::Last, Form::Time>},
    {"MIN_TIME_RELATIVE", picked<Pick::Min, Form::Relative>},
    {"MAX_TIME_RELATIVE", picked<Pick::Max, Form::Relative>},
    {"FIRST_TIME_RELATIVE", picked<Pick::First, Form::Relative>},
    {"LAST_TIME_RELATIVE", picked<Pick::Last, Form::Relative>},
    {"FIRST_LAST_RANGE", range<Pick::First, Pick::Last, Form::Value>},
    {"MIN_MAX_RANGE", range<Pick::Min, Pick::Max, Form::Value>},
    {"FIRST_LAST_TIME_RANGE", range<Pick::First, Pick::Last, Form::Time>},
    {"MIN_MAX_TIME_RANGE", range<Pick::Min, Pick::Max, Form::Time>},
};
const Function* find_function(std::string_view name) {
  for (const Function& one : kFunctions) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

// PROP('Dim.InstanceId') → Dim.InstanceId
std::optional<std::string_view> property_of(std::string_view value) {
  if (!value.starts_with("PROP('") || !value.ends_with("')")) return std::nullopt;
  return value.substr(6, value.size() - 8);
}
bool known_property(std::string_view name) {
  constexpr std::string_view kNames[] = {"MetricName", "Namespace", "Stat",        "Period",
                                         "Region",     "AccountId", "AccountLabel"};
  return name.starts_with("Dim.") || std::ranges::find(kNames, name) != std::end(kNames);
}
std::string property_text(std::string_view name, const LabelSubject& subject,
                          const LabelContext& context) {
  if (name == "MetricName") return subject.metric_name;
  if (name == "Namespace") return subject.metric_namespace;
  if (name == "Stat") return subject.statistic;
  if (name == "Period") return fmt::format("{}", subject.period_s);
  if (name == "Region") return std::string(context.region);
  // Accounts have no labels here, so the label is the id.
  if (name == "AccountId" || name == "AccountLabel") return std::string(context.account);
  for (const auto& [dimension, value] : subject.dimensions) {
    if (name.substr(4) == dimension) return value;
  }
  return std::string(kNoValue);
}

// Calls `text` for what stands between and `value` for the inside of each ${…}.
template <class Text, class Value>
void split_label(std::string_view label, Text text, Value value) {
  while (!label.empty()) {
    size_t start = label.find("${");
    size_t end = start == std::string_view::npos ? start : label.find('}', start);
    if (end == std::string_view::npos) return text(label);
    text(label.substr(0, start));
    value(label.substr(start + 2, end - start - 2));
    label.remove_prefix(end + 1);
  }
}

template <class Part>
bool all_same(std::span<const LabelSubject> queries, Part part) {
  return std::ranges::all_of(
      queries, [&](const LabelSubject& one) { return part(one) == part(queries.front()); });
}

}  // namespace

std::vector<std::string> default_labels(std::span<const LabelSubject> queries) {
  std::vector<std::string> out;
  if (queries.empty()) return out;
  bool dimensions = !all_same(queries, [](const LabelSubject& q) { return q.dimensions; });
  bool statistic = !all_same(queries, [](const LabelSubject& q) { return q.statistic; });
  bool period = !all_same(queries, [](const LabelSubject& q) { return q.period_s; });
  for (const LabelSubject& query : queries) {
    std::string label = query.metric_name;
    // Different metrics tell themselves apart by their names.
    bool same_name =
        std::ranges::count_if(queries, [&](const LabelSubject& other) {
          return other.metric_name == query.metric_name && other.dimensions != query.dimensions;
        }) > 0;
    if (dimensions && same_name) {
      for (const auto& [name, value] : query.dimensions) label += " " + value;
    }
    if (statistic) label += " " + query.statistic;
    if (period) label += fmt::format(" {}", query.period_s);
    out.push_back(std::move(label));
  }
  return out;
}

std::vector<std::string> found_labels(std::span<const LabelSubject> metrics) {
  std::vector<std::string> out;
  if (metrics.empty()) return out;
  bool namespaces = !all_same(metrics, [](const LabelSubject& m) { return m.metric_namespace; });
  bool names = !all_same(metrics, [](const LabelSubject& m) { return m.metric_name; });
  std::map<std::pair<std::string, std::string>, size_t> uses;
  for (const LabelSubject& metric : metrics) {
    for (const auto& dimension : metric.dimensions) ++uses[dimension];
  }
  for (const LabelSubject& metric : metrics) {
    std::string label;
    auto add = [&](const std::string& part) { label += label.empty() ? part : " " + part; };
    if (namespaces) add(metric.metric_namespace);
    if (names) add(metric.metric_name);
    for (const auto& dimension : metric.dimensions) {
      if (uses[dimension] < metrics.size()) add(dimension.second);
    }
    out.push_back(label.empty() ? metric.metric_name : std::move(label));
  }
  return out;
}

std::expected<void, std::string> check_label(std::string_view label) {
  size_t values = 0, labels = 0;
  std::string wrong;
  split_label(
      label, [](std::string_view) {},
      [&](std::string_view value) {
        ++values;
        if (value == "LABEL") {
          ++labels;
          return;
        }
        auto property = property_of(value);
        if (property ? !known_property(*property) : find_function(value) == nullptr) {
          wrong = fmt::format("Unknown dynamic label value ${{{}}}", value);
        }
      });
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  if (labels > 1) return std::unexpected("A label may hold ${LABEL} only once");
  if (values > kDynamicValuesMax) {
    return std::unexpected(
        fmt::format("A label may hold at most {} dynamic values", kDynamicValuesMax));
  }
  return {};
}

std::string expand_label(std::string_view label, std::string_view default_label,
                         const LabelSubject& subject, const LabelSeries& series,
                         const LabelContext& context) {
  std::string out;
  split_label(
      label, [&](std::string_view text) { out += text; },
      [&](std::string_view value) {
        if (value == "LABEL") {
          out += default_label;
        } else if (auto property = property_of(value)) {
          out += property_text(*property, subject, context);
        } else if (const Function* function = find_function(value)) {
          bool empty = series.values.empty() && value != "DATAPOINT_COUNT";
          out += empty ? std::string(kNoValue) : function->text(series, context);
        }
      });
  return out;
}

std::optional<int> parse_utc_offset(std::string_view text) {
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int digits = 0;
  auto [end, error] = std::from_chars(text.data() + 1, text.data() + 5, digits);
  if (error != std::errc{} || end != text.data() + 5) return std::nullopt;
  int hours = digits / 100, minutes = digits % 100;
  if (hours > 14 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace kansoku::query::metric_data
