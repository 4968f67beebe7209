// Catalog: typed records in collections: compare-and-set by version, secondary keys, watch.
//
// A record is bytes (its owner encodes them: JSON of a described struct) under (collection, key),
// with a version that starts at 1 and grows by 1 a write. A transaction is all or nothing, so that
// a state change and what it announces (outbox) are one. Thread contract: free-threaded; writes
// answer by callback after they are on disk, reads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace kansoku::store {

struct CatalogRecord {
  std::string collection;
  std::string key;
  uint64_t version = 0;
  std::string value;
  // Secondary keys: (index name, value); found by find().
  std::vector<std::pair<std::string, std::string>> indexes;
};

struct CatalogWrite {
  std::string collection;
  std::string key;
  std::optional<std::string> value;  // nothing: delete
  std::vector<std::pair<std::string, std::string>> indexes;
  // 0: must not exist; a number: must have that version; nothing: whatever is there.
  std::optional<uint64_t> expected_version;
};

struct CatalogChange {
  std::string collection;
  std::string key;
  uint64_t version = 0;  // 0: deleted
};

class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual Result<CatalogRecord> get(const std::string& collection,
                                    const std::string& key) const = 0;
  // Ordered by key, keys in (after, ...) that begin with prefix, at most `limit` (0: all).
  virtual Result<std::vector<CatalogRecord>> list(const std::string& collection,
                                                  const std::string& prefix,
                                                  const std::string& after, size_t limit) const = 0;
  virtual Result<std::vector<CatalogRecord>> find(const std::string& collection,
                                                  const std::string& index,
                                                  const std::string& value) const = 0;
  // All writes or none; FailedPrecondition (object: collection/key) when an expected version does
  // not hold. The callback gets the new versions in the order of the writes.
  virtual void commit(std::vector<CatalogWrite> writes,
                      std::move_only_function<void(Result<std::vector<uint64_t>>)> done) = 0;
  using Watcher = std::function<void(const CatalogChange&)>;
  // Called after a commit, on the writer; must be short. Returns an id for unwatch().
  virtual uint64_t watch(const std::string& collection, Watcher watcher) = 0;
  virtual void unwatch(uint64_t id) = 0;
};

}  // namespace kansoku::store
