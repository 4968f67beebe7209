// Lines and shades that say what a value or a time means.
#include <cmath>

#include "api/widget_image/drawing.h"

namespace kansoku::api::widget_image {
namespace {

constexpr double kShade = 0.13;
constexpr double kTextSize = 10.5;

Colour colour_of(Drawing& drawing, const std::optional<Colour>& wanted) {
  return wanted.value_or(drawing.colours.warn);
}

// On a plate of the ground's colour, so that lines behind it do not cross the letters.
void draw_label(Drawing& drawing, double x, double y, std::string_view text, Colour colour,
                Align align, double width_max) {
  if (text.empty() || width_max < 20) return;
  TextStyle style = drawing.style(kTextSize, colour, align, false, width_max);
  double width = std::min(drawing.canvas.text_width(text, style), width_max);
  double left = align == Align::Right ? x - width : x;
  drawing.canvas.fill_round_rect({left - 3, y - 7, width + 6, 14}, 3,
                                 drawing.colours.panel.with_alpha(0.8));
  drawing.canvas.text(x, y, text, style);
}

double clamp_x(const Plot& plot, int64_t at_ms) {
  return std::clamp(plot.x(at_ms), plot.area.x, plot.area.right());
}
double clamp_y(const Plot& plot, double value, bool right_axis) {
  return std::clamp(plot.y(value, right_axis), plot.area.y, plot.area.bottom());
}

void shade_value(Drawing& drawing, const Plot& plot, const HorizontalMark& mark) {
  double top = plot.area.y;
  double bottom = plot.area.bottom();
  double y = clamp_y(plot, mark.value, mark.right_axis);
  if (mark.until) {
    double other = clamp_y(plot, *mark.until, mark.right_axis);
    double high = std::min(y, other);
    double low = std::max(y, other);
    if (mark.fill == Fill::None) return;
    // Above and below shade what lies outside of the band.
    if (mark.fill == Fill::Above) {
      bottom = high;
    } else if (mark.fill == Fill::Below) {
      top = low;
    } else {
      top = high;
      bottom = low;
    }
  } else if (mark.fill == Fill::Above) {
    bottom = y;
  } else if (mark.fill == Fill::Below) {
    top = y;
  } else {
    return;
  }
  drawing.canvas.fill_rect({plot.area.x, top, plot.area.width, bottom - top},
                           colour_of(drawing, mark.colour).with_alpha(kShade));
}

void shade_time(Drawing& drawing, const Plot& plot, const VerticalMark& mark) {
  double left = plot.area.x;
  double right = plot.area.right();
  double x = clamp_x(plot, mark.at_ms);
  if (mark.until_ms) {
    if (mark.fill == Fill::None) return;
    left = x;
    right = std::max(x, clamp_x(plot, *mark.until_ms));
  } else if (mark.fill == Fill::Before) {
    right = x;
  } else if (mark.fill == Fill::After) {
    left = x;
  } else {
    return;
  }
  drawing.canvas.fill_rect({left, plot.area.y, right - left, plot.area.height},
                           colour_of(drawing, mark.colour).with_alpha(kShade));
}

void draw_value_line(Drawing& drawing, const Plot& plot, double value, bool right_axis,
                     std::string_view label, Colour colour) {
  double y = plot.y(value, right_axis);
  if (y < plot.area.y - 0.5 || y > plot.area.bottom() + 0.5) return;
  y = std::round(y) + 0.5;
  drawing.canvas.line(plot.area.x, y, plot.area.right(), y, {1.25, colour, 0});
  double above = y - 9 < plot.area.y ? y + 9 : y - 9;
  draw_label(drawing, plot.area.right() - 6, above, label, colour, Align::Right,
             plot.area.width - 12);
}

void draw_time_line(Drawing& drawing, const Plot& plot, int64_t at_ms, std::string_view label,
                    Colour colour, size_t number) {
  if (at_ms < plot.start_ms || at_ms > plot.end_ms) return;
  double x = std::round(plot.x(at_ms)) + 0.5;
  drawing.canvas.line(x, plot.area.y, x, plot.area.bottom(), {1.25, colour, 4});
  // Neighbours write at different heights.
  double y = plot.area.y + 9 + 15 * static_cast<double>(number % 3);
  double space = plot.area.right() - x - 10;
  bool to_the_left = space < 60 && x - plot.area.x > space;
  if (to_the_left) {
    draw_label(drawing, x - 6, y, label, colour, Align::Right, x - plot.area.x - 10);
  } else {
    draw_label(drawing, x + 6, y, label, colour, Align::Left, space);
  }
}

}  // namespace

void draw_annotation_fills(Drawing& drawing, const Plot& plot) {
  for (const HorizontalMark& mark : drawing.picture.horizontal) shade_value(drawing, plot, mark);
  for (const VerticalMark& mark : drawing.picture.vertical) shade_time(drawing, plot, mark);
}

void draw_annotation_lines(Drawing& drawing, const Plot& plot) {
  for (const HorizontalMark& mark : drawing.picture.horizontal) {
    Colour colour = colour_of(drawing, mark.colour);
    draw_value_line(drawing, plot, mark.value, mark.right_axis, mark.label, colour);
    if (mark.until) {
      draw_value_line(drawing, plot, *mark.until, mark.right_axis, mark.until_label, colour);
    }
  }
  size_t number = 0;
  for (const VerticalMark& mark : drawing.picture.vertical) {
    Colour colour = mark.colour.value_or(drawing.colours.soft);
    draw_time_line(drawing, plot, mark.at_ms, mark.label, colour, number++);
    if (mark.until_ms) {
      draw_time_line(drawing, plot, *mark.until_ms, mark.until_label, colour, number++);
    }
  }
}

}  // namespace kansoku::api::widget_image
