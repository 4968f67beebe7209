// The integers of one column of a block, decoded as far as they are asked for: all of them, some,
// or stretch by stretch for a question that keeps none. Thread contract: one owner.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/events/block_ints.h"
#include "store/events/block_pages.h"

namespace kansoku::store::events {

// So few of `count` values are picked out; else all of them are decoded.
inline bool are_few(size_t values, size_t count) { return values * 32 <= count; }

class IntValues {
 public:
  IntValues() = default;
  IntValues(const Chunk& chunk, size_t count) : chunk_(chunk), count_(count) {}
  // At most so many are visited at once.
  static constexpr size_t kVisitedMax = 1'024;

  size_t size() const { return count_; }
  bool loaded() const { return all_; }
  Status load(PageReader& pages);
  // Those at `places` (ascending): at() knows them, and no longer those of an earlier call, unless
  // all are loaded.
  Status prepare(PageReader& pages, std::span<const uint32_t> places);
  int64_t at(size_t place) const { return all_ ? all()[place] : picked(place); }
  // Once loaded.
  std::span<const int64_t> all() const { return {values_.get(), all_ ? count_ : 0}; }
  // Whether all, once loaded, are in [0, end).
  bool below(size_t end) const;
  // Calls use(first, values) for all stretches in turn; false from it ends that.
  template <class Use>
  Status visit(PageReader& pages, Use use) const {
    if (all_) {
      for (size_t first = 0; first < count_; first += kVisitedMax) {
        const size_t some = std::min(kVisitedMax, count_ - first);
        if (!use(first, all().subspan(first, some))) break;
      }
      return {};
    }
    KANSOKU_TRY(const std::string_view coded, pages.read(chunk_));
    BlockIntsReader reader;
    std::array<int64_t, kVisitedMax> values;
    if (!reader.open(coded.data(), coded.data() + coded.size(), count_)) return damaged();
    for (size_t first = 0; first < count_; first += kVisitedMax) {
      const auto some = std::span(values).first(std::min(kVisitedMax, count_ - first));
      if (!reader.next(some)) return damaged();
      if (!use(first, std::span<const int64_t>(some))) break;
    }
    return {};
  }
  // They say which of some values each is: sets `hit` to 1 where that one holds. DataLoss when they
  // name one that is not there.
  Status hit_by_code(PageReader& pages, std::span<const uint8_t> holds,
                     std::span<uint8_t> hit) const;
  void shed();
  size_t memory_bytes() const {
    return ((all_ ? count_ : 0) + picks_.capacity()) * sizeof(int64_t) +
           places_.capacity() * sizeof(uint32_t);
  }

 private:
  static Status damaged();
  int64_t picked(size_t place) const;

  Chunk chunk_;
  size_t count_ = 0;
  bool all_ = false;
  std::unique_ptr<int64_t[]> values_;  // all of them
  std::vector<uint32_t> places_;       // else some
  std::vector<int64_t> picks_;         // at those
};

}  // namespace kansoku::store::events
