// The budget of one query: what it may use, what it has used, and whether it should stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/env/env.h"
#include "base/memory_budget.h"
#include "base/result.h"

namespace kansoku::query {

// Defaults let a whole dashboard page work and stop a hostile query within seconds.
struct QueryLimits {
  int64_t time_ms = 30'000;
  uint64_t series_max = 2'000'000;           // the memory of their labels ends a query before
  uint64_t points_max = 200'000'000;         // read from the store
  uint64_t bytes_max = 4ULL << 30;           // read from parts, compressed
  uint64_t memory_bytes_max = 256ULL << 20;  // held by the answer
};

struct QueryCost {
  uint64_t series = 0;
  uint64_t points = 0;
  uint64_t bytes = 0;
  uint64_t memory_bytes = 0;
  int64_t elapsed_ms = 0;
};

// A step of work between two chances for others (ARCHITECTURE, "Threads").
// Samples that come meanwhile wait for a worker, so it is shorter than the 5 ms that are allowed.
inline constexpr int64_t kStepNs = 2 * env::kNsPerMs;

// Thread contract: confined to the query's own call but for what says otherwise; when that call is
// a fiber, it may go on on another thread after check() and spend(), so no lock is held across
// them.
class QueryContext {
 public:
  // `memory`: the budget that all queries share, or null (tests). It outlives the context, which
  // gives back what it took.
  QueryContext(const env::Clock& clock, QueryLimits limits, MemoryBudget* memory = nullptr)
      : clock_(clock), limits_(limits), memory_(memory), started_(clock.monotonic_now()) {}
  ~QueryContext();
  QueryContext(const QueryContext&) = delete;
  QueryContext& operator=(const QueryContext&) = delete;

  // DeadlineExceeded or Cancelled when the query must end. Lets others run when a step is used up.
  Status check();
  // For loops whose turns are shorter than a look at the clock: `units` of work, a value or so each
  // (some nanoseconds). check() every now and then.
  Status spend(uint64_t units) {
    if (units < units_left_) [[likely]] {
      units_left_ -= units;
      return {};
    }
    units_left_ = kUnitsPerCheck;
    return check();
  }
  // check() has failed: for loops that cannot return why.
  bool ended() const { return ended_; }
  // A step begins; when it is used up, check() calls `give_way`, whose return begins the next.
  void set_give_way(std::function<void()> give_way, int64_t step_ns = kStepNs);

  // ResourceExhausted (names the limit) when the query must end.
  Status charge_series(uint64_t series);
  Status charge_points(uint64_t points);
  Status charge_bytes(uint64_t bytes);
  // All of it or, when it is refused, nothing.
  Status charge_memory(uint64_t bytes);
  void release_memory(uint64_t bytes);

  // May be called from any thread; check() fails from then on.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // The store said that damage hides some of what was asked for.
  void note_missing() { missing_.store(true, std::memory_order_relaxed); }
  bool missing() const { return missing_.load(std::memory_order_relaxed); }
  QueryCost cost() const;
  // Share of the work done, in units of the scan (series).
  struct Progress {
    uint64_t done = 0;
    uint64_t total = 0;
  };
  Progress progress() const;
  void set_total(uint64_t total) { total_.store(total, std::memory_order_relaxed); }
  void add_done(uint64_t done) { done_.fetch_add(done, std::memory_order_relaxed); }
  const QueryLimits& limits() const { return limits_; }

 private:
  // 32,768 values of a few nanoseconds are some 100 us: a step is overdrawn by 2 % of its time.
  static constexpr uint64_t kUnitsPerCheck = 32'768;

  const env::Clock& clock_;
  QueryLimits limits_;
  MemoryBudget* memory_;
  env::MonotonicTime started_;
  uint64_t units_left_ = kUnitsPerCheck;
  bool ended_ = false;
  std::function<void()> give_way_;
  int64_t step_ns_ = kStepNs;
  int64_t step_began_ns_ = 0;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> missing_{false};
  std::atomic<uint64_t> series_{0};
  std::atomic<uint64_t> points_{0};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> memory_bytes_{0};
  std::atomic<uint64_t> done_{0};
  std::atomic<uint64_t> total_{0};
};

// Memory charged to a query as long as this lives.
class MemoryHold {
 public:
  explicit MemoryHold(QueryContext& context) : context_(&context) {}
  MemoryHold(MemoryHold&& other) noexcept
      : context_(other.context_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryHold& operator=(MemoryHold&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryHold() { context_->release_memory(bytes_); }
  // Holds `bytes` in all, never fewer than before; what is refused is not held.
  Status hold(uint64_t bytes) {
    if (bytes <= bytes_) return {};
    KANSOKU_RETURN_IF_ERROR(context_->charge_memory(bytes - bytes_));
    bytes_ = bytes;
    return {};
  }

 private:
  QueryContext* context_;
  uint64_t bytes_ = 0;
};

}  // namespace kansoku::query
