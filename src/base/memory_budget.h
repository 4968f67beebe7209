// MemoryBudget: a tree of byte counts with limits, process -> subsystem -> request.
//
// Whoever is about to hold memory of a size that input decides takes it here first. Over budget is
// ResourceExhausted (the caller slows its producer or refuses with 429/503), never an allocation
// failure. Owned by whoever makes it; a child must not outlive its parent. Thread contract:
// free-threaded.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace kansoku {

class MemoryBudget {
 public:
  // limit 0: only the parent's limit holds.
  MemoryBudget(std::string name, uint64_t limit_bytes, MemoryBudget* parent = nullptr)
      : name_(std::move(name)), limit_bytes_(limit_bytes), parent_(parent) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes from this and every budget above it, or from none.
  Status take(uint64_t bytes);
  void give_back(uint64_t bytes);
  uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  uint64_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  uint64_t limit_bytes() const { return limit_bytes_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  uint64_t limit_bytes_;
  MemoryBudget* parent_;
  std::atomic<uint64_t> used_bytes_{0};
  std::atomic<uint64_t> peak_bytes_{0};
};

// Bytes taken from a budget, given back when it goes.
class MemoryLease {
 public:
  MemoryLease() = default;
  static Result<MemoryLease> take(MemoryBudget& budget, uint64_t bytes);
  MemoryLease(MemoryLease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryLease& operator=(MemoryLease&& other) noexcept;
  MemoryLease(const MemoryLease&) = delete;
  MemoryLease& operator=(const MemoryLease&) = delete;
  ~MemoryLease() { release(); }
  // Grows or shrinks to `bytes`; on failure it stays as it was.
  Status resize(uint64_t bytes);
  void release();
  uint64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace kansoku
