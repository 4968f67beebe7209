#include "api/aws/monitoring/widget.h"

#include <fmt/core.h>

#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/widget_reader.h"
#include "api/widget_image/palette.h"
#include "base/time/duration.h"
#include "base/time/iso8601.h"
#include "query/exec/resolution.h"
#include "query/metric_data/label.h"
#include "query/statistic/statistic.h"

namespace kansoku::api::aws::monitoring {
namespace {

using widget_image::LegendPosition;
using widget_image::Picture;
using widget_image::View;
using wire::Node;
using wire::Reader;

constexpr int64_t kPeriodDefaultS = 300;
constexpr int64_t kDayS = 86'400;
constexpr int64_t kWidthDefault = 600;
constexpr int64_t kHeightDefault = 400;
// 455 days are held; a little more may be asked for.
constexpr int64_t kRangeMaxMs = int64_t{500} * 86'400'000;

template <class T>
struct Word {
  std::string_view text;
  T value;
};

template <class T, size_t N>
std::optional<T> read_word(Reader& reader, std::string_view key, const Word<T> (&words)[N]) {
  auto text = reader.text(key);
  if (!text) return std::nullopt;
  std::string all;
  for (const Word<T>& word : words) {
    if (word.text == *text) return word.value;
    all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", word.text);
  }
  reader.problem(key, fmt::format("{} is not supported; there are {}", quoted(*text), all));
  return std::nullopt;
}

// "2018-04-25T12:00:00.000Z", or "-PT3H" before now.
std::optional<int64_t> read_time(Reader& reader, std::string_view key, int64_t now_ms) {
  auto text = reader.text(key);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  bool before = rest.starts_with('-');
  if (before) rest.remove_prefix(1);
  std::optional<int64_t> out;
  if (rest.starts_with('P')) {
    auto length = parse_iso_duration_ms(rest);
    // Without its sign only the present is meant: "PT0H".
    if (length && (before || *length == 0)) out = now_ms - *length;
  } else if (!before) {
    out = parse_iso8601(rest);
  }
  if (!out) {
    reader.problem(key,
                   fmt::format("{} is neither a time of ISO 8601 nor one before now like -PT3H",
                               quoted(*text)));
  }
  return out;
}

void read_range(Reader& reader, const WidgetContext& context, Picture& out) {
  auto end = read_time(reader, "end", context.now_ms);
  auto start = read_time(reader, "start", context.now_ms);
  out.end_ms = end.value_or(context.now_ms);
  out.start_ms = start.value_or(context.now_ms - 3 * 3'600'000);
  if (out.start_ms >= out.end_ms) {
    reader.problem("start", "the start must be before the end");
    out.end_ms = out.start_ms + 1;
  } else if (out.end_ms - out.start_ms > kRangeMaxMs) {
    reader.problem("start", "the range is longer than 500 days");
  }
}

// Only where the request is.
void check_place(Reader& reader, const WidgetContext& context) {
  auto region = reader.text("region");
  if (region && *region != context.region) {
    reader.problem("region", fmt::format("{} is not the region of the request, {}", quoted(*region),
                                         context.region));
  }
  auto account = reader.text("accountId");
  if (account && *account != context.account) {
    reader.problem("accountId",
                   fmt::format("{} is not an account of this server", quoted(*account)));
  }
}

std::optional<int64_t> read_period(Reader& reader) {
  auto period = reader.integer("period", 1, kDayS * 365);
  if (period && !query::is_period(*period)) {
    reader.problem("period", "must be 1, 5, 10, 20, 30 or a multiple of 60");
    return std::nullopt;
  }
  return period;
}

std::optional<std::string> read_stat(Reader& reader) {
  auto stat = reader.text("stat");
  if (stat && !query::parse_statistic(*stat)) {
    reader.problem("stat", fmt::format("{} is no statistic", quoted(*stat)));
    return std::nullopt;
  }
  return stat;
}

// What all rows share unless they say otherwise.
struct Defaults {
  std::string stat = "Average";
  std::optional<int64_t> period_s;
};

// Finer periods than are held for so long a time show nothing; without a wish for one the finest
// that is held is taken.
int64_t period_for(std::optional<int64_t> wanted_s, int64_t start_ms, int64_t now_ms) {
  if (wanted_s) return *wanted_s;
  return query::period_available((now_ms - start_ms) / 1000, kPeriodDefaultS) ? kPeriodDefaultS
                                                                              : 3'600;
}

class RowsReader {
 public:
  RowsReader(const WidgetContext& context, const Defaults& defaults, Widget& widget,
             std::vector<wire::Problem>& problems)
      : context_(context), defaults_(defaults), widget_(widget), problems_(problems) {}

