#include "base/pool/fiber.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

#if __has_feature(address_sanitizer)
#define KANSOKU_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_feature(thread_sanitizer)
#define KANSOKU_FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace kansoku {
namespace {

size_t page_bytes() {
  static const auto bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

void unmap(std::span<std::byte> stack) {
  ::munmap(stack.data() - page_bytes(), stack.size() + page_bytes());
}

// One side of a switch, as AddressSanitizer knows it: which stack is left, which is entered.
struct AsanStack {
  [[maybe_unused]] void* fake = nullptr;
  [[maybe_unused]] const void* bottom = nullptr;
  [[maybe_unused]] size_t bytes = 0;
};

// `leaving`: null when its stack will not be entered again.
void tell_leaving([[maybe_unused]] AsanStack* leaving, [[maybe_unused]] const AsanStack& entering) {
#ifdef KANSOKU_FIBER_ASAN
  __sanitizer_start_switch_fiber(leaving == nullptr ? nullptr : &leaving->fake, entering.bottom,
                                 entering.bytes);
#endif
}

// `left`: null when its bounds are known.
void tell_entered([[maybe_unused]] const AsanStack& entered, [[maybe_unused]] AsanStack* left) {
#ifdef KANSOKU_FIBER_ASAN
  __sanitizer_finish_switch_fiber(entered.fake, left == nullptr ? nullptr : &left->bottom,
                                  left == nullptr ? nullptr : &left->bytes);
#endif
}

}  // namespace

FiberStacks::FiberStacks(Options options) : kept_max_(options.kept_max) {
  const size_t page = page_bytes();
  stack_bytes_ = (std::max(options.stack_bytes, page) + page - 1) / page * page;
}

FiberStacks::~FiberStacks() {
  KANSOKU_CHECK(in_use_ == 0);
  for (const std::span<std::byte> stack : kept_) unmap(stack);
}

Result<std::span<std::byte>> FiberStacks::take() {
  {
    std::lock_guard lock(kept_mutex_);
    if (!kept_.empty()) {
      const std::span<std::byte> stack = kept_.back();
      kept_.pop_back();
      ++in_use_;
      return stack;
    }
  }
  const size_t page = page_bytes();
  void* mapped = ::mmap(nullptr, stack_bytes_ + page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) {
    return resource_exhausted("no stack of {} bytes: {}", stack_bytes_, std::strerror(errno));
  }
  // Stacks grow downwards.
  if (::mprotect(mapped, page, PROT_NONE) != 0) {
    const int error = errno;
    ::munmap(mapped, stack_bytes_ + page);
    return resource_exhausted("no guard page for a stack: {}", std::strerror(error));
  }
  std::lock_guard lock(kept_mutex_);
  ++in_use_;
  return std::span(static_cast<std::byte*>(mapped) + page, stack_bytes_);
}

void FiberStacks::give_back(std::span<std::byte> stack) {
  // Before anybody else can have it.
  const size_t deep = stack.size() > kKeptBytes ? stack.size() - kKeptBytes : 0;
  if (deep > 0) ::madvise(stack.data(), deep, MADV_DONTNEED);
  {
    std::lock_guard lock(kept_mutex_);
    --in_use_;
    if (kept_.size() < kept_max_) {
      kept_.push_back(stack);
      return;
    }
  }
  unmap(stack);
}

FiberStacks::Stats FiberStacks::stats() const {
  std::lock_guard lock(kept_mutex_);
  return {.in_use = in_use_, .kept = kept_.size()};
}

struct Fiber::Switch {
  enum class State : uint8_t { Fresh, Running, Suspended, Ended };

  FiberStacks& stacks;
  std::span<std::byte> stack;
  Body body;
  Fiber* fiber = nullptr;
  State state = State::Fresh;
  ucontext_t inside{};
  ucontext_t outside{};
  AsanStack asan_inside{};
  AsanStack asan_outside{};
#ifdef KANSOKU_FIBER_TSAN
  void* tsan_inside = nullptr;
  void* tsan_outside = nullptr;
#endif

