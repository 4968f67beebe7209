// ASCII letters and blanks, without locales. Pure functions; bytes that are no ASCII letters pass
// as they are.
#pragma once

#include <string>
#include <string_view>

namespace kansoku {

// Optional white space of HTTP fields (RFC 9110 §5.6.3).
inline constexpr std::string_view kBlanks = " \t";
// Of texts that may carry line ends.
inline constexpr std::string_view kBlanksAndLineEnds = " \t\r\n";

constexpr char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lower_ascii(std::string_view text);

constexpr bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower_ascii(a[i]) != lower_ascii(b[i])) return false;
  }
  return true;
}

// Without the bytes of `blanks` at both ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks) {
  size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace kansoku
