// Fiber: a call that can be left in the middle and gone on with later, on a stack of its own.
//
// For work whose depth of calls makes it hard to cut into steps: it calls yield() where it may
// wait, and whoever runs it posts the next resume() behind the others. A fiber is no thread: it
// runs on the thread that calls resume(), and only until it yields or ends.
//
// What holds for code that runs on a fiber, because it may go on on another thread:
// - no lock is held across yield(), and no reference to anything thread-local (errno included);
// - no yield() from a catch block or a destructor, and no exception leaves the body;
// - its calls fit the stack: below it lies a page that ends the process when touched.
//
// Thread contract: one resume() at a time, each after the one before has returned (a queue between
// them orders that); yield() only from the body.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.h"

// Frames are several times as large where the compiler does not optimise, or watches them.
#if !defined(__OPTIMIZE__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KANSOKU_FIBER_FRAMES_ARE_LARGE true
#else
#define KANSOKU_FIBER_FRAMES_ARE_LARGE false
#endif

namespace kansoku {

// Stacks, mapped with a guard page below each; a few are kept to be used again. Owned by whoever
// runs fibers, outlives them. Thread contract: free-threaded.
class FiberStacks {
 public:
  // The deepest expression of PromQL takes some 400 KiB (decision 064); only what is touched takes
  // memory.
  static constexpr size_t kStackBytes = KANSOKU_FIBER_FRAMES_ARE_LARGE ? 16 << 20 : 2 << 20;
  // A kept stack gives back what lies deeper than this.
  static constexpr size_t kKeptBytes = 64 << 10;

  struct Options {
    size_t stack_bytes = kStackBytes;
    size_t kept_max = 4;
  };
  FiberStacks() : FiberStacks(Options{}) {}
  explicit FiberStacks(Options options);
  FiberStacks(const FiberStacks&) = delete;
  FiberStacks& operator=(const FiberStacks&) = delete;
  ~FiberStacks();

  // The usable bytes, without the guard page. ResourceExhausted when the system maps no more.
  Result<std::span<std::byte>> take();
  void give_back(std::span<std::byte> stack);

  struct Stats {
    size_t in_use = 0;
    size_t kept = 0;
  };
  Stats stats() const;

 private:
  size_t stack_bytes_;
  size_t kept_max_;
  mutable std::mutex kept_mutex_;
  std::vector<std::span<std::byte>> kept_;
  size_t in_use_ = 0;
};

class Fiber {
 public:
  using Body = std::move_only_function<void(Fiber&)>;

  // Nothing runs before the first resume().
  static Result<std::unique_ptr<Fiber>> make(FiberStacks& stacks, Body body);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  // It must not have begun or have ended: what stands on its stack is destroyed by nobody else.
  // Whoever gives up tells the body so and resumes it to its end.
  ~Fiber();

  // Runs the body until it yields (true) or ends (false).
  bool resume();
  // Back to whoever called resume(), until the next one.
  void yield();
  bool ended() const;

 private:
  struct Switch;
  explicit Fiber(std::unique_ptr<Switch> state);
  std::unique_ptr<Switch> switch_;
};

}  // namespace kansoku

#undef KANSOKU_FIBER_FRAMES_ARE_LARGE
