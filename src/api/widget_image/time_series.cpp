// Lines, stacks and bands over time. A gap in the data is a gap in the line.
#include <algorithm>
#include <cmath>
#include <map>

#include "api/widget_image/drawing.h"

namespace kansoku::api::widget_image {
namespace {

constexpr double kLineWidth = 1.6;
constexpr double kAreaAlpha = 0.1;
constexpr double kBandAlpha = 0.17;
constexpr double kDot = 2.2;

struct Point {
  double x = 0;
  double y = 0;
};

// More points than columns of pixels: the first, the lowest, the highest and the last of each.
std::vector<Point> reduce(const std::vector<Point>& points, double width) {
  if (static_cast<double>(points.size()) <= 4 * width) return points;
  std::vector<Point> out;
  for (size_t begin = 0; begin < points.size();) {
    size_t end = begin;
    size_t low = begin;
    size_t high = begin;
    double column = std::floor(points[begin].x);
    for (; end < points.size() && std::floor(points[end].x) == column; ++end) {
      if (points[end].y < points[low].y) low = end;
      if (points[end].y > points[high].y) high = end;
    }
    std::array<size_t, 4> kept{begin, low, high, end - 1};
    std::ranges::sort(kept);
    for (size_t i = 0; i < kept.size(); ++i) {
      if (i == 0 || kept[i] != kept[i - 1]) out.push_back(points[kept[i]]);
    }
    begin = end;
  }
  return out;
}

void trace(Canvas& canvas, const std::vector<Point>& points) {
  canvas.move_to(points.front().x, points.front().y);
  for (size_t i = 1; i < points.size(); ++i) canvas.line_to(points[i].x, points[i].y);
}

// Between two lines of the same columns.
void fill_between(Canvas& canvas, const std::vector<Point>& upper, const std::vector<Point>& lower,
                  Colour colour) {
  trace(canvas, upper);
  for (size_t i = lower.size(); i-- > 0;) canvas.line_to(lower[i].x, lower[i].y);
  canvas.close();
  canvas.fill(colour);
}

std::vector<Point> points_of(const Plot& plot, std::span<const int64_t> times,
                             std::span<const double> values, Run run, bool right_axis) {
  std::vector<Point> out;
  for (size_t i = run.begin; i < run.end; ++i) {
    out.push_back({plot.x(times[i]), plot.y(values[i], right_axis)});
  }
  return out;
}

void draw_line(Drawing& drawing, const Plot& plot, const Line& line, bool filled) {
  Canvas& canvas = drawing.canvas;
  for (Run run : runs_of(line.times_ms, line.period_ms)) {
    auto points = points_of(plot, line.times_ms, line.values, run, line.right_axis);
    if (points.size() == 1) {
      // A point without neighbours makes no line: it would not be seen.
      canvas.arc(points[0].x, points[0].y, kDot, 0, 6.2832);
      canvas.fill(line.colour);
      continue;
    }
    points = reduce(points, plot.area.width);
    if (filled) {
      double floor = std::clamp(plot.y(0, line.right_axis), plot.area.y, plot.area.bottom());
      trace(canvas, points);
      canvas.line_to(points.back().x, floor);
      canvas.line_to(points.front().x, floor);
      canvas.close();
      canvas.fill(line.colour.with_alpha(kAreaAlpha));
    }
    trace(canvas, points);
    canvas.stroke({kLineWidth, line.colour, 0});
  }
}

void draw_band(Drawing& drawing, const Plot& plot, const NormalBand& band) {
  for (Run run : runs_of(band.times_ms, band.period_ms)) {
    auto upper = points_of(plot, band.times_ms, band.upper, run, band.right_axis);
    auto lower = points_of(plot, band.times_ms, band.lower, run, band.right_axis);
    if (upper.size() < 2) continue;
    fill_between(drawing.canvas, upper, lower, band.colour.with_alpha(kBandAlpha));
    for (const auto& edge : {upper, lower}) {
      trace(drawing.canvas, reduce(edge, plot.area.width));
      drawing.canvas.stroke({0.75, band.colour.with_alpha(0.4), 0});
    }
  }
}

// Where the line leaves what is normal.
void draw_outside(Drawing& drawing, const Plot& plot, const NormalBand& band, const Line& line) {
  std::vector<bool> outside(line.times_ms.size(), false);
  size_t at = 0;
  for (size_t i = 0; i < line.times_ms.size(); ++i) {
    while (at < band.times_ms.size() && band.times_ms[at] < line.times_ms[i]) ++at;
    if (at == band.times_ms.size() || band.times_ms[at] != line.times_ms[i]) continue;
    outside[i] = line.values[i] > band.upper[at] || line.values[i] < band.lower[at];
  }
  Canvas& canvas = drawing.canvas;
  for (Run run : runs_of(line.times_ms, line.period_ms)) {
    bool open = false;
    for (size_t i = run.begin; i + 1 < run.end; ++i) {
      if (!outside[i] && !outside[i + 1]) {
        if (open) canvas.stroke({kLineWidth + 0.4, drawing.colours.bad, 0});
        open = false;
        continue;
      }
      double x = plot.x(line.times_ms[i]);
      if (!open) canvas.move_to(x, plot.y(line.values[i], line.right_axis));
      canvas.line_to(plot.x(line.times_ms[i + 1]), plot.y(line.values[i + 1], line.right_axis));
      open = true;
    }
    if (open) canvas.stroke({kLineWidth + 0.4, drawing.colours.bad, 0});
    if (run.end == run.begin + 1 && outside[run.begin]) {
      canvas.arc(plot.x(line.times_ms[run.begin]), plot.y(line.values[run.begin], line.right_axis),
                 kDot, 0, 6.2832);
      canvas.fill(drawing.colours.bad);
    }
  }
}

// Lines of one axis that stand on one another: by line, the values below and with it. A line
// without a point at a time that others have counts as 0 there.
struct Stack {
  std::vector<int64_t> times_ms;
  int64_t period_ms = 1;
  std::vector<size_t> lines;
  std::vector<std::vector<double>> tops;  // by line of the stack
};

Stack stack_of(const Picture& picture, bool right_axis) {
  Stack out;
  std::map<int64_t, size_t> columns;
  for (size_t i = 0; i < picture.lines.size(); ++i) {
    const Line& line = picture.lines[i];
    if (line.right_axis != right_axis) continue;
    out.lines.push_back(i);
    out.period_ms = std::max(out.period_ms, line.period_ms);
    for (int64_t at : line.times_ms) columns.emplace(at, 0);
  }
  for (auto& [at, column] : columns) {
    column = out.times_ms.size();
    out.times_ms.push_back(at);
  }
  std::vector<double> sum(out.times_ms.size(), 0);
  for (size_t line : out.lines) {
    const Line& one = picture.lines[line];
    for (size_t i = 0; i < one.times_ms.size(); ++i) sum[columns[one.times_ms[i]]] += one.values[i];
    out.tops.push_back(sum);
  }
  return out;
}

void draw_stack(Drawing& drawing, const Plot& plot, const Stack& stack, bool right_axis) {
  std::vector<double> ground(stack.times_ms.size(), 0);
  for (size_t i = 0; i < stack.lines.size(); ++i) {
    Colour colour = drawing.picture.lines[stack.lines[i]].colour;
    const std::vector<double>& below = i == 0 ? ground : stack.tops[i - 1];
    for (Run run : runs_of(stack.times_ms, stack.period_ms)) {
      auto upper = points_of(plot, stack.times_ms, stack.tops[i], run, right_axis);
      auto lower = points_of(plot, stack.times_ms, below, run, right_axis);
      if (upper.size() == 1) {
        upper.push_back({upper[0].x + 2, upper[0].y});
        lower.push_back({lower[0].x + 2, lower[0].y});
      }
      fill_between(drawing.canvas, upper, lower, colour.with_alpha(drawing.colours.stack_alpha));
      trace(drawing.canvas, reduce(upper, plot.area.width));
      drawing.canvas.stroke({1.2, colour, 0});
    }
  }
}

Extent extent_of(const Picture& picture, const Stack& stack, bool right_axis) {
  Extent out;
  for (const Line& line : picture.lines) {
    if (line.right_axis != right_axis) continue;
    for (double value : line.values) {
      if (!picture.stacked) out.add(value);
    }
  }
  for (const auto& tops : stack.tops) {
    for (double value : tops) out.add(value);
  }
  for (const NormalBand& band : picture.bands) {
    if (band.right_axis != right_axis) continue;
    for (double value : band.upper) out.add(value);
    for (double value : band.lower) out.add(value);
  }
  for (const HorizontalMark& mark : picture.horizontal) {
    if (mark.right_axis != right_axis) continue;
    out.add(mark.value);
    if (mark.until) out.add(*mark.until);
  }
  return out;
}

}  // namespace

std::vector<Run> runs_of(std::span<const int64_t> times_ms, int64_t period_ms) {
  std::vector<Run> out;
  for (size_t i = 0; i < times_ms.size(); ++i) {
    // Half a period of tolerance, for times that are not on the grid.
    bool joined = i > 0 && times_ms[i] - times_ms[i - 1] <= period_ms + period_ms / 2;
    if (!joined) out.push_back({i, i});
    out.back().end = i + 1;
  }
  return out;
}

void draw_time_series(Drawing& drawing, Rect area) {
  const Picture& picture = drawing.picture;
  Stack left, right;
  if (picture.stacked) {
    left = stack_of(picture, false);
    right = stack_of(picture, true);
  }
  Plot plot =
      draw_axes(drawing, area, extent_of(picture, left, false), extent_of(picture, right, true));
  bool any = std::ranges::any_of(picture.lines, [](const Line& l) { return !l.values.empty(); }) ||
             std::ranges::any_of(picture.bands, [](const auto& b) { return !b.upper.empty(); });
  if (!any) draw_no_data(drawing, plot.area);
  // Half a line's width beyond the plot, so that a line on its edge is not cut lengthwise.
  Rect clip = plot.area;
  clip.y -= 1;
  clip.height += 2;
  drawing.canvas.clip(clip);
  draw_annotation_fills(drawing, plot);
  for (const NormalBand& band : picture.bands) draw_band(drawing, plot, band);
  if (picture.stacked) {
    draw_stack(drawing, plot, left, false);
    draw_stack(drawing, plot, right, true);
  } else {
    bool filled = picture.lines.size() == 1 && picture.bands.empty();
    for (const Line& line : picture.lines) draw_line(drawing, plot, line, filled);
  }
  for (const NormalBand& band : picture.bands) {
    bool known = band.line && *band.line < picture.lines.size() && !picture.stacked;
    if (known) draw_outside(drawing, plot, band, picture.lines[*band.line]);
  }
  draw_annotation_lines(drawing, plot);
  drawing.canvas.unclip();
}

void draw_sparkline(Drawing& drawing, Rect area, const Line& line) {
  Extent extent;
  for (double value : line.values) extent.add(value);
  if (!extent.low || area.height < 8) return;
  Plot plot;
  plot.area = area;
  plot.start_ms = drawing.picture.start_ms;
  plot.end_ms = drawing.picture.end_ms;
  double air = (*extent.high - *extent.low) * 0.08;
  plot.left = {*extent.low - air, *extent.high + (air > 0 ? air : 1), {}, true};
  Line left = line;
  left.right_axis = false;
  drawing.canvas.clip(area);
  draw_line(drawing, plot, left, true);
  drawing.canvas.unclip();
}

}  // namespace kansoku::api::widget_image
