// The console's colours: console/src/chart/colours.ts and base.css.
#pragma once

#include <optional>
#include <string_view>

#include "api/widget_image/canvas.h"

namespace kansoku::api::widget_image {

struct Palette {
  Colour panel;
  Colour head;
  Colour text;
  Colour soft;
  Colour grid;
  Colour line;
  Colour bad;
  Colour warn;
  double stack_alpha;
};

const Palette& palette(bool dark);
// Of the series of that number.
Colour series_colour(size_t index, bool dark);
// "#1f77b4"; nothing when it is none.
std::optional<Colour> parse_colour(std::string_view text);

}  // namespace kansoku::api::widget_image
