// kansoku query logs-insights: one query of CloudWatch Logs Insights, its table on stdout.
#pragma once

#include <string>
#include <vector>

#include "app/tool_client.h"

namespace kansoku::app {

struct LogsQuestion {
  std::string text;
  std::vector<std::string> groups;  // empty: all, or those that the text names
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  std::string format;  // table, json or csv
};

// The exit code. Errors and numbers of the scan go to stderr.
int query_logs(const ToolEndpoint& endpoint, const LogsQuestion& question);

// As RFC 4180: quoted when it holds a separator, a quote or a line break.
std::string csv_field(std::string_view text);

}  // namespace kansoku::app
