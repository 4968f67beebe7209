// Anti-aliased shapes and text on a bitmap. Lengths are pixels, y grows downwards.
// Thread contract: one canvas at a time in the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kansoku::api::widget_image {

struct Colour {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
  double alpha = 1;

  Colour with_alpha(double value) const { return {red, green, blue, value}; }
  friend bool operator==(const Colour&, const Colour&) = default;
};

struct Rect {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

enum class Align : uint8_t { Left, Centre, Right };

struct TextStyle {
  double size_px = 11;
  bool bold = false;
  Colour colour;
  Align align = Align::Left;
  double width_max = 0;  // longer text ends in an ellipsis; 0: no limit
};

class Canvas {
 public:
  // Unavailable where cairo and pango are not installed.
  static Result<Canvas> make(int width, int height);
  Canvas(Canvas&&) noexcept;
  Canvas& operator=(Canvas&&) noexcept;
  ~Canvas();

  void fill_rect(Rect rect, Colour colour);
  void fill_round_rect(Rect rect, double radius, Colour colour);
  struct Stroke {
    double width = 1;
    Colour colour;
    double dash = 0;  // length of dashes and of the gaps between them; 0: solid
  };
  void line(double x0, double y0, double x1, double y1, const Stroke& stroke);

  // A path: move_to, line_to ..., then one of stroke and fill, which end it.
  void move_to(double x, double y);
  void line_to(double x, double y);
  // Clockwise from one angle to another, 0 is to the right.
  void arc(double x, double y, double radius, double from, double to);
  void arc_back(double x, double y, double radius, double from, double to);
  void close();
  void stroke(const Stroke& stroke);
  void fill(Colour colour);

  void clip(Rect rect);
  void unclip();

  double text_width(std::string_view text, const TextStyle& style);
  // `y` is the middle of the line of text.
  void text(double x, double y, std::string_view text, const TextStyle& style);
  // Upwards, centred at the point.
  void text_upwards(double x, double y, std::string_view text, const TextStyle& style);

  Result<std::string> png();

 private:
  struct Parts;
  explicit Canvas(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace kansoku::api::widget_image
