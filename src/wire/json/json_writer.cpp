#include "wire/json/json_writer.h"

#include <charconv>
#include <cmath>

namespace kansoku::wire {
namespace {

// Length of the well-formed UTF-8 sequence at the front, or 0 (RFC 3629, table 3-7 of Unicode).
size_t utf8_sequence(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

bool plain(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

// Bytes from `at` on that are written as they are. Sixteen at a time in a loop that becomes
// vectors.
size_t plain_end(std::string_view value, size_t at) {
  constexpr size_t kStep = 16;
  for (; at + kStep <= value.size(); at += kStep) {
    const char* step = value.data() + at;
    unsigned other = 0;
    for (size_t i = 0; i < kStep; ++i) {
      const auto byte = static_cast<unsigned char>(step[i]);
      // 0x20 to 0x7E without the two.
      other |= static_cast<unsigned>(static_cast<unsigned char>(byte - 0x20) > 0x7E - 0x20) |
               static_cast<unsigned>(byte == '"') | static_cast<unsigned>(byte == '\\');
    }
    if (other != 0) break;
  }
  while (at < value.size() && plain(value[at])) ++at;
  return at;
}

void append_escaped(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

}  // namespace

bool is_utf8(std::string_view text) {
  // Nearly all text is ASCII and short: whole words, and the last word once more over its tail.
  constexpr uint64_t kHighBits = 0x8080808080808080ULL;
  size_t at = 0;
  uint64_t seen = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    __builtin_memcpy(&word, text.data() + at, 8);
    seen |= word;
  }
  if (text.size() >= 8) {
    uint64_t word;
    __builtin_memcpy(&word, text.data() + text.size() - 8, 8);
    seen |= word;
  } else {
    for (; at < text.size(); ++at) seen |= static_cast<unsigned char>(text[at]);
  }
  if ((seen & kHighBits) == 0) return true;
  while (!text.empty()) {
    size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void append_json_string(std::string& out, std::string_view value) {
  out += '"';
  size_t at = 0;
  while (at < value.size()) {
    const size_t end = plain_end(value, at);
    out.append(value, at, end - at);
    if (end == value.size()) break;
    auto byte = static_cast<unsigned char>(value[end]);
    if (byte < 0x80) {
      append_escaped(out, value[end]);
      at = end + 1;
      continue;
    }
    size_t size = utf8_sequence(value.substr(end));
    if (size == 0) {
      out += "\xEF\xBF\xBD";
      at = end + 1;
    } else {
      out.append(value, end, size);
      at = end + size;
    }
  }
  out += '"';
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[32];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, static_cast<size_t>(end - buffer));
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
}

void JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  comma_ = false;
}

void JsonWriter::string(std::string_view value) {
  separate();
  append_json_string(out_, value);
}

void JsonWriter::integer(int64_t value) {
  separate();
  char buffer[24];
  out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void JsonWriter::unsigned_integer(uint64_t value) {
  separate();
  char buffer[24];
  out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void JsonWriter::number(double value) {
  separate();
  append_json_number(out_, value);
}

void JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void JsonWriter::null() {
  separate();
  out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
}

}  // namespace kansoku::wire
