#include "store/reference/reference_catalog.h"

namespace kansoku::store {

Result<CatalogRecord> ReferenceCatalog::get(const std::string& collection,
                                            const std::string& key) const {
  std::lock_guard lock(records_mutex_);
  auto found = records_.find(Key(collection, key));
  if (found == records_.end())
    return fail(ErrorCode::NotFound, "no such record", collection + "/" + key);
  return found->second;
}

Result<std::vector<CatalogRecord>> ReferenceCatalog::list(const std::string& collection,
                                                          const std::string& prefix,
                                                          const std::string& after,
                                                          size_t limit) const {
  std::lock_guard lock(records_mutex_);
  std::vector<CatalogRecord> out;
  auto it = records_.lower_bound(Key(collection, std::max(prefix, after)));
  for (; it != records_.end() && it->first.first == collection; ++it) {
    const std::string& key = it->first.second;
    if (!key.starts_with(prefix)) {
      if (key > prefix) break;
      continue;
    }
    if (!after.empty() && key <= after) continue;
    out.push_back(it->second);
    if (limit > 0 && out.size() == limit) break;
  }
  return out;
}

Result<std::vector<CatalogRecord>> ReferenceCatalog::find(const std::string& collection,
                                                          const std::string& index,
                                                          const std::string& value) const {
  std::lock_guard lock(records_mutex_);
  std::vector<CatalogRecord> out;
  for (auto it = index_.lower_bound(IndexKey(collection, index, value, ""));
       it != index_.end() && std::get<0>(*it) == collection && std::get<1>(*it) == index &&
       std::get<2>(*it) == value;
       ++it) {
    out.push_back(records_.at(Key(collection, std::get<3>(*it))));
  }
  return out;
}

Result<std::vector<uint64_t>> ReferenceCatalog::plan(const std::vector<CatalogWrite>& writes,
                                                     Versions& pending) const {
  std::lock_guard lock(records_mutex_);
  Versions mine = pending;
  std::vector<uint64_t> out;
  for (const CatalogWrite& write : writes) {
    Key key(write.collection, write.key);
    uint64_t version = 0;
    if (auto made = mine.find(key); made != mine.end()) {
      version = made->second;
    } else if (auto found = records_.find(key); found != records_.end()) {
      version = found->second.version;
    }
    if (write.expected_version && *write.expected_version != version) {
      return fail(ErrorCode::FailedPrecondition,
                  fmt::format("version is {}, expected {}", version, *write.expected_version),
                  write.collection + "/" + write.key);
    }
    version = write.value ? version + 1 : 0;
    mine[key] = version;
    out.push_back(version);
  }
  pending = std::move(mine);
  return out;
}

void ReferenceCatalog::put(CatalogRecord record) {
  Key key(record.collection, record.key);
  erase(key);
  for (const auto& [index, value] : record.indexes) {
    index_.insert(IndexKey(record.collection, index, value, record.key));
  }
  records_[key] = std::move(record);
}

void ReferenceCatalog::erase(const Key& key) {
  auto found = records_.find(key);
  if (found == records_.end()) return;
  for (const auto& [index, value] : found->second.indexes) {
    index_.erase(IndexKey(key.first, index, value, key.second));
  }
  records_.erase(found);
}

void ReferenceCatalog::apply(const std::vector<CatalogWrite>& writes,
                             const std::vector<uint64_t>& versions) {
  std::vector<std::pair<std::shared_ptr<Watcher>, CatalogChange>> calls;
  {
    std::lock_guard lock(records_mutex_);
    for (size_t i = 0; i < writes.size(); ++i) {
      const CatalogWrite& write = writes[i];
      if (write.value) {
        put({write.collection, write.key, versions[i], *write.value, write.indexes});
      } else {
        erase(Key(write.collection, write.key));
      }
      for (const auto& [id, watcher] : watchers_) {
        if (watcher.first != write.collection) continue;
        calls.push_back({watcher.second, {write.collection, write.key, versions[i]}});
      }
    }
  }
  for (const auto& [watcher, change] : calls) (*watcher)(change);
}

void ReferenceCatalog::load(CatalogRecord record) {
  std::lock_guard lock(records_mutex_);
  put(std::move(record));
}

size_t ReferenceCatalog::record_count() const {
  std::lock_guard lock(records_mutex_);
  return records_.size();
}

void ReferenceCatalog::commit(std::vector<CatalogWrite> writes,
                              std::move_only_function<void(Result<std::vector<uint64_t>>)> done) {
  Versions pending;
  auto versions = plan(writes, pending);
  if (versions) apply(writes, *versions);
  done(std::move(versions));
}

uint64_t ReferenceCatalog::watch(const std::string& collection, Watcher watcher) {
  std::lock_guard lock(records_mutex_);
  watchers_[next_watcher_] = {collection, std::make_shared<Watcher>(std::move(watcher))};
  return next_watcher_++;
}

void ReferenceCatalog::unwatch(uint64_t id) {
  std::lock_guard lock(records_mutex_);
  watchers_.erase(id);
}

}  // namespace kansoku::store
