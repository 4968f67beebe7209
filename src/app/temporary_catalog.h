// Replaced by the SQLite catalog as soon as it lands.
#pragma once
#include "base/pool/executor.h"
#include "store/catalog.h"
namespace kansoku::store {
class TemporaryCatalog final : public Catalog {
 public:
  Result<CatalogRecord> get(const std::string& c, const std::string& k) const override {
    auto it = r_.find({c, k});
    if (it == r_.end()) return not_found("no record");
    return it->second;
  }
  Result<std::vector<CatalogRecord>> list(const std::string& c, const std::string&, const std::string&, size_t) const override {
    std::vector<CatalogRecord> out;
    for (auto& [key, v] : r_) if (key.first == c) out.push_back(v);
    return out;
  }
  Result<std::vector<CatalogRecord>> find(const std::string&, const std::string&, const std::string&) const override { return std::vector<CatalogRecord>{}; }
  void commit(std::vector<CatalogWrite> writes, std::move_only_function<void(Result<std::vector<uint64_t>>)> done) override {
    std::vector<uint64_t> versions;
    for (auto& w : writes) {
      if (!w.value) { r_.erase({w.collection, w.key}); versions.push_back(0); continue; }
      auto& rec = r_[{w.collection, w.key}];
      rec.collection = w.collection; rec.key = w.key; rec.value = *w.value; versions.push_back(++rec.version);
    }
    done(versions);
  }
  uint64_t watch(const std::string&, Watcher) override { return 0; }
  void unwatch(uint64_t) override {}
 private:
  std::map<std::pair<std::string, std::string>, CatalogRecord> r_;
};
inline Result<std::unique_ptr<Catalog>> open_sqlite_catalog(env::Env, Executor&, const std::string&) { return std::make_unique<TemporaryCatalog>(); }
}
