#include "wire/exposition/exposition.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "wire/exposition/family_rules.h"
#include "wire/exposition/line_parser.h"

namespace kansoku::wire::exposition {
namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_plain_name(std::string_view name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '_' || (colons && c == ':');
    if (!good) return false;
  }
  return true;
}

}  // namespace

std::string Problem::to_string() const {
  return fmt::format("line {}, column {}: {}", line, column, message);
}

bool is_plain_metric_name(std::string_view name) { return is_plain_name(name, true); }
bool is_plain_label_name(std::string_view name) { return is_plain_name(name, false); }

std::optional<double> parse_number(std::string_view text) {
  std::string_view rest = text;
  bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty()) return std::nullopt;
  double out = 0;
  if ((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.') {
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    if (end != rest.data() + rest.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      // Too small is zero, too large is no number (as the reference parsers have it).
      out = std::strtod(std::string(rest).c_str(), nullptr);
      if (std::isinf(out)) return std::nullopt;
    } else if (error != std::errc()) {
      return std::nullopt;
    }
  } else if (equals_ignoring_case(rest, "inf") || equals_ignoring_case(rest, "infinity")) {
    out = std::numeric_limits<double>::infinity();
  } else if (equals_ignoring_case(rest, "nan")) {
    // The reference's quiet NaN, bit for bit: stale markers are another one.
    return std::bit_cast<double>(0x7ff8000000000001ULL);
  } else {
    return std::nullopt;
  }
  return negative ? -out : out;
}

std::optional<MetricType> metric_type(std::string_view word, Format format) {
  struct Row {
    std::string_view word;
    MetricType type;
    bool text;  // also in the text formats
  };
  constexpr std::array<Row, 9> kWords{{{"counter", MetricType::Counter, true},
                                       {"gauge", MetricType::Gauge, true},
                                       {"histogram", MetricType::Histogram, true},
                                       {"summary", MetricType::Summary, true},
                                       {"untyped", MetricType::Unknown, true},
                                       {"unknown", MetricType::Unknown, false},
                                       {"gaugehistogram", MetricType::GaugeHistogram, false},
                                       {"info", MetricType::Info, false},
                                       {"stateset", MetricType::StateSet, false}}};
  bool open_metrics = format == Format::OpenMetrics;
  for (const Row& row : kWords) {
    if (row.word != word) continue;
    if (open_metrics ? word != "untyped" : row.text) return row.type;
  }
  return std::nullopt;
}

std::optional<Format> format_of(std::string_view content_type) {
  size_t semicolon = content_type.find(';');
  std::string_view type = trimmed(content_type.substr(0, semicolon));
  if (type.empty()) return Format::Text004;
  if (equals_ignoring_case(type, "application/openmetrics-text")) return Format::OpenMetrics;
  if (!equals_ignoring_case(type, "text/plain")) return std::nullopt;
  while (semicolon != std::string_view::npos) {
    content_type.remove_prefix(semicolon + 1);
    semicolon = content_type.find(';');
    std::string_view parameter = trimmed(content_type.substr(0, semicolon));
    if (parameter == "version=1.0.0") return Format::Text100;
  }
  return Format::Text004;
}

Format guess_format(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  size_t line = text.rfind('\n');
  std::string_view last = line == std::string_view::npos ? text : text.substr(line + 1);
  return last == "# EOF" ? Format::OpenMetrics : Format::Text100;
}

std::expected<void, Problem> parse(std::string_view text, const ParseOptions& options,
                                   Visitor& visitor) {
  if (options.checks == Checks::Lines) return LineParser(text, options, visitor, nullptr).run();
  if (options.format == Format::OpenMetrics) {
    OpenMetricsRules rules;
    return LineParser(text, options, visitor, &rules).run();
  }
  TextRules rules;
  return LineParser(text, options, visitor, &rules).run();
}

}  // namespace kansoku::wire::exposition
