// An array that grows by chunks and never moves its items: no doubling, no copy, stable addresses.
// Thread contract: the owner's; items already made may be read while others are added, provided the
// reader learnt their index through a lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace kansoku::store::metrics {

template <class T, size_t kChunkItems>
class Chunked {
  static_assert((kChunkItems & (kChunkItems - 1)) == 0);

 public:
  T& operator[](size_t i) { return chunks_[i / kChunkItems][i % kChunkItems]; }
  const T& operator[](size_t i) const { return chunks_[i / kChunkItems][i % kChunkItems]; }
  size_t size() const { return size_; }
  size_t memory_bytes() const { return chunks_.size() * kChunkItems * sizeof(T); }

  // New items are value-initialised.
  void grow_to(size_t size) {
    while (chunks_.size() * kChunkItems < size) {
      chunks_.push_back(std::make_unique<T[]>(kChunkItems));
    }
    size_ = std::max(size_, size);
  }
  // Room for `n` items side by side; returns the index of the first.
  size_t grow_together(size_t n) {
    size_t at = size_;
    if (at % kChunkItems + n > kChunkItems) at = (at / kChunkItems + 1) * kChunkItems;
    grow_to(at + n);
    return at;
  }

 private:
  std::vector<std::unique_ptr<T[]>> chunks_;
  size_t size_ = 0;
};

}  // namespace kansoku::store::metrics
