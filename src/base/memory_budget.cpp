#include "base/memory_budget.h"

#include "base/check.h"

namespace kansoku {

Status MemoryBudget::take(uint64_t bytes) {
  uint64_t used = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (limit_bytes_ != 0 && used > limit_bytes_) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return resource_exhausted(
        "memory budget \"{}\" exhausted: {} bytes wanted, {} in use, limit {}", name_, bytes,
        used - bytes, limit_bytes_);
  }
  if (parent_ != nullptr) {
    if (auto status = parent_->take(bytes); !status) {
      used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      return status;
    }
  }
  uint64_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (used > peak && !peak_bytes_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
  return {};
}

void MemoryBudget::give_back(uint64_t bytes) {
  uint64_t before = used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  KANSOKU_CHECK(before >= bytes);
  if (parent_ != nullptr) parent_->give_back(bytes);
}

Result<MemoryLease> MemoryLease::take(MemoryBudget& budget, uint64_t bytes) {
  KANSOKU_RETURN_IF_ERROR(budget.take(bytes));
  MemoryLease lease;
  lease.budget_ = &budget;
  lease.bytes_ = bytes;
  return lease;
}

MemoryLease& MemoryLease::operator=(MemoryLease&& other) noexcept {
  if (this != &other) {
    release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Status MemoryLease::resize(uint64_t bytes) {
  KANSOKU_CHECK(budget_ != nullptr);
  if (bytes > bytes_) {
    KANSOKU_RETURN_IF_ERROR(budget_->take(bytes - bytes_));
  } else {
    budget_->give_back(bytes_ - bytes);
  }
  bytes_ = bytes;
  return {};
}

void MemoryLease::release() {
  if (budget_ != nullptr && bytes_ > 0) budget_->give_back(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

}  // namespace kansoku
