#include "store/events/required_text.h"

#include <cstddef>

namespace kansoku::store::events {
namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Behind a class that begins at `at`, or the end.
size_t behind_class(std::string_view e, size_t at) {
  size_t i = at + 1;
  if (i < e.size() && e[i] == '^') ++i;
  if (i < e.size() && e[i] == ']') ++i;
  while (i < e.size() && e[i] != ']') {
    if (e[i] == '\\') {
      ++i;
    } else if (e[i] == '[' && i + 1 < e.size() && e[i + 1] == ':') {
      const size_t end = e.find(":]", i + 2);
      if (end != std::string_view::npos) i = end + 1;
    }
    ++i;
  }
  return i + 1;
}

}  // namespace

std::string required_text(std::string_view e) {
  // Flags change what a literal means, \Q what stands in one, \C and the like are rare.
  if (e.find("(?") != std::string_view::npos || e.find("\\Q") != std::string_view::npos) return {};
  std::string best;
  std::string run;
  const auto close = [&] {
    if (run.size() > best.size()) best = run;
    run.clear();
  };
  size_t depth = 0;
  for (size_t i = 0; i < e.size();) {
    const char c = e[i];
    if (c == '(') {
      close();
      ++depth;
      ++i;
    } else if (c == ')') {
      if (depth > 0) --depth;
      ++i;
    } else if (c == '[') {
      close();
      i = behind_class(e, i);
    } else if (c == '|') {
      if (depth == 0) return {};
      ++i;
    } else if (c == '*' || c == '?' || c == '{') {
      // What stands before need not be there.
      if (depth == 0 && !run.empty()) run.pop_back();
      close();
      while (c == '{' && i < e.size() && e[i] != '}') ++i;
      ++i;
    } else if (c == '+' || c == '.' || c == '^' || c == '$' ||
               static_cast<unsigned char>(c) >= 0x80) {
      close();
      ++i;
    } else if (c == '\\') {
      const bool literal =
          i + 1 < e.size() && !is_word(e[i + 1]) && static_cast<unsigned char>(e[i + 1]) < 0x80;
      if (!literal) close();
      if (i + 1 < e.size() && (e[i + 1] == 'x' || e[i + 1] == 'p' || e[i + 1] == 'P' ||
                               (e[i + 1] >= '0' && e[i + 1] <= '9'))) {
        return best;  // its end is RE2's to know
      }
      if (literal && depth == 0) run += e[i + 1];
      i += 2;
    } else {
      if (depth == 0) run += c;
      ++i;
    }
  }
  close();
  return best;
}

}  // namespace kansoku::store::events
