#include "api/widget_image/picture.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>

#include "api/widget_image/format.h"
#include "api/widget_image/palette.h"
#include "base/env/env.h"

using namespace kansoku;
using namespace kansoku::api::widget_image;

namespace {

constexpr int64_t kNow = 1'795'348'800'000;  // 2026-11-22T12:00:00Z
constexpr int64_t kHour = 3'600'000;

// A decoded PNG of 8-bit RGB or RGBA without interlacing, as cairo writes them.
struct Bitmap {
  int width = 0;
  int height = 0;
  size_t channels = 3;
  std::string bytes;
  Colour at(int x, int y) const {
    size_t i =
        (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * channels;
    return {static_cast<uint8_t>(bytes[i]), static_cast<uint8_t>(bytes[i + 1]),
            static_cast<uint8_t>(bytes[i + 2]), 1};
  }
  bool has(Colour colour, int x0, int y0, int x1, int y1) const {
    for (int y = std::max(y0, 0); y < std::min(y1, height); ++y) {
      for (int x = std::max(x0, 0); x < std::min(x1, width); ++x) {
        if (at(x, y) == colour) return true;
      }
    }
    return false;
  }
  bool has(Colour colour) const { return has(colour, 0, 0, width, height); }
};

// Lines are anti-aliased: their middle is nearly of their colour.
bool is_near(Colour a, Colour b) {
  return std::abs(a.red - b.red) + std::abs(a.green - b.green) + std::abs(a.blue - b.blue) < 150;
}

uint32_t big_endian(std::string_view bytes) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out = (out << 8U) | static_cast<uint8_t>(bytes[i]);
  return out;
}

// PNG specification, section 9: filters of rows.
uint8_t unfilter(int filter, uint8_t left, uint8_t up, uint8_t corner) {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return static_cast<uint8_t>((left + up) / 2);
    case 4: {
      int p = left + up - corner;
      int a = std::abs(p - left);
      int b = std::abs(p - up);
      int c = std::abs(p - corner);
      return a <= b && a <= c ? left : b <= c ? up : corner;
    }
    default:
      return 0;
  }
}

Bitmap decode(std::string_view png) {
  Bitmap out;
  REQUIRE(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  out.width = static_cast<int>(big_endian(png.substr(16)));
  out.height = static_cast<int>(big_endian(png.substr(20)));
  REQUIRE(png[24] == 8);
  out.channels = png[25] == 6 ? 4 : 3;
  std::string packed;
  for (size_t at = 8; at + 12 <= png.size();) {
    uint32_t length = big_endian(png.substr(at));
    if (png.substr(at + 4, 4) == "IDAT") packed += png.substr(at + 8, length);
    at += length + 12;
  }
  size_t stride = static_cast<size_t>(out.width) * out.channels;
  std::string raw((stride + 1) * static_cast<size_t>(out.height), '\0');
  uLongf size = raw.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(raw.data()), &size,
                     reinterpret_cast<const Bytef*>(packed.data()), packed.size()) == Z_OK);
  out.bytes.resize(stride * static_cast<size_t>(out.height));
  for (size_t y = 0; y < static_cast<size_t>(out.height); ++y) {
    for (size_t i = 0; i < stride; ++i) {
      auto get = [&](bool back, bool above) -> uint8_t {
        if ((back && i < out.channels) || (above && y == 0)) return 0;
        return static_cast<uint8_t>(
            out.bytes[(y - (above ? 1 : 0)) * stride + i - (back ? out.channels : 0)]);
      };
      auto value = static_cast<uint8_t>(raw[y * (stride + 1) + 1 + i]);
      out.bytes[y * stride + i] =
          static_cast<char>(value + unfilter(raw[y * (stride + 1)], get(true, false),
                                             get(false, true), get(true, true)));
    }
  }
  return out;
}

// Drawn; written beside each other for a look where KANSOKU_PICTURES names a folder.
std::string draw(const Picture& picture, const char* name) {
  auto png = draw_png(picture);
  REQUIRE(png);
  if (const char* folder = std::getenv("KANSOKU_PICTURES")) {
    CHECK(env::real_files().write_atomic(fmt::format("{}/{}.png", folder, name), *png));
  }
  return *png;
}

bool can_draw() {
  static const bool known = draw_png({.width = 1, .height = 1}).has_value();
  if (!known) MESSAGE("skipped: no cairo and pango here");
  return known;
}

Line wave(std::string label, size_t number, double level, double swing, std::string unit,
          bool dark = false) {
  Line out;
  out.label = std::move(label);
  out.unit = std::move(unit);
  out.colour = series_colour(number, dark);
  uint64_t state = number + 7;
  for (int64_t i = 0; i < 180; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    double noise = static_cast<double>(state >> 40U) / 16777216.0 - 0.5;
    out.times_ms.push_back(kNow - 3 * kHour + i * 60'000);
    out.values.push_back(
        level + swing * std::sin(static_cast<double>(i) / 21.0 + static_cast<double>(number)) +
        swing * 0.4 * noise);
  }
  out.period_ms = 60'000;
  return out;
}

Picture base_picture(std::string title) {
  Picture out;
  out.title = std::move(title);
  out.start_ms = kNow - 3 * kHour;
  out.end_ms = kNow;
  return out;
}

}  // namespace

