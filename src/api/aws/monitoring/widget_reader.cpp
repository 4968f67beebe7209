#include "api/aws/monitoring/widget_reader.h"

#include <fmt/core.h>

#include <cmath>

#include "api/widget_image/palette.h"
#include "base/time/iso8601.h"

namespace kansoku::api::aws::monitoring {
namespace {

using widget_image::Axis;
using widget_image::Fill;
using widget_image::HorizontalMark;
using widget_image::Picture;
using widget_image::VerticalMark;
using wire::Node;
using wire::Problem;
using wire::Reader;

constexpr std::string_view kFile = "MetricWidget";
// More lines than this hide the graph.
constexpr size_t kMarksMax = 100;

std::optional<double> read_number(Reader& reader, std::string_view key) {
  const Node* node = reader.any(key);
  if (node == nullptr) return std::nullopt;
  double value = 0;
  const std::string& text = node->scalar;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
  if (node->kind != Node::Kind::Scalar || node->quoted || !whole) {
    reader.problem(key, "must be a number");
    return std::nullopt;
  }
  return value;
}

void read_axis(Reader& sides, std::string_view side, std::vector<Problem>& problems, Axis& out) {
  const Node* node = sides.mapping(side);
  if (node == nullptr) return;
  Reader reader(*node, std::string(kFile), sides.pointer_of(side), problems);
  out.min = read_number(reader, "min");
  out.max = read_number(reader, "max");
  if (out.min && out.max && *out.min >= *out.max) {
    reader.problem("min", "must be less than max");
  }
  out.label = reader.text("label").value_or("");
  out.show_units = reader.boolean("showUnits").value_or(true);
  reader.finish();
}

// What annotations of both kinds have.
struct Mark {
  std::string label;
  std::optional<widget_image::Colour> colour;
  std::optional<Fill> fill;
  bool visible = true;
};

Mark read_mark(Reader& reader, bool horizontal) {
  Mark out;
  out.label = reader.text("label").value_or("");
  out.visible = reader.boolean("visible").value_or(true);
  if (auto text = reader.text("color")) {
    out.colour = widget_image::parse_colour(*text);
    if (!out.colour) reader.problem("color", fmt::format("{} is not like #1f77b4", quoted(*text)));
  }
  if (auto text = reader.text("fill")) {
    struct Word {
      std::string_view text;
      Fill fill;
      bool horizontal;
      bool vertical;
    };
    constexpr Word kWords[] = {
        {"none", Fill::None, true, true},      {"between", Fill::Between, true, true},
        {"above", Fill::Above, true, false},   {"below", Fill::Below, true, false},
        {"before", Fill::Before, false, true}, {"after", Fill::After, false, true}};
    for (const Word& word : kWords) {
      if (word.text == *text && (horizontal ? word.horizontal : word.vertical)) {
        out.fill = word.fill;
      }
    }
    if (!out.fill) {
      reader.problem("fill", fmt::format("{} is not supported here", quoted(*text)));
    }
  }
  return out;
}

class AnnotationsReader {
 public:
  AnnotationsReader(std::vector<Problem>& problems, Picture& out)
      : problems_(problems), out_(out) {}

  void read(const Node& list, const std::string& pointer, bool horizontal) {
    if (list.kind != Node::Kind::Sequence || list.items.size() > kMarksMax) {
      problems_.push_back({std::string(kFile), list.at, pointer,
                           fmt::format("must be a list of at most {}", kMarksMax)});
      return;
    }
    for (size_t i = 0; i < list.items.size(); ++i) {
      std::string at = fmt::format("{}/{}", pointer, i);
      const Node& item = list.items[i];
      if (item.kind == Node::Kind::Sequence && item.items.size() == 2) {
        // A band: the second one's own options do not count but for its value and label.
        one(item.items[0], at + "/0", &item.items[1], at + "/1", horizontal);
      } else {
        one(item, at, nullptr, {}, horizontal);
      }
    }
  }

