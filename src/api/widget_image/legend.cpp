// The title above and the legend below or beside the view.
#include <fmt/core.h>

#include "api/widget_image/drawing.h"

namespace kansoku::api::widget_image {
namespace {

constexpr double kPadding = 12;
constexpr double kTitleHeight = 24;
constexpr double kTitleSize = 13.5;
constexpr double kTextSize = 11.5;
constexpr double kRowHeight = 18;
constexpr double kSwatch = 10;
constexpr double kSwatchGap = 6;
constexpr double kItemGap = 16;
// The legend takes no more than this of the picture.
constexpr double kShareBottom = 0.32;
constexpr double kShareRight = 0.34;
// Below this size there is no room for anything but the view.
constexpr double kSideMin = 90;

struct Item {
  std::string_view label;
  Colour colour;
  bool is_area = false;
  double width = 0;
};

std::vector<Item> items_of(Drawing& drawing) {
  std::vector<Item> out;
  bool area = drawing.picture.view != View::TimeSeries || drawing.picture.stacked;
  for (const Line& line : drawing.picture.lines) out.push_back({line.label, line.colour, area, 0});
  for (const NormalBand& band : drawing.picture.bands) {
    out.push_back({band.label, band.colour.with_alpha(0.35), true, 0});
  }
  return out;
}

void draw_swatch(Drawing& drawing, double x, double y, const Item& item) {
  double height = item.is_area ? 8 : 3;
  drawing.canvas.fill_round_rect({x, y - height / 2, kSwatch, height}, 1.5, item.colour);
}

// An orange triangle with an exclamation mark, as CloudWatch has it where data are missing.
void draw_warning(Drawing& drawing, double x, double y) {
  Canvas& canvas = drawing.canvas;
  canvas.move_to(x + 6, y - 6);
  canvas.line_to(x + 12.5, y + 5);
  canvas.line_to(x - 0.5, y + 5);
  canvas.close();
  canvas.fill(drawing.colours.warn);
  canvas.text(x + 6, y + 0.5, "!", drawing.style(9, drawing.colours.panel, Align::Centre, true));
}

void draw_item(Drawing& drawing, double x, double y, const Item& item, double width) {
  draw_swatch(drawing, x, y, item);
  double text_width = std::max(width - kSwatch - kSwatchGap, 1.0);
  drawing.canvas.text(
      x + kSwatch + kSwatchGap, y, item.label,
      drawing.style(kTextSize, drawing.colours.text, Align::Left, false, text_width));
}

void draw_more(Drawing& drawing, double x, double y, size_t count) {
  drawing.canvas.text(x, y, fmt::format("+{} more", count),
                      drawing.style(kTextSize, drawing.colours.soft));
}

// How many rows items of these widths take, and where each stands.
struct Place {
  size_t row = 0;
  double x = 0;
};
std::vector<Place> flow(const std::vector<Item>& items, double width, double first_x) {
  std::vector<Place> out;
  Place at{0, first_x};
  for (const Item& item : items) {
    if (at.x > 0 && at.x + item.width > width) at = {at.row + 1, 0};
    out.push_back(at);
    at.x += item.width + kItemGap;
  }
  return out;
}

Rect draw_bottom(Drawing& drawing, Rect area, std::vector<Item> items) {
  double width = area.width - 2 * kPadding;
  TextStyle style = drawing.style(kTextSize, drawing.colours.text);
  for (Item& item : items) {
    double text = drawing.canvas.text_width(item.label, style);
    item.width = std::min(kSwatch + kSwatchGap + text + 1, width);
  }
  double first_x = drawing.picture.incomplete ? 20 : 0;
  std::vector<Place> places = flow(items, width, first_x);
  size_t rows = places.empty() ? 1 : places.back().row + 1;
  auto rows_max = static_cast<size_t>(
      std::max(1.0, static_cast<double>(drawing.picture.height) * kShareBottom / kRowHeight));
  bool cut = rows > rows_max;
  size_t shown_rows = std::min(rows, rows_max);
  double height = static_cast<double>(shown_rows) * kRowHeight + kPadding - 2;
  double top = area.bottom() - height;
  auto middle = [&](size_t row) { return top + kRowHeight * (static_cast<double>(row) + 0.5); };
  if (drawing.picture.incomplete) draw_warning(drawing, area.x + kPadding, middle(0));
  for (size_t i = 0; i < items.size(); ++i) {
    if (cut && places[i].row + 1 == shown_rows) {
      draw_more(drawing, area.x + kPadding, middle(places[i].row), items.size() - i);
      break;
    }
    draw_item(drawing, area.x + kPadding + places[i].x, middle(places[i].row), items[i],
              items[i].width);
  }
  return {area.x, area.y, area.width, area.height - height};
}

Rect draw_right(Drawing& drawing, Rect area, std::vector<Item> items) {
  TextStyle style = drawing.style(kTextSize, drawing.colours.text);
  double widest = 40;
  for (const Item& item : items) {
    widest = std::max(widest, drawing.canvas.text_width(item.label, style) + 1);
  }
  double width = std::min(widest + kSwatch + kSwatchGap, area.width * kShareRight);
  double left = area.right() - kPadding - width;
  double y = area.y + kRowHeight;
  if (drawing.picture.incomplete) {
    draw_warning(drawing, left, y);
    y += kRowHeight;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    bool last = y + 2 * kRowHeight > area.bottom();
    if (last && i + 1 < items.size()) {
      draw_more(drawing, left, y, items.size() - i);
      break;
    }
    draw_item(drawing, left, y, items[i], width);
    y += kRowHeight;
  }
  return {area.x, area.y, left - area.x, area.height};
}

}  // namespace

Rect draw_surroundings(Drawing& drawing, Rect area) {
  const Picture& picture = drawing.picture;
  if (area.width < kSideMin || area.height < kSideMin) return area;
  if (!picture.title.empty()) {
    drawing.canvas.text(area.x + kPadding, area.y + kPadding + 6, picture.title,
                        drawing.style(kTitleSize, drawing.colours.head, Align::Left, true,
                                      area.width - 2 * kPadding));
    area.y += kTitleHeight;
    area.height -= kTitleHeight;
  }
  std::vector<Item> items = items_of(drawing);
  // Numbers, gauges and bars carry their names themselves.
  bool named = picture.view != View::TimeSeries && picture.view != View::Pie;
  bool wanted = picture.legend != LegendPosition::Hidden && !named;
  if (!wanted || (items.empty() && !picture.incomplete)) return area;
  bool right = picture.legend == LegendPosition::Right && area.width > 2 * kSideMin;
  return right ? draw_right(drawing, area, std::move(items))
               : draw_bottom(drawing, area, std::move(items));
}

}  // namespace kansoku::api::widget_image
