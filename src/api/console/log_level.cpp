#include "api/console/log_level.h"

#include <algorithm>
#include <charconv>

#include "base/text/ascii.h"
#include "query/exec/rows_templates.h"
#include "store/json_leaves.h"

namespace kansoku::api::console {
namespace {

using Columns = std::span<const store::EventValues>;

std::optional<LogLevel> level_of_value(const store::EventValues& values, size_t row, bool syslog) {
  switch (values.type) {
    case signal::ColumnType::Text:
      return level_of_word(values.text(row), syslog);
    case signal::ColumnType::Int64:
      return level_of_number(static_cast<double>(values.integers[row]), syslog);
    case signal::ColumnType::Float64:
      return level_of_number(values.floats[row], syslog);
    default:
      return std::nullopt;
  }
}

// Of the rows that have none yet.
size_t fill_from_field(Columns columns, bool syslog, std::vector<std::optional<LogLevel>>& out) {
  size_t found = 0;
  for (const store::EventValues& values : columns) {
    for (size_t row = 0; row < out.size(); ++row) {
      if (out[row] || !values.has(row)) continue;
      out[row] = level_of_value(values, row, syslog);
      if (out[row]) ++found;
    }
  }
  return found;
}

const store::EventValues* text_column(Columns columns) {
  for (const store::EventValues& values : columns) {
    if (values.type == signal::ColumnType::Text) return &values;
  }
  return nullptr;
}

bool looks_like_json(std::string_view text) { return trimmed(text, " \t\r\n").starts_with('{'); }

}  // namespace

std::optional<LogLevel> level_of_word(std::string_view word, bool syslog) {
  struct Row {
    std::string_view word;
    LogLevel level;
  };
  constexpr std::array<Row, 27> kWords{{
      {"error", LogLevel::Error},
      {"info", LogLevel::Info},
      {"warn", LogLevel::Warn},
      {"warning", LogLevel::Warn},
      {"debug", LogLevel::Debug},
      {"trace", LogLevel::Debug},
      {"err", LogLevel::Error},
      {"fatal", LogLevel::Error},
      {"critical", LogLevel::Error},
      {"crit", LogLevel::Error},
      {"alert", LogLevel::Error},
      {"emerg", LogLevel::Error},
      {"emergency", LogLevel::Error},
      {"panic", LogLevel::Error},
      {"severe", LogLevel::Error},
      {"dpanic", LogLevel::Error},
      {"notice", LogLevel::Info},
      {"information", LogLevel::Info},
      {"informational", LogLevel::Info},
      {"verbose", LogLevel::Debug},
      {"fine", LogLevel::Debug},
      {"e", LogLevel::Error},
      {"f", LogLevel::Error},
      {"w", LogLevel::Warn},
      {"i", LogLevel::Info},
      {"d", LogLevel::Debug},
      {"t", LogLevel::Debug},
  }};
  word = trimmed(word, " \t[]");
  for (const Row& row : kWords) {
    if (equals_ignore_case(row.word, word)) return row.level;
  }
  double number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  if (word.empty() || read.ec != std::errc() || read.ptr != word.data() + word.size()) {
    return std::nullopt;
  }
  return level_of_number(number, syslog);
}

std::optional<LogLevel> level_of_number(double number, bool syslog) {
  if (syslog) {
    // RFC 5424 §6.2.1: 0 emergency to 3 error, 4 warning, 5 notice, 6 informational, 7 debug.
    if (number < 0 || number > 7) return std::nullopt;
    if (number < 4) return LogLevel::Error;
    if (number < 5) return LogLevel::Warn;
    return number < 7 ? LogLevel::Info : LogLevel::Debug;
  }
  // pino and bunyan: trace 10, debug 20, info 30, warn 40, error 50, fatal 60.
  if (number < 10 || number > 60) return std::nullopt;
  if (number >= 50) return LogLevel::Error;
  if (number >= 40) return LogLevel::Warn;
  return number >= 30 ? LogLevel::Info : LogLevel::Debug;
}

std::optional<LogLevel> level_of_name(std::string_view name) {
  for (size_t i = 0; i < kLogLevels; ++i) {
    if (kLogLevelNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

LogLevel level_of_text(std::string_view text) {
  const std::string_view severity = query::rows::severity_of(text.substr(0, kLevelTextBytes));
  if (severity.empty()) return LogLevel::None;
  if (severity == "Error") return LogLevel::Error;
  if (severity == "Warning") return LogLevel::Warn;
  return severity == "Info" ? LogLevel::Info : LogLevel::Debug;
}

LogLevel level_of_message(std::string_view message) {
  if (!looks_like_json(message)) return level_of_text(message);
  const std::vector<store::JsonLeaf> leaves = store::json_leaves(message);
  const auto find = [&](std::string_view path) {
    return std::ranges::find(leaves, path, &store::JsonLeaf::path);
  };
  for (std::string_view field : kLevelFields) {
    const auto leaf = find(field);
    if (leaf == leaves.end()) continue;
    const bool syslog = field == "PRIORITY";
    std::optional<LogLevel> level;
    if (const auto* text = std::get_if<std::string>(&leaf->value))
      level = level_of_word(*text, syslog);
    if (const auto* integer = std::get_if<int64_t>(&leaf->value)) {
      level = level_of_number(static_cast<double>(*integer), syslog);
    }
    if (const auto* number = std::get_if<double>(&leaf->value)) {
      level = level_of_number(*number, syslog);
    }
    if (level) return *level;
  }
  for (std::string_view field : {"message", "msg"}) {
    const auto leaf = find(field);
    const auto* text = leaf == leaves.end() ? nullptr : std::get_if<std::string>(&leaf->value);
    const LogLevel level = text == nullptr ? LogLevel::None : level_of_text(*text);
    if (level != LogLevel::None) return level;
  }
  return LogLevel::None;
}

Result<std::vector<LogLevel>> levels_of(store::EventRows& rows) {
  std::vector<std::optional<LogLevel>> found(rows.size());
  size_t left = rows.size();
  for (std::string_view field : kLevelFields) {
    if (left == 0) break;
    KANSOKU_TRY(const Columns columns, rows.columns(field));
    left -= fill_from_field(columns, field == "PRIORITY", found);
  }
  std::vector<LogLevel> out(rows.size(), LogLevel::None);
  if (left > 0) {
    KANSOKU_TRY(const Columns messages, rows.columns(store::kMessagePath));
    KANSOKU_TRY(const Columns named, rows.columns("message"));
    KANSOKU_TRY(const Columns short_named, rows.columns("msg"));
    const store::EventValues* message = text_column(messages);
    const std::array<const store::EventValues*, 2> inner{text_column(named),
                                                         text_column(short_named)};
    for (size_t row = 0; row < out.size(); ++row) {
      if (found[row]) continue;
      const bool has = message != nullptr && message->has(row);
      if (has && !looks_like_json(message->text(row))) {
        out[row] = level_of_text(message->text(row));
        continue;
      }
      for (const store::EventValues* values : inner) {
        if (values == nullptr || !values->has(row) || out[row] != LogLevel::None) continue;
        out[row] = level_of_text(values->text(row));
      }
    }
  }
  for (size_t row = 0; row < out.size(); ++row) {
    if (found[row]) out[row] = *found[row];
  }
  return out;
}

}  // namespace kansoku::api::console
