// Limits of tenants where they differ from the server's defaults; in the catalog, so they survive
// restarts. One limit so far: how many series an account may have.
//
// Owned by the composition root. Thread contract: free-threaded, one mutex.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "store/catalog.h"
#include "store/metric_store.h"

namespace kansoku::api {

class TenantLimits {
 public:
  // Reads what is kept and tells the store.
  static Result<std::unique_ptr<TenantLimits>> open(store::Catalog& catalog,
                                                    store::MetricStore& metrics,
                                                    uint64_t series_default);
  using Done = std::move_only_function<void(Status)>;
  // 0: the default again. In force when `done` runs, and on disk.
  void set_series(const std::string& account, uint64_t series_max, Done done);
  // By account, where not the default.
  std::map<std::string, uint64_t> series() const;
  uint64_t series_default() const { return series_default_; }
  uint64_t series_of(const std::string& account) const;

 private:
  TenantLimits(store::Catalog& catalog, store::MetricStore& metrics, uint64_t series_default)
      : catalog_(catalog), metrics_(metrics), series_default_(series_default) {}

  store::Catalog& catalog_;
  store::MetricStore& metrics_;
  uint64_t series_default_;
  mutable std::mutex series_mutex_;
  std::map<std::string, uint64_t> series_;
};

}  // namespace kansoku::api
