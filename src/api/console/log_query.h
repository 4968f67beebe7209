// Queries of CloudWatch Logs Insights in the stream of POST query. Internal to api/console.
#pragma once

#include "api/console/log_ask.h"

namespace kansoku::api::console {

// Where one query's lines go; `finished` is called once, behind the last of them.
struct LineSink {
  std::function<void(std::string line)> write;
  std::function<void()> finished;
};

// Returns what stops the query; it may be called at any time, from any thread.
std::function<void()> start_log_query(const LogServices& services, const LogUser& user,
                                      const wire::Node& item, LineSink sink);

}  // namespace kansoku::api::console
