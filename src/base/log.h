// The program's own log: one line an event on stderr, text or JSON.
//
// For the people who run it: what changed, what failed, what to do. Bad input is counted, never
// logged per item. Secrets are never passed here. Thread contract: free-threaded; a line is one
// write.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace kansoku {

enum class LogLevel : uint8_t { Debug, Info, Warn, Error };
enum class LogFormat : uint8_t { Text, Json };

void set_log(LogLevel level, LogFormat format);
void log_line(LogLevel level, std::string_view component, std::string_view message);

#define KANSOKU_LOG_MAKER(name, level)                                                        \
  template <class... Args>                                                                    \
  void name(std::string_view component, fmt::format_string<Args...> format, Args&&... args) { \
    log_line(LogLevel::level, component, fmt::format(format, std::forward<Args>(args)...));   \
  }
KANSOKU_LOG_MAKER(log_debug, Debug)
KANSOKU_LOG_MAKER(log_info, Info)
KANSOKU_LOG_MAKER(log_warn, Warn)
KANSOKU_LOG_MAKER(log_error, Error)
#undef KANSOKU_LOG_MAKER

}  // namespace kansoku
