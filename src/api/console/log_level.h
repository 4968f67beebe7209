// The level of a log event, by one rule for every page (docs/formats/console-api.md, "Levels").
//
// 1. The first field of kLevelFields whose value reads as a level: a word ("WARN", "error", "I") or
//    a number (10 to 60 as pino and bunyan write them; PRIORITY: 0 to 7 as syslog does).
// 2. Else the first word of the event's text that says so (query/exec, severity_of), within the
//    first kLevelTextBytes; the text of a JSON message is its field `message` or `msg`.
// 3. Else none.
// Thread contract: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/event_store.h"

namespace kansoku::api::console {

enum class LogLevel : uint8_t { Error, Warn, Info, Debug, None };
inline constexpr size_t kLogLevels = 5;
inline constexpr std::array<std::string_view, kLogLevels> kLogLevelNames{"error", "warn", "info",
                                                                         "debug", "none"};
// A level stands at the front of a line; further words are talk.
inline constexpr size_t kLevelTextBytes = 256;

inline constexpr std::array<std::string_view, 8> kLevelFields{
    "level",         "severity",     "log.level", "log\\.level",
    "severity_text", "severityText", "lvl",       "PRIORITY"};

std::optional<LogLevel> level_of_word(std::string_view word, bool syslog = false);
std::optional<LogLevel> level_of_number(double number, bool syslog);
std::optional<LogLevel> level_of_name(std::string_view name);
LogLevel level_of_text(std::string_view text);
// Of a whole message that nobody has taken apart.
LogLevel level_of_message(std::string_view message);
// One a row.
Result<std::vector<LogLevel>> levels_of(store::EventRows& rows);

}  // namespace kansoku::api::console