TEST_CASE("a picture has its size, its ground and its lines' colours") {
  if (!can_draw()) return;
  for (bool dark : {false, true}) {
    Picture picture = base_picture("CPU utilisation");
    picture.dark = dark;
    picture.lines = {wave("i-0a1b2c3d4e5f60718", 0, 40, 15, "Percent", dark),
                     wave("i-0f9e8d7c6b5a40312", 1, 60, 8, "Percent", dark),
                     wave("i-01234567890abcdef", 2, 20, 5, "Percent", dark)};
    for (int64_t gap = 60; gap < 80; ++gap) {
      picture.lines[1].times_ms.erase(picture.lines[1].times_ms.begin() + 60);
      picture.lines[1].values.erase(picture.lines[1].values.begin() + 60);
    }
    Bitmap bitmap = decode(draw(picture, dark ? "lines_dark" : "lines_light"));
    CHECK(bitmap.width == 600);
    CHECK(bitmap.height == 400);
    CHECK(bitmap.at(0, 0) == palette(dark).panel);
    CHECK(bitmap.at(599, 399) == palette(dark).panel);
    for (size_t i = 0; i < 3; ++i) CHECK(bitmap.has(series_colour(i, dark), 60, 30, 590, 350));
    // The gap of the second line: minutes 60 to 79 of 180, without its colour.
    CHECK_FALSE(bitmap.has(series_colour(1, dark), 250, 30, 275, 350));
  }
}

TEST_CASE("a flat line is drawn at the height of its value") {
  if (!can_draw()) return;
  Picture picture = base_picture("");
  picture.legend = LegendPosition::Hidden;
  picture.left.min = 0;
  picture.left.max = 100;
  Line line = wave("flat", 0, 0, 0, "");
  for (double& value : line.values) value = 25;
  picture.lines = {line};
  Bitmap bitmap = decode(draw(picture, "flat"));
  // The plot lies between y 10 and 378; a quarter from below is at 286.
  bool found = false;
  for (int y = 283; y <= 289; ++y) found = found || is_near(bitmap.at(300, y), line.colour);
  CHECK(found);
  CHECK_FALSE(bitmap.has(line.colour, 290, 10, 310, 280));
}

TEST_CASE("the same picture gives the same bytes") {
  if (!can_draw()) return;
  Picture picture = base_picture("日本語のタイトル, same bytes");
  picture.lines = {wave("リクエスト数", 0, 4e6, 2e6, "Bytes/Second"),
                   wave("latency", 1, 0.2, 0.1, "Seconds")};
  picture.lines[1].right_axis = true;
  picture.left.label = "スループット";
  picture.right.label = "latency";
  CHECK(draw(picture, "japanese") == draw(picture, "japanese"));
}

TEST_CASE("a band is shaded, and what leaves it is red") {
  if (!can_draw()) return;
  Picture picture = base_picture("Requests, with what is normal");
  Line line = wave("requests", 0, 400, 120, "Count");
  NormalBand band{.label = "requests (expected)",
                  .colour = palette(false).soft,
                  .right_axis = false,
                  .line = 0,
                  .period_ms = 60'000,
                  .times_ms = line.times_ms,
                  .upper = {},
                  .lower = {}};
  for (size_t i = 0; i < line.values.size(); ++i) {
    double expected = 400 + 120 * std::sin(static_cast<double>(i) / 21.0);
    band.upper.push_back(expected + 60);
    band.lower.push_back(expected - 60);
  }
  for (size_t i = 100; i < 112; ++i) line.values[i] += 260;
  picture.lines = {line};
  picture.bands = {band};
  Bitmap bitmap = decode(draw(picture, "band"));
  CHECK(bitmap.has(palette(false).bad));
  CHECK(bitmap.has(line.colour));
}

TEST_CASE("stacks, annotations, both axes and a legend at the right are drawn") {
  if (!can_draw()) return;
  Picture picture = base_picture("Network by host");
  picture.width = 900;
  picture.stacked = true;
  picture.legend = LegendPosition::Right;
  for (size_t i = 0; i < 6; ++i) {
    picture.lines.push_back(
        wave(fmt::format("host-{} eth0 NetworkIn of a long name", i), i, 3e6, 1e6, "Bytes"));
  }
  picture.horizontal = {{.value = 2.2e7,
                         .until = std::nullopt,
                         .label = "limit of the uplink",
                         .until_label = {},
                         .colour = parse_colour("#d13212"),
                         .fill = Fill::Above,
                         .right_axis = false}};
  picture.vertical = {{.at_ms = kNow - 2 * kHour,
                       .until_ms = std::nullopt,
                       .label = "deployment",
                       .until_label = {},
                       .colour = std::nullopt,
                       .fill = Fill::None},
                      {.at_ms = kNow - kHour,
                       .until_ms = kNow - kHour / 2,
                       .label = "maintenance",
                       .until_label = "end",
                       .colour = parse_colour("#6b46c1"),
                       .fill = Fill::Between}};
  Bitmap bitmap = decode(draw(picture, "stacked"));
  CHECK(bitmap.has(*parse_colour("#d13212")));
  CHECK(bitmap.has(series_colour(5, false)));
}

