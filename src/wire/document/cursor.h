// A place in a text that only moves on, with its line and column.
#pragma once

#include <string_view>

#include "wire/document/document.h"

namespace kansoku::wire {

class Cursor {
 public:
  Cursor(std::string_view text, uint32_t file_index) : text_(text), file_index_(file_index) {}

  bool done() const { return at_ >= text_.size(); }
  size_t at() const { return at_; }
  // The byte here, or 0 at the end.
  char peek() const { return done() ? '\0' : text_[at_]; }
  char peek_after() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }
  void skip(size_t bytes) { at_ = std::min(at_ + bytes, text_.size()); }
  std::string_view rest() const { return text_.substr(at_); }

  // Of the byte here. Costs what was passed since the last call.
  Position position() {
    for (; counted_ < at_; ++counted_) {
      const char c = text_[counted_];
      if (c == '\n') {
        ++line_;
        column_ = 1;
      } else if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80) {
        ++column_;  // bytes that go on a character of UTF-8 are none of their own
      }
    }
    return {line_, column_, static_cast<uint32_t>(at_), file_index_};
  }

 private:
  std::string_view text_;
  uint32_t file_index_;
  size_t at_ = 0;
  size_t counted_ = 0;
  uint32_t line_ = 1;
  uint32_t column_ = 1;
};

// What a message says of the byte here.
inline std::string here_is(const Cursor& cursor) {
  if (cursor.done()) return "the file ends here";
  return fmt::format("found {}", quoted(cursor.rest().substr(0, 1)));
}

// Appends the code point as UTF-8.
void append_code_point(uint32_t point, std::string& out);
// Four (or eight) hexadecimal digits at the begin of the text.
std::optional<uint32_t> hex_digits(std::string_view text, size_t count);

}  // namespace kansoku::wire
