#include "api/widget_image/palette.h"

#include <array>
#include <charconv>

namespace kansoku::api::widget_image {
namespace {

constexpr Colour rgb(uint32_t value) {
  return {static_cast<uint8_t>(value >> 16U), static_cast<uint8_t>(value >> 8U),
          static_cast<uint8_t>(value), 1};
}

constexpr std::array<Colour, 8> kSeriesLight{rgb(0x1f5fd6), rgb(0xb85c00), rgb(0x0b7f6b),
                                             rgb(0xb3267f), rgb(0x66720a), rgb(0x6b46c1),
                                             rgb(0x8a5a44), rgb(0x0b7ea8)};
constexpr std::array<Colour, 8> kSeriesDark{rgb(0x6ba4ff), rgb(0xf0a85c), rgb(0x4fd1b5),
                                            rgb(0xee86c0), rgb(0xc8d85a), rgb(0xb09aff),
                                            rgb(0xd0a58c), rgb(0x7fd4f7)};

constexpr Palette kLight{.panel = rgb(0xffffff),
                         .head = rgb(0x121a25),
                         .text = rgb(0x1b2430),
                         .soft = rgb(0x4c5a6c),
                         .grid = {40, 60, 90, 0.09},
                         .line = rgb(0xdfe5ec),
                         .bad = rgb(0xd13a30),
                         .warn = rgb(0xd08700),
                         .stack_alpha = 0.5};
constexpr Palette kDark{.panel = rgb(0x141b23),
                        .head = rgb(0xf0f5fb),
                        .text = rgb(0xd5dee9),
                        .soft = rgb(0x9fb0c3),
                        .grid = {139, 160, 184, 0.13},
                        .line = rgb(0x222d39),
                        .bad = rgb(0xe5534b),
                        .warn = rgb(0xd99a1f),
                        .stack_alpha = 0.42};

}  // namespace

const Palette& palette(bool dark) { return dark ? kDark : kLight; }

Colour series_colour(size_t index, bool dark) {
  const auto& list = dark ? kSeriesDark : kSeriesLight;
  return list[index % list.size()];
}

std::optional<Colour> parse_colour(std::string_view text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data() + 1, text.data() + 7, value, 16);
  if (error != std::errc() || end != text.data() + 7) return std::nullopt;
  return rgb(value);
}

}  // namespace kansoku::api::widget_image
