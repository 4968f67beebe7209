// Scales, the grid, and the numbers and times beside it.
#include <cmath>

#include "api/widget_image/drawing.h"
#include "api/widget_image/format.h"

namespace kansoku::api::widget_image {
namespace {

constexpr double kTextSize = 11;
constexpr double kGap = 7;          // between numbers and the grid
constexpr double kLabelWidth = 18;  // of an axis label that stands upright
constexpr double kTimeHeight = 22;
constexpr double kValueSpace = 36;  // pixels a tick
constexpr double kTimeSpace = 74;
constexpr double kEdge = 20;
// Smaller plots have no text around them.
constexpr double kSideMin = 60;

std::string_view unit_of(const Picture& picture, bool right_axis) {
  for (const Line& line : picture.lines) {
    if (line.right_axis == right_axis && !line.unit.empty() && line.unit != "None") {
      return line.unit;
    }
  }
  return {};
}

// As the console scales: from 0, with some air above; percentages end at 100.
Scale make_scale(const Axis& axis, Extent extent, std::string_view unit) {
  Scale out;
  out.used = extent.low.has_value();
  if (axis.show_units) out.unit = unit;
  double low = extent.low.value_or(0);
  double high = extent.high.value_or(1);
  out.low = low >= 0 ? 0 : low * 1.1;
  out.high = high <= 0 ? (low < 0 ? 0 : 1) : high * 1.12;
  if (unit == "Percent" && low >= 0 && high <= 100) {
    out.high = std::min(100.0, std::max(out.high, 2.0));
  }
  if (axis.min) out.low = *axis.min;
  if (axis.max) out.high = *axis.max;
  if (!(out.high > out.low)) out.high = out.low + 1;
  return out;
}

struct ValueTick {
  double value = 0;
  std::string text;
};

std::vector<ValueTick> ticks_of(const Scale& scale, double height) {
  std::vector<ValueTick> out;
  auto count = static_cast<size_t>(std::max(2.0, height / kValueSpace + 1));
  double slack = (scale.high - scale.low) * 1e-9;
  for (double tick : value_ticks(scale.low, scale.high, count, scale.unit)) {
    if (tick < scale.low - slack || tick > scale.high + slack) continue;
    out.push_back({tick, format_value(tick, scale.unit)});
  }
  return out;
}

double widest(Drawing& drawing, const std::vector<ValueTick>& ticks) {
  double out = 20;
  TextStyle style = drawing.style(kTextSize, drawing.colours.soft);
  for (const ValueTick& tick : ticks) {
    out = std::max(out, drawing.canvas.text_width(tick.text, style));
  }
  return out;
}

void draw_values(Drawing& drawing, const Plot& plot, const std::vector<ValueTick>& ticks,
                 bool right_axis, bool grid) {
  Canvas& canvas = drawing.canvas;
  for (const ValueTick& tick : ticks) {
    double y = std::round(plot.y(tick.value, right_axis)) + 0.5;
    if (grid) {
      canvas.line(plot.area.x, y, plot.area.right(), y, {1, drawing.colours.grid, 0});
    }
    double x = right_axis ? plot.area.right() + kGap : plot.area.x - kGap;
    canvas.text(
        x, y, tick.text,
        drawing.style(kTextSize, drawing.colours.soft, right_axis ? Align::Left : Align::Right));
  }
}

void draw_times(Drawing& drawing, const Plot& plot) {
  Canvas& canvas = drawing.canvas;
  auto count = static_cast<size_t>(std::max(1.0, plot.area.width / kTimeSpace));
  TextStyle style = drawing.style(kTextSize, drawing.colours.soft, Align::Centre);
  for (const TimeTick& tick :
       time_ticks(plot.start_ms, plot.end_ms, count, drawing.picture.offset_minutes)) {
    double x = std::round(plot.x(tick.at_ms)) + 0.5;
    canvas.line(x, plot.area.y, x, plot.area.bottom(), {1, drawing.colours.grid, 0});
    double half = canvas.text_width(tick.text, style) / 2;
    // A label that would stick out at an edge is left out rather than cut.
    if (x + half > drawing.picture.width - 2 || x - half < 2) continue;
    canvas.text(x, plot.area.bottom() + kTimeHeight / 2 + 1, tick.text, style);
  }
}

}  // namespace

void Extent::add(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low.value_or(value), value);
  high = std::max(high.value_or(value), value);
}

double Plot::x(int64_t at_ms) const {
  double share = static_cast<double>(at_ms - start_ms) /
                 static_cast<double>(std::max<int64_t>(end_ms - start_ms, 1));
  return area.x + share * area.width;
}

double Plot::y(double value, bool right_axis) const {
  const Scale& scale = right_axis ? right : left;
  return area.bottom() - (value - scale.low) / (scale.high - scale.low) * area.height;
}

Plot draw_axes(Drawing& drawing, Rect area, const Extent& left, const Extent& right) {
  const Picture& picture = drawing.picture;
  Plot plot;
  plot.start_ms = picture.start_ms;
  plot.end_ms = picture.end_ms;
  plot.left = make_scale(picture.left, left, unit_of(picture, false));
  plot.right = make_scale(picture.right, right, unit_of(picture, true));
  plot.area = area;
  if (area.width < kSideMin || area.height < kSideMin) return plot;
  plot.area.y += 10;
  plot.area.height -= 10 + kTimeHeight;
  bool both = plot.right.used;
  bool left_shown = plot.left.used || !both;
  auto left_ticks = ticks_of(plot.left, plot.area.height);
  auto right_ticks = ticks_of(plot.right, plot.area.height);
  double left_margin = left_shown ? widest(drawing, left_ticks) + kGap + 8 : kEdge;
  double right_margin = both ? widest(drawing, right_ticks) + kGap + 8 : kEdge;
  if (!picture.left.label.empty()) left_margin += kLabelWidth;
  if (both && !picture.right.label.empty()) right_margin += kLabelWidth;
  if (left_margin + right_margin > area.width * 0.7) {
    plot.area.x += 4;
    plot.area.width -= 8;
    return plot;
  }
  plot.area.x += left_margin;
  plot.area.width -= left_margin + right_margin;
  draw_times(drawing, plot);
  if (left_shown) draw_values(drawing, plot, left_ticks, false, true);
  if (both) draw_values(drawing, plot, right_ticks, true, !left_shown);
  TextStyle label =
      drawing.style(kTextSize, drawing.colours.soft, Align::Centre, false, plot.area.height);
  double middle = plot.area.y + plot.area.height / 2;
  if (!picture.left.label.empty()) {
    drawing.canvas.text_upwards(area.x + 13, middle, picture.left.label, label);
  }
  if (both && !picture.right.label.empty()) {
    drawing.canvas.text_upwards(area.right() - 13, middle, picture.right.label, label);
  }
  return plot;
}

}  // namespace kansoku::api::widget_image