  void read(const Node& list) {
    if (list.kind != Node::Kind::Sequence || list.items.empty()) {
      return problem("/metrics", "must be a list of at least one metric");
    }
    if (list.items.size() > kWidgetRowsMax) {
      return problem("/metrics",
                     fmt::format("{} metrics, limit {}", list.items.size(), kWidgetRowsMax));
    }
    for (size_t i = 0; i < list.items.size(); ++i) {
      row(list.items[i], fmt::format("/metrics/{}", i));
    }
    name_rows();
  }

 private:
  void problem(std::string pointer, std::string message) {
    problems_.push_back({"MetricWidget", {}, std::move(pointer), std::move(message)});
  }

  void row(const Node& node, const std::string& pointer) {
    if (node.kind != Node::Kind::Sequence || node.items.empty()) {
      return problem(pointer, "must be a list: namespace, metric, dimensions, options");
    }
    WidgetRow out;
    out.stat = defaults_.stat;
    std::optional<int64_t> period_s = defaults_.period_s;
    size_t parts = node.items.size();
    const Node& last = node.items.back();
    if (last.kind == Node::Kind::Mapping) {
      --parts;
      options(last, fmt::format("{}/{}", pointer, parts), out, period_s);
    }
    out.period_s = period_for(period_s, widget_.picture.start_ms, context_.now_ms);
    if (!out.expression.empty()) {
      if (parts > 0) return problem(pointer, "an expression stands alone, without a metric");
    } else if (!metric(node, parts, pointer, out)) {
      return;
    }
    widget_.rows.push_back(std::move(out));
  }

  void options(const Node& node, const std::string& pointer, WidgetRow& out,
               std::optional<int64_t>& period_s) {
    Reader reader(node, "MetricWidget", pointer, problems_);
    if (auto text = reader.text("expression")) {
      out.expression = *text;
      if (text->empty()) reader.problem("expression", "is empty");
    }
    if (auto text = reader.text("id")) out.id = *text;
    out.label = reader.text("label");
    if (out.label) {
      if (auto good = query::metric_data::check_label(*out.label); !good)
        reader.problem("label", good.error());
    }
    if (auto stat = read_stat(reader)) out.stat = *stat;
    if (auto period = read_period(reader)) period_s = period;
    if (auto text = reader.text("color")) {
      out.colour = widget_image::parse_colour(*text);
      if (!out.colour)
        reader.problem("color", fmt::format("{} is not like #1f77b4", quoted(*text)));
    }
    out.visible = reader.boolean("visible").value_or(true);
    constexpr Word<bool> kSides[] = {{"left", false}, {"right", true}};
    out.right_axis = read_word(reader, "yAxis", kSides).value_or(false);
    check_place(reader, context_);
    reader.finish();
  }

  // Texts, "." for the one of the row before, "..." for its beginning.
  bool metric(const Node& node, size_t parts, const std::string& pointer, WidgetRow& out) {
    std::vector<std::string> texts;
    for (size_t i = 0; i < parts; ++i) {
      const Node& item = node.items[i];
      if (item.kind != Node::Kind::Scalar) {
        problem(fmt::format("{}/{}", pointer, i), "must be text");
        return false;
      }
      if (item.scalar == "...") {
        size_t rest = parts - i - 1;
        if (texts.size() + rest > before_.size()) {
          problem(fmt::format("{}/{}", pointer, i), "there is no longer row before to repeat");
          return false;
        }
        for (size_t j = texts.size(); j + rest < before_.size(); ++j) texts.push_back(before_[j]);
      } else if (item.scalar == ".") {
        if (texts.size() >= before_.size()) {
          problem(fmt::format("{}/{}", pointer, i), "the row before has nothing here to repeat");
          return false;
        }
        texts.push_back(before_[texts.size()]);
      } else {
        texts.push_back(item.scalar);
      }
    }
    if (texts.size() < 2 || texts.size() % 2 != 0) {
      problem(pointer, "must be a namespace, a metric and pairs of dimension and value");
      return false;
    }
    before_ = texts;
    out.metric.metric_namespace = texts[0];
    out.metric.metric_name = texts[1];
    for (size_t i = 2; i < texts.size(); i += 2) {
      out.metric.dimensions.emplace_back(texts[i], texts[i + 1]);
    }
    std::ranges::sort(out.metric.dimensions);
    return true;
  }

  // "m1" and "e1" like the console's, where no other row has that id.
  void name_rows() {
    std::set<std::string, std::less<>> taken;
    for (const WidgetRow& one : widget_.rows) {
      if (!one.id.empty() && !taken.insert(one.id).second) {
        problem("/metrics", fmt::format("two rows have the id {}", quoted(one.id)));
      }
    }
    size_t number = 0;
    for (WidgetRow& one : widget_.rows) {
      while (one.id.empty()) {
        std::string id = fmt::format("{}{}", one.expression.empty() ? 'm' : 'e', ++number);
        if (taken.insert(id).second) one.id = std::move(id);
      }
    }
  }

