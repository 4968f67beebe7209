// What the parts of a picture share. Private to api/widget_image.
#pragma once

#include <span>

#include "api/widget_image/palette.h"
#include "api/widget_image/picture.h"

namespace kansoku::api::widget_image {

struct Drawing {
  const Picture& picture;
  Canvas& canvas;
  const Palette& colours;

  TextStyle style(double size_px, Colour colour, Align align = Align::Left, bool bold = false,
                  double width_max = 0) const {
    return {size_px, bold, colour, align, width_max};
  }
};

// ---- legend.cpp
// Draws the title and the legend; what is left of `area` is for the view.
Rect draw_surroundings(Drawing& drawing, Rect area);

// ---- axes.cpp
struct Scale {
  double low = 0;
  double high = 1;
  std::string unit;
  bool used = false;  // there is something on this axis
};
// The largest and smallest total of what stands on one another.
struct Extent {
  std::optional<double> low;
  std::optional<double> high;
  void add(double value);
};
struct Plot {
  Rect area;
  Scale left;
  Scale right;
  int64_t start_ms = 0;
  int64_t end_ms = 1;

  double x(int64_t at_ms) const;
  double y(double value, bool right_axis) const;
};
// Grid, ticks and labels inside `area`; gives what they leave for the lines.
Plot draw_axes(Drawing& drawing, Rect area, const Extent& left, const Extent& right);

// ---- annotations.cpp
void draw_annotation_fills(Drawing& drawing, const Plot& plot);
void draw_annotation_lines(Drawing& drawing, const Plot& plot);

// ---- the views
void draw_time_series(Drawing& drawing, Rect area);
// Part of a line that has no gap: its points, [begin, end) of the line.
struct Run {
  size_t begin = 0;
  size_t end = 0;
};
std::vector<Run> runs_of(std::span<const int64_t> times_ms, int64_t period_ms);
void draw_sparkline(Drawing& drawing, Rect area, const Line& line);
void draw_values(Drawing& drawing, Rect area);
void draw_gauges(Drawing& drawing, Rect area);
void draw_bars(Drawing& drawing, Rect area);
void draw_pie(Drawing& drawing, Rect area);
void draw_no_data(Drawing& drawing, Rect area);

}  // namespace kansoku::api::widget_image
