#include "api/widget_image/drawing.h"

namespace kansoku::api::widget_image {

void draw_no_data(Drawing& drawing, Rect area) {
  drawing.canvas.text(area.x + area.width / 2, area.y + area.height / 2, drawing.picture.no_data,
                      drawing.style(13, drawing.colours.soft, Align::Centre));
}

Result<std::string> draw_png(const Picture& picture) {
  auto inside = [](int side) { return side >= 1 && side <= kSideMax; };
  if (!inside(picture.width) || !inside(picture.height)) {
    return invalid_argument("a picture of {} by {} pixels, limit {}", picture.width, picture.height,
                            kSideMax);
  }
  KANSOKU_TRY(Canvas canvas, Canvas::make(picture.width, picture.height));
  Drawing drawing{picture, canvas, palette(picture.dark)};
  auto width = static_cast<double>(picture.width);
  auto height = static_cast<double>(picture.height);
  canvas.fill_rect({0, 0, width, height}, drawing.colours.panel);
  Rect area = draw_surroundings(drawing, {0, 0, width, height});
  if (area.width > 4 && area.height > 4) {
    constexpr void (*kViews[])(Drawing&, Rect) = {draw_time_series, draw_values, draw_gauges,
                                                  draw_bars, draw_pie};
    kViews[static_cast<size_t>(picture.view)](drawing, area);
  }
  return canvas.png();
}

}  // namespace kansoku::api::widget_image
