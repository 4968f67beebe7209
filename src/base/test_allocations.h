// Counts every allocation of a test program by replacing operator new. Include it in exactly one
// source file of the program: replacements may not be inline (C++23 [replacement.functions]).
//
// Under ASan and TSan, which replace operator new themselves, KANSOKU_COUNTS_ALLOCATIONS is not
// defined and neither is anything else; the test that counts stands inside #ifdef.
// Thread contract: the count may be read from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KANSOKU_SANITIZER_ALLOCATES 1
#endif
#endif

#ifndef KANSOKU_SANITIZER_ALLOCATES
#define KANSOKU_COUNTS_ALLOCATIONS 1

namespace kansoku::test {
inline std::atomic<uint64_t> allocations{0};
}  // namespace kansoku::test

void* operator new(size_t bytes) {
  kansoku::test::allocations.fetch_add(1, std::memory_order_relaxed);
  void* out = std::malloc(bytes == 0 ? 1 : bytes);
  if (out == nullptr) std::abort();
  return out;
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  kansoku::test::allocations.fetch_add(1, std::memory_order_relaxed);
  size_t unit = static_cast<size_t>(alignment);
  void* out = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
  if (out == nullptr) std::abort();
  return out;
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, size_t, std::align_val_t) noexcept { std::free(at); }
#endif
