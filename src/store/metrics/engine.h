// The embedded metric engine: log, head, immutable parts, background merges (docs/architecture.md).
//
// append() only queues. One task at a time (the drain, on Lane::Ingest) looks the series up, writes
// one log record a batch, and, when the log has made it durable, puts the points into the head and
// resolves the token; so the head holds nothing that a crash could lose. Parts are written and
// merged on Lane::Merge in steps of at most 5 ms. Thread contract: as MetricStore. The log and the
// executor must outlive the engine; close() before either stops.
#pragma once

#include <memory>
#include <string>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "store/metric_limits.h"
#include "store/metric_store.h"
#include "store/wal/log.h"

namespace kansoku::store::metrics {

// Replacing series that the matchers find, in every account: how long their points are kept, at
// least the 15 days that back-fill needs, and how long cells of each of kTiersMs (0: none).
struct TierRule {
  std::vector<Matcher> matchers;
  int64_t raw_ms = kReplaceRetentionMs;
  std::array<int64_t, kTiersMs.size()> keep_ms{};
};
inline constexpr size_t kTierRulesMax = 64;

struct MetricEngineOptions {
  std::string directory;  // of this engine alone, e.g. DATA/metrics
  int64_t replace_retention_ms = kReplaceRetentionMs;
  // The first that finds a series counts; at most kTierRulesMax.
  std::vector<TierRule> tier_rules;
  uint64_t series_per_tenant_max = kSeriesPerTenantMax;
  // Batches queued and in the log's hands; over it append() drops with `overload`.
  size_t queue_bytes_max = 32U << 20;
  // A part is written when the head's records reach this in the log (restart replays them at about
  // 10 M points a second, and twice this can be pinned while a part is being written), ...
  uint64_t seal_log_bytes = 32U << 20;
  // ... the head's streams this (memory), ...
  uint64_t seal_head_bytes = 64U << 20;
  // ... or its oldest record this age: below the 5 minutes that an engine may pin.
  int64_t seal_age_ns = 240 * env::kNsPerS;
  // Parts of one level that become one of the next.
  size_t merge_fan_in = 8;
  // Parts beyond this are not merged further.
  uint64_t merge_bytes_max = 2ULL << 30;
  bool merge_in_background = true;
  // Series without a point for so long leave the memory; they are looked for four times as often,
  // and only if there are some.
  int64_t series_idle_ms = 15 * 60'000;
  size_t series_leave_min = 1024;
  // Decompressed pages that queries may find again.
  uint64_t page_cache_bytes = 64U << 20;
};

// Beside MetricStoreStats, for the program's own metrics page.
struct MetricEngineStats {
  uint64_t points_rejected = 0;
  uint64_t points_dropped = 0;
  uint64_t seals = 0;
  uint64_t seal_failures = 0;
  uint64_t merge_failures = 0;
  uint64_t series_memory_bytes = 0;
  uint64_t series_cold = 0;  // that are not in memory
  uint64_t tier_parts = 0;   // of replacing series
  uint64_t tier_bytes = 0;
  uint64_t cold_bytes = 0;  // of their segments
  uint64_t queue_bytes = 0;
  uint64_t pages_damaged = 0;
  uint64_t replayed_records = 0;
  uint64_t replay_points_lost = 0;  // points whose series' definition was damaged
  uint64_t log_damages = 0;
  uint64_t merge_busy_ns = 0;
  uint64_t pages_read = 0;
};

class MetricEngine final : public MetricStore {
 public:
  // Loads series and parts, replays the log (which must not have been started). `timers` may be
  // null: then nothing is sealed by age (tests).
  static Result<std::unique_ptr<MetricEngine>> open(env::Env env, Executor& executor,
                                                    env::Timers* timers, wal::Log& log,
                                                    MetricEngineOptions options);
  MetricEngine(const MetricEngine&) = delete;
  MetricEngine& operator=(const MetricEngine&) = delete;
  ~MetricEngine() override;

  void append(signal::MetricDelivery delivery) override;
  Result<std::vector<SeriesInfo>> select(const SeriesSelector& selector) const override;
  Result<ScanReport> scan(const MetricScan& scan, const ScanSink& sink) const override;
  void flush(bool merge_all, std::move_only_function<void(Status)> done) override;
  void enforce_retention(std::move_only_function<void(Status)> done) override;
  void delete_points(SeriesDeletion deletion, DeletionDone done) override;
  void clean_tombstones(std::move_only_function<void(Status)> done) override;
  Status set_series_limit(const std::string& account, uint64_t series_max) override;
  Result<std::vector<int64_t>> last_read_ms(std::span<const SeriesId> ids) const override;
  // Puts a copy of the engine's files into an existing empty directory. Opened with a copy of the
  // log that was taken later, it has everything that was acknowledged before this call.
  void snapshot(std::string directory, std::move_only_function<void(Status)> done);
  MetricStoreStats stats() const override;
  MetricEngineStats engine_stats() const;
  // Stops timers and background work; what is in the log's hands is still answered. Appends are
  // dropped afterwards.
  void close();

  struct Core;

 private:
  explicit MetricEngine(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace kansoku::store::metrics