  Switch(FiberStacks& from, std::span<std::byte> on, Body run)
      : stacks(from), stack(on), body(std::move(run)) {
    KANSOKU_CHECK(::getcontext(&inside) == 0);
    inside.uc_stack.ss_sp = stack.data();
    inside.uc_stack.ss_size = stack.size();
    inside.uc_link = nullptr;
    // makecontext() passes ints: the pointer comes in two halves.
    const auto self = reinterpret_cast<uintptr_t>(this);
    ::makecontext(&inside, reinterpret_cast<void (*)()>(&Switch::enter), 2,
                  static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
    asan_inside = {.fake = nullptr, .bottom = stack.data(), .bytes = stack.size()};
#ifdef KANSOKU_FIBER_TSAN
    tsan_inside = __tsan_create_fiber(0);
#endif
  }
  Switch(const Switch&) = delete;
  Switch& operator=(const Switch&) = delete;
  ~Switch() {
#ifdef KANSOKU_FIBER_TSAN
    __tsan_destroy_fiber(tsan_inside);
#endif
    stacks.give_back(stack);
  }

  static void enter(unsigned high, unsigned low);
  void leave(bool for_good);
};

// The first function on a fiber's stack; it never returns.
void Fiber::Switch::enter(unsigned high, unsigned low) {
  auto* self = reinterpret_cast<Switch*>((static_cast<uintptr_t>(high) << 32) | low);
  tell_entered(self->asan_inside, &self->asan_outside);
  self->body(*self->fiber);
  // What the body holds is part of its work.
  self->body = nullptr;
  self->state = State::Ended;
  self->leave(true);
  check_failed("a fiber that has ended is not resumed", __FILE__, __LINE__);
}

void Fiber::Switch::leave(bool for_good) {
  tell_leaving(for_good ? nullptr : &asan_inside, asan_outside);
#ifdef KANSOKU_FIBER_TSAN
  __tsan_switch_to_fiber(tsan_outside, 0);
#endif
  KANSOKU_CHECK(::swapcontext(&inside, &outside) == 0);
  // Perhaps on another thread: bounds of what was left are told anew.
  tell_entered(asan_inside, &asan_outside);
}

Result<std::unique_ptr<Fiber>> Fiber::make(FiberStacks& stacks, Body body) {
  KANSOKU_TRY(const std::span<std::byte> stack, stacks.take());
  return std::unique_ptr<Fiber>(
      new Fiber(std::make_unique<Switch>(stacks, stack, std::move(body))));
}

Fiber::Fiber(std::unique_ptr<Switch> state) : switch_(std::move(state)) { switch_->fiber = this; }

Fiber::~Fiber() {
  KANSOKU_CHECK(switch_->state == Switch::State::Fresh || switch_->state == Switch::State::Ended);
}

bool Fiber::ended() const { return switch_->state == Switch::State::Ended; }

// Not inlined: a caller must not keep the address of something thread-local across the switch.
[[gnu::noinline]] bool Fiber::resume() {
  Switch& s = *switch_;
  KANSOKU_CHECK(s.state == Switch::State::Fresh || s.state == Switch::State::Suspended);
  s.state = Switch::State::Running;
#ifdef KANSOKU_FIBER_TSAN
  s.tsan_outside = __tsan_get_current_fiber();
#endif
  AsanStack here;
  tell_leaving(&here, s.asan_inside);
#ifdef KANSOKU_FIBER_TSAN
  __tsan_switch_to_fiber(s.tsan_inside, 0);
#endif
  KANSOKU_CHECK(::swapcontext(&s.outside, &s.inside) == 0);
  tell_entered(here, nullptr);
  return s.state != Switch::State::Ended;
}

[[gnu::noinline]] void Fiber::yield() {
  Switch& s = *switch_;
  KANSOKU_CHECK(s.state == Switch::State::Running);
  s.state = Switch::State::Suspended;
  s.leave(false);
}

}  // namespace kansoku