 private:
  void one(const Node& node, const std::string& at, const Node* other, const std::string& other_at,
           bool horizontal) {
    Reader reader(node, std::string(kFile), at, problems_);
    Mark mark = read_mark(reader, horizontal);
    if (horizontal) {
      HorizontalMark out;
      out.value = value(reader);
      if (auto side = reader.text("yAxis")) {
        out.right_axis = *side == "right";
        if (*side != "right" && *side != "left") reader.problem("yAxis", "must be left or right");
      }
      if (other != nullptr) {
        Reader second(*other, std::string(kFile), other_at, problems_);
        Mark end = read_mark(second, horizontal);
        out.until = value(second);
        out.until_label = end.label;
        (void)second.text("yAxis");
        second.finish();
      }
      out.label = mark.label;
      out.colour = mark.colour;
      out.fill = mark.fill.value_or(other != nullptr ? Fill::Between : Fill::None);
      if (mark.visible) out_.horizontal.push_back(std::move(out));
    } else {
      VerticalMark out;
      out.at_ms = time(reader);
      if (other != nullptr) {
        Reader second(*other, std::string(kFile), other_at, problems_);
        Mark end = read_mark(second, horizontal);
        out.until_ms = time(second);
        out.until_label = end.label;
        second.finish();
      }
      out.label = mark.label;
      out.colour = mark.colour;
      out.fill = mark.fill.value_or(other != nullptr ? Fill::Between : Fill::None);
      if (mark.visible) out_.vertical.push_back(std::move(out));
    }
    reader.finish();
  }

  static double value(Reader& reader) {
    auto number = read_number(reader, "value");
    if (!number && reader.any("value") == nullptr) reader.problem("value", "is required");
    return number.value_or(0);
  }
  static int64_t time(Reader& reader) {
    auto text = reader.text("value");
    auto at = text ? parse_iso8601(*text) : std::nullopt;
    if (!at) reader.problem("value", "must be a time of ISO 8601");
    return at.value_or(0);
  }

  std::vector<Problem>& problems_;
  Picture& out_;
};

}  // namespace

void read_axes(Reader& widget, std::vector<Problem>& problems, Picture& out) {
  const Node* node = widget.mapping("yAxis");
  if (node == nullptr) return;
  Reader sides(*node, std::string(kFile), widget.pointer_of("yAxis"), problems);
  read_axis(sides, "left", problems, out.left);
  read_axis(sides, "right", problems, out.right);
  sides.finish();
}

void read_legend(Reader& widget, std::vector<Problem>& problems, Picture& out) {
  using widget_image::LegendPosition;
  const Node* node = widget.mapping("legend");
  if (node == nullptr) return;
  Reader reader(*node, std::string(kFile), widget.pointer_of("legend"), problems);
  if (auto text = reader.text("position")) {
    if (*text == "right") {
      out.legend = LegendPosition::Right;
    } else if (*text == "hidden") {
      out.legend = LegendPosition::Hidden;
    } else if (*text != "bottom") {
      reader.problem("position", fmt::format("{} is not bottom, right or hidden", quoted(*text)));
    }
  }
  reader.finish();
}

void read_annotations(Reader& widget, std::vector<Problem>& problems, Picture& out) {
  const Node* node = widget.mapping("annotations");
  if (node == nullptr) return;
  std::string pointer = widget.pointer_of("annotations");
  Reader reader(*node, std::string(kFile), pointer, problems);
  AnnotationsReader annotations(problems, out);
  for (auto [key, horizontal] : {std::pair{"horizontal", true}, {"vertical", false}}) {
    if (const Node* list = reader.any(key)) {
      annotations.read(*list, reader.pointer_of(key), horizontal);
    }
  }
  if (reader.any("alarms") != nullptr) {
    reader.problem("alarms", "is not supported: there are no alarms yet");
  }
  reader.finish();
}

}  // namespace kansoku::api::aws::monitoring
