// Objects of which only one member is wanted, many of them in one text: lines of JSON. See
// README.md. Thread contract: free functions; a PaddedText is immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace kansoku::wire {

// A text with the room behind it that the reader needs, so that no document in it is copied.
class PaddedText {
 public:
  explicit PaddedText(std::string text);
  std::string_view text() const { return text_; }
  size_t capacity() const { return text_.capacity(); }

 private:
  std::string text_;
};

struct JsonMember {
  size_t name = 0;  // index
  std::variant<std::string_view, int64_t, double> value;
};
// Reads `document` (a part of `text`), which must be one object with nothing behind it, and finds
// the member at its top that stands first in `names` and is text (unescaped, good until the next
// call on this thread) or a number. The structure is checked, and that it is UTF-8; scalars that
// are passed over are not.
Result<std::optional<JsonMember>> find_json_member(const PaddedText& text,
                                                   std::string_view document,
                                                   std::span<const std::string_view> names);

}  // namespace kansoku::wire
