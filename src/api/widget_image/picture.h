// A graph to be drawn, in plain structs. See README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/widget_image/canvas.h"

namespace kansoku::api::widget_image {

inline constexpr int kSideMax = 2'000;

enum class View : uint8_t { TimeSeries, SingleValue, Gauge, Bar, Pie };
enum class LegendPosition : uint8_t { Bottom, Right, Hidden };
enum class Fill : uint8_t { None, Above, Below, Before, After, Between };

// One series. times_ms: ascending; values: as many.
struct Line {
  std::string label;
  std::string unit;  // as CloudWatch names it: "Percent", "Bytes/Second"
  Colour colour;
  bool right_axis = false;
  int64_t period_ms = 300'000;  // points further apart than this have a gap between them
  std::vector<int64_t> times_ms;
  std::vector<double> values;
};

// What is normal for the line of that number; where the line leaves it, it is drawn in red.
struct NormalBand {
  std::string label;
  Colour colour;
  bool right_axis = false;
  std::optional<size_t> line;
  int64_t period_ms = 300'000;
  std::vector<int64_t> times_ms;
  std::vector<double> upper;
  std::vector<double> lower;
};

struct Axis {
  std::optional<double> min;
  std::optional<double> max;
  std::string label;
  bool show_units = true;
};

// A value or a time, with another one a band.
struct HorizontalMark {
  double value = 0;
  std::optional<double> until;
  std::string label;
  std::string until_label;
  std::optional<Colour> colour;
  Fill fill = Fill::None;
  bool right_axis = false;
};
struct VerticalMark {
  int64_t at_ms = 0;
  std::optional<int64_t> until_ms;
  std::string label;
  std::string until_label;
  std::optional<Colour> colour;
  Fill fill = Fill::None;
};

struct Picture {
  int width = 600;
  int height = 400;
  bool dark = false;
  std::string title;
  View view = View::TimeSeries;
  bool stacked = false;
  bool sparkline = false;       // under the numbers of SingleValue
  bool full_precision = false;  // of the numbers of SingleValue
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int offset_minutes = 0;  // of the times on the axis, from UTC
  LegendPosition legend = LegendPosition::Bottom;
  Axis left;
  Axis right;
  std::vector<Line> lines;
  std::vector<NormalBand> bands;
  std::vector<HorizontalMark> horizontal;
  std::vector<VerticalMark> vertical;
  // Some datapoints could not be read: a triangle beside the legend says so.
  bool incomplete = false;
  // Instead of data where there are none.
  std::string no_data = "No data";
};

// InvalidArgument for sides outside 1 to kSideMax.
Result<std::string> draw_png(const Picture& picture);

}  // namespace kansoku::api::widget_image
