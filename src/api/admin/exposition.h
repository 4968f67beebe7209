// The program's own metrics as OpenMetrics text (version 1.0.0).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kansoku::api {

// Appends families in the order in which they are written; each family once.
class OpenMetrics {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  // The name without "_total", which the sample line adds.
  void counter(std::string_view name, std::string_view help, double value,
               const Labels& labels = {});
  // The text, ended by "# EOF".
  std::string finish() &&;

 private:
  void sample(std::string_view name, std::string_view suffix, std::string_view type,
              std::string_view help, double value, const Labels& labels);
  std::string out_;
  std::string family_;
};

inline constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

}  // namespace kansoku::api
