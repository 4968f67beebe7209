// Pages that queries read lately, decompressed and checked, so that dashboards which ask again do
// not pay again. Bounded by bytes; the one not asked for the longest goes first.
//
// Thread contract: free-threaded.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace kansoku::store {

class PageCache {
 public:
  explicit PageCache(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  // Null: not here. Parts are never rewritten, so a page is known by its part and place.
  std::shared_ptr<const std::string> find(uint64_t part, uint64_t offset);
  void put(uint64_t part, uint64_t offset, std::shared_ptr<const std::string> raw);
  uint64_t bytes() const;

 private:
  struct Key {
    uint64_t part = 0;
    uint64_t offset = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::hash<uint64_t>()(key.part * 0x9e3779b97f4a7c15ULL + key.offset);
    }
  };
  struct Entry {
    Key key;
    std::shared_ptr<const std::string> raw;
  };
  // What an entry takes beside its page.
  static constexpr uint64_t kEntryBytes = 160;

  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // asked for last first
  std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> index_;
  uint64_t bytes_ = 0;
};

}  // namespace kansoku::store
