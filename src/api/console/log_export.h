// GET logs/export: every event of a search as a file of JSON lines or CSV, newest first. Internal
// to api/console.
#pragma once

#include "api/console/log_ask.h"

namespace kansoku::api::console {

// Of one step of reading; the next begins when the client has taken most of it.
inline constexpr size_t kExportPageEvents = 5'000;

void export_logs(const LogServices& services, const LogUser& user, const wire::Node& body,
                 std::string_view format, net::HttpExchange exchange);
// As RFC 4180: in quotes where it needs them. A text that a spreadsheet would take for a formula
// gets an apostrophe before it.
void append_csv_field(std::string& out, std::string_view text);

}  // namespace kansoku::api::console
