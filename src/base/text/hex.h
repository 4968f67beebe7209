// Hexadecimal digits, lower case when writing, either case when reading.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kansoku {

// 0 to 15, -1 for what is no digit.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Two digits a byte.
std::string to_hex(std::span<const uint8_t> bytes);
std::string to_hex(std::string_view bytes);

}  // namespace kansoku
