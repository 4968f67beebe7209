// Cuts texts into templates and typed variables (docs/formats/event-part.md, "Templates"): what has
// a digit varies, what has none is the template's. Thread contract: one owner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/events/piece_trie.h"

namespace kansoku::store::events {

// The kind of a variable, and in the low byte a parameter. Numbers are on disk, and kinds with
// greater ones are tried first.
inline constexpr uint16_t kWordVariable = 0x000;    // mixed with digits, or a name
inline constexpr uint16_t kDigitsVariable = 0x100;  // up to 18 digits
inline constexpr uint16_t kHexVariable = 0x200;     // + digits: lower case
inline constexpr uint16_t kUuidVariable = 0x300;    // 8-4-4-4-12, lower case
// + decimals of the seconds (0 to 9), + kTimeBlank, + kTimeComma: 2026-11-22T10:20:30.123
inline constexpr uint16_t kTimeVariable = 0x400;
inline constexpr uint16_t kTimeBlank = 16;
inline constexpr uint16_t kTimeComma = 32;
inline constexpr uint16_t kVariableKind = 0xff00;
inline constexpr size_t kHexDigitsMin = 8;
inline constexpr size_t kHexDigitsMax = 64;
inline constexpr size_t kDigitsMax = 18;

bool is_variable_kind(uint16_t kind);

class TextCut {
 public:
  static constexpr int kWhole = PieceTrie::kNone;
  // The template of a text, or kWhole; appends its variables. Views into `text` are kept.
  int cut(std::string_view text, std::vector<CutValue>& values);
  const std::vector<std::vector<CutPiece>>& templates() const { return templates_; }

 private:
  int scan_whole(std::string_view text, std::vector<CutValue>& values);
  PieceTrie trie_;
  std::vector<std::vector<CutPiece>> templates_;
  size_t refused_ = 0;
};

// A time of kTimeVariable in units of its last decimal since 1970.
void append_time(int64_t units, uint16_t kind, std::string& out);
void append_digits(uint64_t number, size_t digits, std::string& out);
// Lower case. 2 * bytes.size() digits.
void append_hex(std::string_view bytes, std::string& out);
void append_uuid(std::string_view bytes, std::string& out);
// `hex` is lower case; an odd number of digits ends with 0.
void append_hex_bytes(std::string_view hex, std::string& out);
// Nanoseconds of a unit of kTimeVariable.
int64_t time_unit_ns(uint16_t kind);

}  // namespace kansoku::store::events
