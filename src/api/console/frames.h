// Cells to frames: what a chart draws without conversion.
#pragma once

#include <string>
#include <vector>

#include "query/exec/cells.h"
#include "query/metric_data/run.h"
#include "query/statistic/statistic.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {

struct FrameSeries {
  std::string label;
  std::vector<std::pair<std::string, std::string>> dimensions;
  std::string unit;
  std::vector<double> values;  // NaN: a gap
};

// One shared time array; every series has a value, or a gap, at each time.
struct Frame {
  std::vector<int64_t> times_ms;
  std::vector<FrameSeries> series;
  std::string statistic;
  int64_t period_s = 0;
  bool partial = false;
  // Series that exist but were left out by the limit.
  size_t series_total = 0;
  // What there is to know of the answer: code and text.
  std::vector<std::pair<std::string, std::string>> messages;
};

struct FrameOptions {
  store::TimeRangeMs range;
  int64_t period_ms = 60'000;
  size_t points_max = 1'000;  // more are reduced, keeping minima and maxima
  size_t series_max = 500;
  std::string metric;
};

Frame make_frame(const query::CellResult& cells, const query::Statistic& statistic,
                 const FrameOptions& options);

// The answer of an expression, the last query of its plan.
Frame make_frame(const query::metric_data::Plan& plan, query::metric_data::Answer answer,
                 size_t points_max);

// {"time":[…],"series":[…],"partial":…,"truncated":…,"messages":[…]}
void append_frame_json(const Frame& frame, wire::JsonWriter& json);
// The binary form of docs/formats/console-api.md.
std::string frame_binary(const Frame& frame);

}  // namespace kansoku::api::console
