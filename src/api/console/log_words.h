// The words of a search box (docs/guides/console-logs.md): what stands between blanks.
//
//   word  "a phrase"  %expression%        the message has it
//   field=value  field="two words"        a field of a JSON message, also != > >= < <= ~ !~
//   field=*  field!=*                     the field is there, or is not
//   -anything                             not so
//   ?word ?other                          one of them, where no word is required
//
// Internal to api/console. Thread contract: pure functions.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/console/expression_query.h"

namespace kansoku::api::console {

inline constexpr size_t kLogTextBytesMax = 4'096;
inline constexpr size_t kLogWordsMax = 100;

struct LogWord {
  enum class Kind : uint8_t { Text, Expression, Field };
  Kind kind = Kind::Text;
  bool excluded = false;
  bool optional = false;
  std::string text;     // of a field: its value
  std::string path;     // of a field; a '.' in a name is "\."
  std::string op;       // of a field: = != > >= < <= ~ !~
  bool any = false;     // of a field: the value is a bare *
  size_t position = 0;  // in the text, bytes
};

// The whole of a text as a finite number.
std::optional<double> read_number(std::string_view text);

// An error has its position.
std::expected<std::vector<LogWord>, QueryError> read_log_words(std::string_view text);

}  // namespace kansoku::api::console
