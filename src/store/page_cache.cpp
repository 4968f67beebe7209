#include "store/page_cache.h"

namespace kansoku::store {

std::shared_ptr<const std::string> PageCache::find(uint64_t part, uint64_t offset) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find({part, offset});
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->raw;
}

void PageCache::put(uint64_t part, uint64_t offset, std::shared_ptr<const std::string> raw) {
  std::lock_guard lock(mutex_);
  const Key key{part, offset};
  if (raw->size() > bytes_max_ || index_.contains(key)) return;
  bytes_ += raw->size() + kEntryBytes;
  entries_.push_front({key, std::move(raw)});
  index_[key] = entries_.begin();
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    bytes_ -= entries_.back().raw->size() + kEntryBytes;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

uint64_t PageCache::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace kansoku::store
