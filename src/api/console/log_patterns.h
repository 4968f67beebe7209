// POST logs/patterns: the messages of a search as templates with counts and trends, compared with
// the range of the same length before it. Internal to api/console.
#pragma once

#include "api/console/log_ask.h"

namespace kansoku::api::console {

inline constexpr size_t kPatternsShown = 500;

void log_patterns(const LogServices& services, const LogUser& user, const wire::Node& body,
                  net::HttpExchange exchange);

}  // namespace kansoku::api::console
