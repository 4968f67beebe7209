// Views of one value a series: its last one.
#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "api/widget_image/drawing.h"
#include "api/widget_image/format.h"

namespace kansoku::api::widget_image {
namespace {

constexpr double kPadding = 12;

std::optional<double> last_of(const Line& line) {
  if (line.values.empty()) return std::nullopt;
  return line.values.back();
}

std::string text_of(const Drawing& drawing, const Line& line) {
  auto value = last_of(line);
  if (!value) return "–";
  return drawing.picture.full_precision ? format_exactly(*value, line.unit)
                                        : format_value(*value, line.unit);
}

// Tiles of equal size, as square as the area lets them be (twice as wide as high at best).
struct Tiles {
  size_t columns = 1;
  size_t rows = 1;
  Rect area;
  Rect tile(size_t index) const {
    double width = area.width / static_cast<double>(columns);
    double height = area.height / static_cast<double>(rows);
    return {area.x + width * static_cast<double>(index % columns),
            area.y + height * static_cast<double>(index / columns), width, height};
  }
};
Tiles tiles_of(Rect area, size_t count) {
  Tiles best{1, std::max<size_t>(count, 1), area};
  double best_side = 0;
  for (size_t columns = 1; columns <= std::max<size_t>(count, 1); ++columns) {
    size_t rows = (std::max<size_t>(count, 1) + columns - 1) / columns;
    double side = std::min(area.width / static_cast<double>(columns) / 2,
                           area.height / static_cast<double>(rows));
    if (side <= best_side) continue;
    best_side = side;
    best = {columns, rows, area};
  }
  return best;
}

Rect padded(Rect area) {
  double padding = std::min({kPadding, area.width / 8, area.height / 8});
  return {area.x + padding, area.y + padding / 2, area.width - 2 * padding,
          area.height - padding * 1.5};
}

void draw_value(Drawing& drawing, Rect tile, const Line& line) {
  bool spark = drawing.picture.sparkline && tile.height > 90;
  double text_bottom = spark ? tile.y + tile.height * 0.62 : tile.bottom();
  double height = text_bottom - tile.y;
  std::string value = text_of(drawing, line);
  // As large as the tile lets it be.
  double size = std::clamp(height * 0.42, 9.0, 46.0);
  TextStyle style = drawing.style(size, drawing.colours.head, Align::Centre, true);
  double width = drawing.canvas.text_width(value, style);
  if (width > tile.width - 8) style.size_px = std::max(7.0, size * (tile.width - 8) / width);
  double x = tile.x + tile.width / 2;
  double middle = tile.y + height * (height > 40 ? 0.42 : 0.5);
  drawing.canvas.text(x, middle, value, style);
  if (height <= 40) return;
  double y = middle + style.size_px * 0.5 + 16;
  double label_width =
      std::min(drawing.canvas.text_width(line.label, drawing.style(12, drawing.colours.soft)),
               tile.width - 30);
  double left = x - (label_width + 14) / 2;
  drawing.canvas.fill_round_rect({left, y - 1.5, 9, 3}, 1.5, line.colour);
  drawing.canvas.text(
      left + 14, y, line.label,
      drawing.style(12, drawing.colours.soft, Align::Left, false, std::max(label_width + 1, 1.0)));
  if (spark) {
    draw_sparkline(drawing,
                   {tile.x + 4, text_bottom + 4, tile.width - 8, tile.bottom() - text_bottom - 6},
                   line);
  }
}

void draw_gauge(Drawing& drawing, Rect tile, const Line& line) {
  constexpr double kPi = std::numbers::pi;
  Canvas& canvas = drawing.canvas;
  double low = drawing.picture.left.min.value_or(0);
  double high = drawing.picture.left.max.value_or(100);
  double radius = std::min(tile.width / 2 - 10, (tile.height - 46) * 0.9);
  if (radius < 12 || !(high > low)) return draw_value(drawing, tile, line);
  double x = tile.x + tile.width / 2;
  double y = tile.y + (tile.height - 40 - radius) / 2 + radius;
  double thick = std::clamp(radius * 0.2, 5.0, 22.0);
  auto ring = [&](double from, double to, Colour colour) {
    canvas.arc(x, y, radius, kPi + from * kPi, kPi + to * kPi);
    canvas.arc_back(x, y, radius - thick, kPi + to * kPi, kPi + from * kPi);
    canvas.close();
    canvas.fill(colour);
  };
  ring(0, 1, drawing.colours.line);
  if (auto value = last_of(line)) {
    double share = std::clamp((*value - low) / (high - low), 0.0, 1.0);
    if (share > 0) ring(0, share, line.colour);
  }
  // Ranges of annotations as a thin second ring.
  for (const HorizontalMark& mark : drawing.picture.horizontal) {
    auto share = [&](double v) { return std::clamp((v - low) / (high - low), 0.0, 1.0); };
    double from = share(mark.value);
    double to = mark.until ? share(*mark.until) : from + 0.006;
    if (!mark.until && mark.fill == Fill::Above) to = 1;
    if (!mark.until && mark.fill == Fill::Below) from = 0, to = share(mark.value);
    if (from > to) std::swap(from, to);
    canvas.arc(x, y, radius + 5, kPi + from * kPi, kPi + to * kPi);
    canvas.stroke({3, mark.colour.value_or(drawing.colours.warn), 0});
  }
  double size = std::clamp(radius * 0.34, 10.0, 40.0);
  canvas.text(x, y - size * 0.55, text_of(drawing, line),
              drawing.style(size, drawing.colours.head, Align::Centre, true));
  TextStyle small = drawing.style(10.5, drawing.colours.soft, Align::Centre);
  double end = radius - thick / 2;
  canvas.text(x - end, y + 11, format_value(low, line.unit), small);
  canvas.text(x + end, y + 11, format_value(high, line.unit), small);
  canvas.text(x, y + 28, line.label,
              drawing.style(12, drawing.colours.soft, Align::Centre, false, tile.width - 8));
}

template <class Draw>
void draw_tiles(Drawing& drawing, Rect area, Draw draw) {
  const auto& lines = drawing.picture.lines;
  if (lines.empty()) return draw_no_data(drawing, area);
  Tiles tiles = tiles_of(padded(area), lines.size());
  for (size_t i = 0; i < lines.size(); ++i) draw(drawing, tiles.tile(i), lines[i]);
}

}  // namespace

void draw_values(Drawing& drawing, Rect area) { draw_tiles(drawing, area, draw_value); }
void draw_gauges(Drawing& drawing, Rect area) { draw_tiles(drawing, area, draw_gauge); }

void draw_bars(Drawing& drawing, Rect area) {
  Canvas& canvas = drawing.canvas;
  const auto& lines = drawing.picture.lines;
  area = padded(area);
  if (lines.empty()) return draw_no_data(drawing, area);
  constexpr double kRowMin = 15;
  double row = std::clamp(area.height / static_cast<double>(lines.size()), kRowMin, 60.0);
  auto shown = std::min(lines.size(), static_cast<size_t>(std::max(1.0, area.height / row)));
  if (shown < lines.size() && shown > 1) --shown;  // the last row says how many there are more
  TextStyle text = drawing.style(11.5, drawing.colours.text);
  double label_width = 0;
  double value_width = 0;
  double low = std::min(drawing.picture.left.min.value_or(0), 0.0);
  double high = drawing.picture.left.max.value_or(0);
  for (size_t i = 0; i < shown; ++i) {
    label_width = std::max(label_width, canvas.text_width(lines[i].label, text) + 2);
    value_width = std::max(value_width, canvas.text_width(text_of(drawing, lines[i]), text));
    double value = last_of(lines[i]).value_or(0);
    low = std::min(low, value);
    if (!drawing.picture.left.max) high = std::max(high, value);
  }
  if (!(high > low)) high = low + 1;
  label_width = std::min(label_width, area.width * 0.34);
  Rect bars{area.x + label_width + 10, area.y, area.width - label_width - value_width - 20,
            area.height};
  if (bars.width < 10) return draw_values(drawing, area);
  auto x = [&](double value) {
    return bars.x + std::clamp((value - low) / (high - low), 0.0, 1.0) * bars.width;
  };
  canvas.line(x(0), bars.y, x(0), bars.y + row * static_cast<double>(shown),
              {1, drawing.colours.line, 0});
  for (size_t i = 0; i < shown; ++i) {
    double middle = bars.y + row * (static_cast<double>(i) + 0.5);
    canvas.text(bars.x - 10, middle, lines[i].label,
                drawing.style(11.5, drawing.colours.text, Align::Right, false, label_width));
    auto value = last_of(lines[i]);
    double from = x(std::min(value.value_or(0), 0.0));
    double to = x(std::max(value.value_or(0), 0.0));
    double thick = std::min(row * 0.62, 34.0);
    canvas.fill_round_rect({from, middle - thick / 2, std::max(to - from, 0.0), thick}, 2,
                           lines[i].colour);
    canvas.text(to + 8, middle, text_of(drawing, lines[i]),
                drawing.style(11.5, drawing.colours.soft));
  }
  if (shown < lines.size()) {
    canvas.text(bars.x, bars.y + row * (static_cast<double>(shown) + 0.5),
                fmt::format("+{} more", lines.size() - shown),
                drawing.style(11.5, drawing.colours.soft));
  }
}

void draw_pie(Drawing& drawing, Rect area) {
  Canvas& canvas = drawing.canvas;
  const auto& lines = drawing.picture.lines;
  area = padded(area);
  double total = 0;
  for (const Line& line : lines) total += std::max(last_of(line).value_or(0), 0.0);
  if (!(total > 0) || !std::isfinite(total)) return draw_no_data(drawing, area);
  double radius = std::min(area.width, area.height) / 2 - 2;
  if (radius < 6) return;
  double hole = radius * 0.58;
  double x = area.x + area.width / 2;
  double y = area.y + area.height / 2;
  double from = -std::numbers::pi / 2;
  for (const Line& line : lines) {
    double share = std::max(last_of(line).value_or(0), 0.0) / total;
    if (share == 0) continue;
    double to = from + share * 2 * std::numbers::pi;
    canvas.arc(x, y, radius, from, to);
    canvas.arc_back(x, y, hole, to, from);
    canvas.close();
    canvas.fill(line.colour);
    // A hair of the ground between neighbours.
    if (share < 1) {
      canvas.line(x + hole * std::cos(to), y + hole * std::sin(to), x + radius * std::cos(to),
                  y + radius * std::sin(to), {1.5, drawing.colours.panel, 0});
    }
    if (share >= 0.06 && radius > 50) {
      double middle = (from + to) / 2;
      double at = (radius + hole) / 2;
      canvas.text(x + at * std::cos(middle), y + at * std::sin(middle),
                  fmt::format("{:.0f} %", share * 100),
                  drawing.style(11, drawing.colours.panel, Align::Centre, true));
    }
    from = to;
  }
  if (hole > 28) {
    TextStyle style = drawing.style(std::clamp(hole * 0.34, 10.0, 30.0), drawing.colours.head,
                                    Align::Centre, true, hole * 1.7);
    canvas.text(x, y, format_value(total, lines.front().unit), style);
  }
}

}  // namespace kansoku::api::widget_image
