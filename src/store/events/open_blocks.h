// Readers of blocks that scans used lately: what their directories, dictionaries and templates say
// is parsed once, not by every question. A scan takes a reader for itself and gives it back; two
// that read one block at once have a reader each. Bounded by bytes; the one not asked for the
// longest goes first, and long before that what it decoded of rows.
//
// Thread contract: free-threaded.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "store/events/block.h"

namespace kansoku::store::events {

class OpenBlocks {
 public:
  explicit OpenBlocks(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  // Null: none is here. The caller rebinds it.
  std::unique_ptr<BlockReader> take(uint64_t part, uint32_t block);
  void give_back(uint64_t part, uint32_t block, std::unique_ptr<BlockReader> reader);
  uint64_t bytes() const;

 private:
  using Key = std::pair<uint64_t, uint32_t>;
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::hash<uint64_t>()(key.first * 0x9e3779b97f4a7c15ULL + key.second);
    }
  };
  struct Entry {
    Key key;
    std::unique_ptr<BlockReader> reader;
    uint64_t bytes = 0;
  };

  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // given back last first
  std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> index_;
  uint64_t bytes_ = 0;
};

}  // namespace kansoku::store::events
