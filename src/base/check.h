// KANSOKU_CHECK: a broken invariant stops the process, in release builds too.
// It is for our own mistakes only; bad input and a failing environment are Results.
#pragma once

namespace kansoku {
// Prints "check failed: EXPRESSION at FILE:LINE" to stderr and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace kansoku

#define KANSOKU_CHECK(expression)                               \
  do {                                                          \
    if (!(expression)) [[unlikely]]                             \
      ::kansoku::check_failed(#expression, __FILE__, __LINE__); \
  } while (false)