TEST_CASE("every view is drawn at every size, with and without data") {
  if (!can_draw()) return;
  for (View view : {View::TimeSeries, View::SingleValue, View::Gauge, View::Bar, View::Pie}) {
    Picture picture = base_picture("View");
    picture.view = view;
    picture.sparkline = true;
    for (size_t i = 0; i < 5; ++i) {
      picture.lines.push_back(
          wave(fmt::format("instance {}", i), i, 40 + 12 * static_cast<double>(i), 9, "Percent"));
    }
    std::string name = fmt::format("view_{}", static_cast<int>(view));
    Bitmap bitmap = decode(draw(picture, name.c_str()));
    for (size_t i = 0; i < 5; ++i) CHECK(bitmap.has(series_colour(i, false)));
    for (auto [width, height] : {std::pair{1, 1}, {20, 20}, {91, 91}, {2'000, 30}, {30, 2'000}}) {
      picture.width = width;
      picture.height = height;
      CHECK(draw_png(picture));
    }
    Picture empty = base_picture("Nothing");
    empty.view = view;
    empty.incomplete = true;
    draw(empty, fmt::format("empty_{}", static_cast<int>(view)).c_str());
    empty.lines.push_back({});
    CHECK(draw_png(empty));
    empty.lines.assign(500, wave("x", 1, 1, 1, ""));
    CHECK(draw_png(empty));
  }
  Picture picture = base_picture("");
  picture.width = 2'001;
  CHECK_FALSE(draw_png(picture));
  picture.width = 0;
  CHECK_FALSE(draw_png(picture));
}

TEST_CASE("values that cannot be drawn do no harm") {
  if (!can_draw()) return;
  Picture picture = base_picture("Extremes");
  Line line = wave("x", 0, 1, 1, "Bytes");
  line.values[3] = 1e300;
  line.values[4] = -1e300;
  line.values[5] = 1e-300;
  picture.lines = {line};
  CHECK(draw_png(picture));
  picture.left.min = 5;
  picture.left.max = 5;
  picture.end_ms = picture.start_ms;
  CHECK(draw_png(picture));
}

TEST_CASE("numbers have three digits and their unit, as in the console") {
  struct Case {
    double value;
    std::string_view unit;
    std::string_view text;
  };
  for (const Case& one : {Case{0, "", "0"},
                          {1'536, "Bytes", "1.5 KiB"},
                          {1e6, "Count", "1 M"},
                          {12.345, "Percent", "12.3 %"},
                          {0.35, "Seconds", "350 ms"},
                          {90, "Milliseconds", "90 ms"},
                          {250, "Microseconds", "250 µs"},
                          {2'097'152, "Bytes/Second", "2 MiB/s"},
                          {-0.001, "", "-0.001"},
                          {2'000, "Kilobits/Second", "2 Mb/s"},
                          {7'300, "Seconds", "2 h"}}) {
    CHECK(format_value(one.value, one.unit) == one.text);
  }
  CHECK(format_exactly(1234.5678, "Bytes") == "1234.5678 B");
  auto ticks = value_ticks(0, 97, 6, "");
  CHECK(ticks == std::vector<double>{0, 20, 40, 60, 80, 100});
  ticks = value_ticks(0, 3e6, 5, "Bytes");
  CHECK(ticks[1] == 1'048'576);
  auto times = time_ticks(kNow - 3 * kHour, kNow, 6, 540);
  REQUIRE(times.size() >= 4);
  CHECK(times[0].text == "18:00");
  CHECK(time_ticks(kNow - 100 * 24 * kHour, kNow, 6, 0)[0].text.starts_with("Aug"));
}

TEST_CASE("colours are those of the console") {
  auto text = env::real_files().read_all(KANSOKU_SOURCE_DIR "/console/src/chart/colours.ts");
  REQUIRE(text);
  for (bool dark : {false, true}) {
    size_t at = text->find(dark ? "SERIES_DARK = [" : "SERIES_LIGHT = [");
    for (size_t i = 0; i < 8; ++i) {
      at = text->find("'#", at + 1);
      REQUIRE(at != std::string::npos);
      CHECK(parse_colour(text->substr(at + 1, 7)) == series_colour(i, dark));
    }
  }
  for (std::string_view wrong : {"", "#12345", "123456", "#1234567", "#12345g", "red"}) {
    CHECK_FALSE(parse_colour(wrong));
  }
}
