// The reference metric engine: maps in memory, naive, obviously right, nothing durable. It answers
// appends at once. Every other engine is compared with it (store/metric_store_conformance.h).
// Thread contract: free-threaded, one mutex.
#pragma once

#include <map>
#include <mutex>

#include "base/env/env.h"
#include "store/metric_limits.h"
#include "store/metric_store.h"
#include "store/trusted_clock.h"

namespace kansoku::store {

struct ReferenceMetricOptions {
  int64_t replace_retention_ms = kReplaceRetentionMs;
  uint64_t series_per_tenant_max = kSeriesPerTenantMax;
};

class ReferenceMetricStore final : public MetricStore {
 public:
  ReferenceMetricStore(const env::Clock& clock, ReferenceMetricOptions options);
  void append(signal::MetricDelivery delivery) override;
  Result<std::vector<SeriesInfo>> select(const SeriesSelector& selector) const override;
  Result<ScanReport> scan(const MetricScan& scan, const ScanSink& sink) const override;
  void flush(bool merge_all, std::move_only_function<void(Status)> done) override;
  void enforce_retention(std::move_only_function<void(Status)> done) override;
  void delete_points(SeriesDeletion deletion, DeletionDone done) override;
  void clean_tombstones(std::move_only_function<void(Status)> done) override;
  Status set_series_limit(const std::string& account, uint64_t series_max) override;
  Result<std::vector<int64_t>> last_read_ms(std::span<const SeriesId> ids) const override;
  MetricStoreStats stats() const override;

 private:
  using Key = std::tuple<signal::Scope, std::string, signal::MergeKind>;
  struct Series {
    SeriesInfo info;
    signal::Scope scope;
    std::map<int64_t, signal::Point> points;
    bool seen = false;  // has points, as far as deletions tell
    mutable int64_t read_ms = 0;
  };
  // The series, made at need; nothing when the tenant has too many.
  Series* series_for(const signal::Scope& scope, std::string_view labels,
                     const signal::SeriesMeta& meta);
  static Result<bool> matches(const Series& series, const SeriesSelector& selector);
  std::map<int64_t, signal::Point> shown(const Series& series, const MetricScan& scan,
                                         int64_t now_ms) const;

  const env::Clock* clock_;
  ReferenceMetricOptions options_;
  mutable TrustedClock trusted_;
  mutable std::mutex series_mutex_;
  std::map<Key, SeriesId> ids_;
  std::vector<Series> series_;
  std::map<std::string, uint64_t> series_limits_;
  uint64_t points_ = 0;
};

}  // namespace kansoku::store
