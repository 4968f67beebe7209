#include "base/log.h"

#include <time.h>
#include <unistd.h>

#include <atomic>

#include "base/time/iso8601.h"

namespace kansoku {
namespace {

std::atomic<LogLevel> g_level{LogLevel::Info};
std::atomic<LogFormat> g_format{LogFormat::Text};

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warn", "error"};

std::string escaped(std::string_view text, bool json) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (json && (c == '"' || c == '\\')) {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      // Control bytes never reach a terminal or break a line (log injection).
      out += json ? fmt::format("\\u{:04x}", byte) : fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void set_log(LogLevel level, LogFormat format) {
  g_level.store(level, std::memory_order_relaxed);
  g_format.store(format, std::memory_order_relaxed);
}

void log_line(LogLevel level, std::string_view component, std::string_view message) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::string time =
      iso8601(int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000, IsoFraction::Always);
  std::string_view name = kLevelNames[static_cast<size_t>(level)];
  std::string line;
  if (g_format.load(std::memory_order_relaxed) == LogFormat::Json) {
    line = fmt::format(
        "{{\"time\":\"{}\",\"level\":\"{}\",\"component\":\"{}\",\"message\":\"{}\"}}\n", time,
        name, component, escaped(message, true));
  } else {
    line = fmt::format("{} {} {}: {}\n", time, name, component, escaped(message, false));
  }
  // A log that cannot be written has nowhere to complain.
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace kansoku