  const WidgetContext& context_;
  const Defaults& defaults_;
  Widget& widget_;
  std::vector<wire::Problem>& problems_;
  std::vector<std::string> before_;  // the row before, with its repetitions filled in
};

void read_look(Reader& reader, Widget& widget) {
  Picture& out = widget.picture;
  out.width =
      static_cast<int>(reader.integer("width", 1, widget_image::kSideMax).value_or(kWidthDefault));
  out.height = static_cast<int>(
      reader.integer("height", 1, widget_image::kSideMax).value_or(kHeightDefault));
  out.title = reader.text("title").value_or("");
  constexpr Word<bool> kThemes[] = {{"light", false}, {"dark", true}};
  out.dark = read_word(reader, "theme", kThemes).value_or(false);
  constexpr Word<View> kViews[] = {{"timeSeries", View::TimeSeries},
                                   {"singleValue", View::SingleValue},
                                   {"gauge", View::Gauge},
                                   {"bar", View::Bar},
                                   {"pie", View::Pie}};
  out.view = read_word(reader, "view", kViews).value_or(View::TimeSeries);
  out.stacked = reader.boolean("stacked").value_or(false);
  out.sparkline = reader.boolean("sparkline").value_or(false);
  out.full_precision = reader.boolean("singleValueFullPrecision").value_or(false);
  widget.set_period_to_time_range = reader.boolean("setPeriodToTimeRange").value_or(false);
  // Data are answered as soon as they are here, so there is nothing to wait for.
  (void)reader.boolean("liveData");
  if (auto zone = reader.text("timezone")) {
    auto offset =
        *zone == "UTC" ? std::optional<int>(0) : query::metric_data::parse_utc_offset(*zone);
    if (!offset) reader.problem("timezone", fmt::format("{} is not like +0130", quoted(*zone)));
    out.offset_minutes = offset.value_or(0);
  }
}

void check_view(Reader& reader, const Widget& widget) {
  const Picture& picture = widget.picture;
  if (picture.view == View::Gauge && (!picture.left.min || !picture.left.max)) {
    reader.problem("yAxis", "a gauge needs left.min and left.max");
  }
  if (!widget.set_period_to_time_range) return;
  if (picture.view == View::TimeSeries) {
    reader.problem("setPeriodToTimeRange", "is not supported in the view timeSeries");
  }
  for (const WidgetRow& row : widget.rows) {
    constexpr std::array<std::string_view, 5> kStats{"Average", "Sum", "Minimum", "Maximum",
                                                     "SampleCount"};
    if (!row.expression.empty() ||
        std::ranges::find(kStats, std::string_view(row.stat)) == kStats.end()) {
      reader.problem("setPeriodToTimeRange",
                     fmt::format("is not supported with {}",
                                 row.expression.empty() ? row.stat : "expressions"));
      return;
    }
  }
}

}  // namespace

std::expected<Widget, AwsError> parse_widget(std::string_view json, const WidgetContext& context) {
  auto refuse = [](std::string message) {
    return std::unexpected(
        invalid_parameter_value("The parameter MetricWidget is invalid: " + std::move(message)));
  };
  if (json.size() > kWidgetBytesMax) {
    return refuse(fmt::format("{} bytes, limit {}", json.size(), kWidgetBytesMax));
  }
  auto root = wire::parse_json(json);
  if (!root) return refuse(root.error().message);
  if (root->kind != Node::Kind::Mapping) return refuse("it is not a JSON object");
  std::vector<wire::Problem> problems;
  Reader reader(*root, "MetricWidget", "", problems);
  Widget widget;
  read_range(reader, context, widget.picture);
  read_look(reader, widget);
  check_place(reader, context);
  Defaults defaults;
  defaults.period_s = read_period(reader);
  if (auto stat = read_stat(reader)) defaults.stat = *stat;
  read_axes(reader, problems, widget.picture);
  read_legend(reader, problems, widget.picture);
  read_annotations(reader, problems, widget.picture);
  if (const Node* metrics = reader.any("metrics")) {
    RowsReader(context, defaults, widget, problems).read(*metrics);
  } else {
    reader.problem("metrics", "is required");
  }
  check_view(reader, widget);
  reader.finish();
  if (!problems.empty()) {
    return refuse(fmt::format("{}: {}", problems[0].pointer, problems[0].message));
  }
  return widget;
}

}  // namespace kansoku::api::aws::monitoring
