// The series that have one label pair: ascending ids as varint deltas, about 1-2 bytes each.
// Ids are given in order, so adding is appending. Thread contract: the table's lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace kansoku::store::metrics {

class Postings {
 public:
  uint32_t count() const { return count_; }
  size_t memory_bytes() const { return bytes_.capacity(); }

  // Ids must ascend; a series that was defined out of order (recovery) makes the list be rebuilt.
  void add(uint32_t id) {
    if (count_ > 0 && id <= last_) {
      insert(id);
      return;
    }
    put(count_ == 0 ? id : id - last_);
    last_ = id;
    ++count_;
  }

  template <class Out>
  void append_to(Out& out) const {
    uint32_t id = 0;
    const uint8_t* at = bytes_.data();
    for (uint32_t i = 0; i < count_; ++i) {
      uint32_t delta = 0;
      int shift = 0;
      for (;; shift += 7) {
        uint8_t byte = *at++;
        delta |= static_cast<uint32_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) break;
      }
      id += delta;
      out.push_back(id);
    }
  }

 private:
  void put(uint32_t delta) {
    if (bytes_.size() + 5 > bytes_.capacity()) {
      // Grows by a quarter: long lists must not hold twice what they need.
      bytes_.reserve(bytes_.size() + std::max<size_t>(8, bytes_.size() / 4));
    }
    while (delta >= 0x80) {
      bytes_.push_back(static_cast<uint8_t>(delta | 0x80));
      delta >>= 7;
    }
    bytes_.push_back(static_cast<uint8_t>(delta));
  }
  void insert(uint32_t id) {
    std::vector<uint32_t> ids;
    append_to(ids);
    auto at = std::lower_bound(ids.begin(), ids.end(), id);
    if (at != ids.end() && *at == id) return;
    ids.insert(at, id);
    bytes_.clear();
    count_ = 0;
    for (uint32_t each : ids) add(each);
  }

  std::vector<uint8_t> bytes_;
  uint32_t last_ = 0;
  uint32_t count_ = 0;
};

}  // namespace kansoku::store::metrics
