// The catalog on SQLite, synchronous full. All records are also held in memory (they are settings,
// not data), so reads never touch the disk; writes are checked against memory, written in one
// SQLite transaction a batch by one task at a time (on the pool), and seen and answered when it is
// on disk. Thread contract: as Catalog. The executor outlives it; close() first.
#pragma once

#include <memory>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "store/catalog.h"

namespace kansoku::store {

struct CatalogStats {
  uint64_t records = 0;
  uint64_t transactions = 0;
  uint64_t batches = 0;
  uint64_t conflicts = 0;
  uint64_t failures = 0;
  bool read_only = false;
  std::string last_error;
};

class SqliteCatalog final : public Catalog {
 public:
  // Transactions waiting for the writer; beyond, commit() answers ResourceExhausted.
  static constexpr size_t kQueueMax = 10'000;

  static Result<std::unique_ptr<SqliteCatalog>> open(env::Env env, Executor& executor,
                                                     const std::string& path);
  SqliteCatalog(const SqliteCatalog&) = delete;
  SqliteCatalog& operator=(const SqliteCatalog&) = delete;
  ~SqliteCatalog() override;

  Result<CatalogRecord> get(const std::string& collection, const std::string& key) const override;
  Result<std::vector<CatalogRecord>> list(const std::string& collection, const std::string& prefix,
                                          const std::string& after, size_t limit) const override;
  Result<std::vector<CatalogRecord>> find(const std::string& collection, const std::string& index,
                                          const std::string& value) const override;
  void commit(std::vector<CatalogWrite> writes,
              std::move_only_function<void(Result<std::vector<uint64_t>>)> done) override;
  uint64_t watch(const std::string& collection, Watcher watcher) override;
  void unwatch(uint64_t id) override;
  CatalogStats stats() const;
  // A copy of the database as of one moment, durable; commits wait meanwhile.
  Status snapshot(const std::string& path);
  // Writes what is queued on this thread and closes the database; later commits are refused.
  void close();

 private:
  struct State;
  explicit SqliteCatalog(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace kansoku::store
