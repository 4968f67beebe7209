// The reference catalog: maps in memory. Also the read side of the SQLite catalog, which puts what
// it has committed into one of these. Thread contract: free-threaded, one mutex; watchers are
// called on the committing thread, without it.
#pragma once

#include <map>
#include <mutex>

#include "store/catalog.h"

namespace kansoku::store {

class ReferenceCatalog final : public Catalog {
 public:
  Result<CatalogRecord> get(const std::string& collection, const std::string& key) const override;
  Result<std::vector<CatalogRecord>> list(const std::string& collection, const std::string& prefix,
                                          const std::string& after, size_t limit) const override;
  Result<std::vector<CatalogRecord>> find(const std::string& collection, const std::string& index,
                                          const std::string& value) const override;
  void commit(std::vector<CatalogWrite> writes,
              std::move_only_function<void(Result<std::vector<uint64_t>>)> done) override;
  uint64_t watch(const std::string& collection, Watcher watcher) override;
  void unwatch(uint64_t id) override;

  // What `writes` would make, or why they cannot be: new versions in order (0: deleted). `pending`
  // holds versions that other transactions of the same batch have made already (0: deleted).
  using Versions = std::map<std::pair<std::string, std::string>, uint64_t>;
  Result<std::vector<uint64_t>> plan(const std::vector<CatalogWrite>& writes,
                                     Versions& pending) const;
  // Applies planned writes and tells the watchers.
  void apply(const std::vector<CatalogWrite>& writes, const std::vector<uint64_t>& versions);
  // Without watchers: filling from disk.
  void load(CatalogRecord record);
  size_t record_count() const;

 private:
  using Key = std::pair<std::string, std::string>;  // collection, key
  using IndexKey = std::tuple<std::string, std::string, std::string, std::string>;
  void put(CatalogRecord record);
  void erase(const Key& key);

  mutable std::mutex records_mutex_;
  std::map<Key, CatalogRecord> records_;
  std::set<IndexKey> index_;  // collection, index, value, key
  std::map<uint64_t, std::pair<std::string, std::shared_ptr<Watcher>>> watchers_;
  uint64_t next_watcher_ = 1;
};

}  // namespace kansoku::store
