// The series that have one label pair: ascending ids as varint deltas, about 1-2 bytes each.
//
// New ids are given in order, so adding is appending; series that come back have ids from before
// and wait in a list of their own until it is worth to write all anew. Thread contract: the table's
// lock.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace kansoku::store::metrics {

class Postings {
 public:
  // An id that was added twice may count twice until the list is written anew.
  size_t count() const { return count_ + (late_ ? late_->size() : 0); }
  size_t memory_bytes() const {
    return bytes_.capacity() + (late_ ? late_->capacity() * sizeof(uint32_t) : 0);
  }

  void add(uint32_t id) {
    if (count_ == 0 || id > last_) {
      put(count_ == 0 ? id : id - last_);
      last_ = id;
      ++count_;
      return;
    }
    if (!late_) late_ = std::make_unique<std::vector<uint32_t>>();
    late_->push_back(id);
    if (late_->size() > kLateFree + count_ / 8) rebuild([](uint32_t) { return true; });
  }

  // Appends the ids, ascending, each once.
  template <class Out>
  void append_to(Out& out) const {
    const auto begin = static_cast<std::ptrdiff_t>(out.size());
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
    if (!late_) return;
    for (uint32_t each : *late_) out.push_back(each);
    std::sort(out.begin() + begin, out.end());
    out.erase(std::unique(out.begin() + begin, out.end()), out.end());
  }

  // Writes the list anew with the ids that `keep` keeps.
  template <class Keep>
  void rebuild(Keep keep) {
    std::vector<uint32_t> ids;
    ids.reserve(count());
    append_to(ids);
    std::erase_if(ids, [&](uint32_t id) { return !keep(id); });
    *this = Postings();
    for (uint32_t id : ids) add(id);
  }

 private:
  static constexpr size_t kLateFree = 64;

  void put(uint32_t delta) {
    if (bytes_.size() + 5 > bytes_.capacity()) {
      // Grows by a quarter: long lists must not hold twice what they need.
      bytes_.reserve(bytes_.size() + std::max<size_t>(8, bytes_.size() / 4));
    }
    if (delta < 0x80) {
      bytes_.push_back(static_cast<uint8_t>(delta));
      return;
    }
    std::array<uint8_t, 5> coded;
    size_t n = 0;
    for (; delta >= 0x80; delta >>= 7) coded[n++] = static_cast<uint8_t>(delta | 0x80);
    coded[n++] = static_cast<uint8_t>(delta);
    bytes_.insert(bytes_.end(), coded.begin(), coded.begin() + n);
  }

  std::vector<uint8_t> bytes_;
  std::unique_ptr<std::vector<uint32_t>> late_;  // not in order; null: none
  uint32_t last_ = 0;
  uint32_t count_ = 0;  // in bytes_
};

}  // namespace kansoku::store::metrics
