// What senders say of metric families: type, help, unit. In the catalog, so it survives restarts.
//
// Owned by PrometheusApi. Thread contract: free-threaded, one mutex.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "store/catalog.h"
#include "wire/remote_write/remote_write.h"

namespace kansoku::api::prometheus {

// A tenant's families; more are refused (a real server has a few thousand).
inline constexpr size_t kFamiliesMax = 100'000;
// Help texts are cut here: the quota of managed Prometheus is 1 KiB.
inline constexpr size_t kHelpBytesMax = 4'096;

class MetadataStore {
 public:
  using Metadata = wire::remote_write::Metadata;
  // `catalog` null: memory only (tests).
  static Result<std::unique_ptr<MetadataStore>> open(store::Catalog* catalog);

  // Keeps what is new or has changed; answers after it is on disk, at once when nothing changed.
  void put(const std::string& account, std::vector<Metadata> metadata,
           std::move_only_function<void(Status)> done);
  // Ordered by family; `family` empty: all.
  std::vector<Metadata> list(const std::string& account, std::string_view family) const;

 private:
  explicit MetadataStore(store::Catalog* catalog) : catalog_(catalog) {}
  using Families = std::map<std::string, Metadata, std::less<>>;

  store::Catalog* catalog_;
  mutable std::mutex families_mutex_;
  std::map<std::string, Families> families_;  // by account
};

}  // namespace kansoku::api::prometheus
