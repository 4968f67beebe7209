// The text formats in which metrics are exposed: Prometheus text 0.0.4 and 1.0.0, OpenMetrics 1.0.
// See README.md.
//
// Sources: prometheus/docs "Exposition formats" (0.0.4, 1.0.0), the OpenMetrics 1.0 specification,
// and what the reference parsers do where these are silent. The parser pushes into a visitor; views
// point into the text or into the parser and are valid during the call. Thread contract: free
// functions; a visitor is called on the caller's thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/labels.h"

namespace kansoku::wire::exposition {

enum class Format : uint8_t {
  Text004,
  Text100,  // 0.0.4 with quoted UTF-8 names
  OpenMetrics,
};

// In the order of remote write's protos.
enum class MetricType : uint8_t {
  Unknown,
  Counter,
  Gauge,
  Histogram,
  GaugeHistogram,
  Summary,
  Info,
  StateSet,
};

enum class Checks : uint8_t {
  // What the reference server takes from a scrape: the grammar of each line.
  Lines,
  // Also how the lines of a family go together: metadata once and before the samples, the last line
  // whole, and for OpenMetrics the rules of each type. For files that are imported.
  Families,
};

struct ParseOptions {
  Format format = Format::Text004;
  Checks checks = Checks::Lines;
};

struct Exemplar {
  std::vector<signal::LabelView> labels;
  double value = 0;
  std::optional<int64_t> timestamp_ms;
};

struct Sample {
  std::string_view name;
  // As written, __name__ included; names are distinct.
  std::vector<signal::LabelView> labels;
  double value = 0;
  std::optional<int64_t> timestamp_ms;
  const Exemplar* exemplar = nullptr;
  size_t line = 0;
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void type(std::string_view family, MetricType type) = 0;
  virtual void help(std::string_view family, std::string_view text) = 0;
  virtual void unit(std::string_view family, std::string_view unit) = 0;
  virtual void sample(Sample& sample) = 0;
};

// Where a text is no exposition. Lines and columns count from 1; columns are bytes.
struct Problem {
  size_t line = 0;
  size_t column = 0;
  std::string message;
  // "line 3, column 7: message"
  std::string to_string() const;
};

// Everything before the problem has been visited.
std::expected<void, Problem> parse(std::string_view text, const ParseOptions& options,
                                   Visitor& visitor);

// Of a Content-Type; nothing for a type that none of the formats has. An empty one is Text004.
std::optional<Format> format_of(std::string_view content_type);
// Of a file: OpenMetrics ends with "# EOF".
Format guess_format(std::string_view text);

std::optional<MetricType> metric_type(std::string_view word, Format format);
// [a-zA-Z_:][a-zA-Z0-9_:]* and, without colons, label names.
bool is_plain_metric_name(std::string_view name);
bool is_plain_label_name(std::string_view name);
// A number as the formats write them (decimal, inf, nan; no hexadecimal, no underscores).
std::optional<double> parse_number(std::string_view text);

}  // namespace kansoku::wire::exposition
