#include "store/events/open_blocks.h"

namespace kansoku::store::events {
namespace {

// What an entry takes beside its reader.
constexpr uint64_t kEntryBytes = 192;
// Decoded rows of one block stay up to this part of all, and as long as half of all is free: a
// question that reads every block leaves room for what rules blocks out.
constexpr uint64_t kDecodedPart = 8;

}  // namespace

std::unique_ptr<BlockReader> OpenBlocks::take(uint64_t part, uint32_t block) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find({part, block});
  if (found == index_.end()) return nullptr;
  auto out = std::move(found->second->reader);
  bytes_ -= found->second->bytes;
  entries_.erase(found->second);
  index_.erase(found);
  return out;
}

void OpenBlocks::give_back(uint64_t part, uint32_t block, std::unique_ptr<BlockReader> reader) {
  uint64_t bytes = reader->memory_bytes() + kEntryBytes;
  if (bytes > bytes_max_ / kDecodedPart || this->bytes() + bytes > bytes_max_ / 2) {
    reader->shed();
    bytes = reader->memory_bytes() + kEntryBytes;
  }
  if (bytes > bytes_max_ / 2) return;
  std::list<Entry> gone;  // after the lock
  std::lock_guard lock(mutex_);
  const Key key{part, block};
  if (index_.contains(key)) return;
  entries_.push_front({key, std::move(reader), bytes});
  index_[key] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    bytes_ -= entries_.back().bytes;
    index_.erase(entries_.back().key);
    gone.splice(gone.begin(), entries_, std::prev(entries_.end()));
  }
}

uint64_t OpenBlocks::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace kansoku::store::events
