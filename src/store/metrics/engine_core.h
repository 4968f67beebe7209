// The inside of MetricEngine; used by the engine's own .cpp files alone.
#pragma once

#include <deque>

#include "store/metrics/batch_record.h"
#include "store/metrics/cold_index.h"
#include "store/metrics/engine.h"
#include "store/metrics/head.h"
#include "store/metrics/series_table.h"
#include "store/metrics/tombstones.h"
#include "store/metrics/usage.h"
#include "store/page_cache.h"
#include "store/trusted_clock.h"

namespace kansoku::store::metrics {

class Part;
class Maintenance;
struct TierState;

// What readers see beside the head: replaced as a whole.
struct View {
  std::shared_ptr<const FrozenHead> frozen;
  std::vector<std::shared_ptr<const Part>> parts;  // in log order
  std::shared_ptr<const Tombstones> tombstones = std::make_shared<Tombstones>();
  // Series that are not in the table; never null.
  std::shared_ptr<const ColdIndex> cold = std::make_shared<ColdIndex>();
  // Never null once the engine is open.
  std::shared_ptr<const TierState> tiers;
};

// A deletion on its way through the log.
struct Deletion {
  Tombstone tombstone;
  uint64_t series = 0;  // that had points when it was asked for
  MetricStore::DeletionDone done;
};

// One delivery between the log and the head.
struct InFlight {
  signal::MetricDelivery delivery;
  std::vector<SeriesId> ids;      // by series row
  std::vector<uint8_t> accepted;  // by point; empty: all
  std::vector<SeriesId> defined;  // series whose definition is in this record
  signal::Verdict verdict;
  uint64_t stored = 0;
  uint64_t sequence = 0;
  size_t bytes = 0;
  uint64_t record_bytes = 0;
  Status status;
  std::unique_ptr<Deletion> deletion;  // then nothing of the above but sequence and status counts
};

struct FlushRequest {
  uint64_t records = 0;  // wait until the log has answered this many
  bool merge_all = false;
  std::move_only_function<void(Status)> done;
};

struct MetricEngine::Core : std::enable_shared_from_this<MetricEngine::Core> {
  Core(env::Env e, Executor& x, env::Timers* t, wal::Log& l, MetricEngineOptions o,
       std::string_view secret);
  ~Core();

  env::Env env;
  Executor& executor;
  env::Timers* timers;
  wal::Log& log;
  MetricEngineOptions options;
  SeriesTable table;
  SlabCache slabs;
  PageCache pages;
  Head head;
  std::unique_ptr<TrustedClock> clock;

  mutable std::mutex view_mutex;
  std::shared_ptr<const View> view = std::make_shared<View>();

  // Queues between callers, the log and the drain.
  mutable std::mutex queue_mutex;
  using Incoming = std::variant<signal::MetricDelivery, FlushRequest, std::unique_ptr<Deletion>>;
  std::deque<Incoming> incoming;
  std::deque<std::unique_ptr<InFlight>> durable;
  size_t queue_bytes = 0;
  bool draining = false;
  bool closed = false;
  std::atomic<bool> full{false};  // the head takes no more until a part is written
  MetricStoreStats counters;
  MetricEngineStats engine_counters;
  std::map<std::string, uint64_t> series_limits;  // by account, where not the default
  SeriesUsage usage;
  // Imports take no points of replacing series from before this.
  std::atomic<int64_t> tier_frontier_ms{std::numeric_limits<int64_t>::min()};

  // The drain's own (one task at a time).
  std::string record;
  std::vector<Hash128> hashes;
  ColdReader cold_reader{&pages};
  std::vector<SeriesId> returned;    // from the cold, since the head was frozen last
  uint64_t handed_records = 0;       // to the log
  uint64_t answered_records = 0;     // by the log, in the same order
  uint64_t head_first_sequence = 0;  // 0: the head is empty
  uint64_t head_sequence = 0;        // last record in the head
  uint64_t head_log_bytes = 0;
  int64_t head_since_ns = 0;  // monotonic time of its first record
  std::vector<FlushRequest> flushes;

  std::unique_ptr<Maintenance> maintenance;

  // engine.cpp
  void append(signal::MetricDelivery delivery);
  void schedule_drain();
  void drain();
  std::shared_ptr<const View> current_view() const;
  bool damaged() const;
  void update_view(const std::function<void(View&)>& change);

  // engine_ingest.cpp
  void take_in(signal::MetricDelivery delivery);
  void judge_times(InFlight& in_flight);
  void resolve_series(InFlight& in_flight);
  struct NewSeries;
  uint64_t series_limit(const std::string& account) const;
  void refuse_rows(InFlight& in_flight, const std::vector<std::pair<std::string, Error>>& refused);
  void hand_to_log(std::unique_ptr<InFlight> in_flight);
  void refused_by_log(InFlight& in_flight, const Error& error);
  void apply(InFlight& in_flight);
  template <class IdOf, class DistributionOf>
  void put_points(std::span<const int64_t> times, std::span<const double> values, IdOf id_of,
                  DistributionOf distribution_of);
  void put_batch(const InFlight& in_flight);
  void put_replayed(const DecodedRecord& points);
  void note_in_head(uint64_t sequence, uint64_t record_bytes);
  Status replay(uint64_t floor);

  // engine_cold.cpp
  Result<std::vector<SeriesInfo>> select(const SeriesSelector& selector, Unseen unseen);
  SeriesId find_cold(const ColdIndex& cold, uint64_t hash, const signal::Scope& scope,
                     signal::MergeKind merge, std::string_view canonical);
  bool restore_cold(SeriesId id);
  void restore(const ColdReader::Found& found);
  // `cache`: null for background work.
  SeriesKinds series_kinds(PageCache* cache = nullptr);

  // deletions.cpp
  void delete_points(SeriesDeletion deletion, MetricStore::DeletionDone done);
  void take_deletion(std::unique_ptr<Deletion> deletion);
  void apply_deletion(InFlight& in_flight);
  void delete_now(std::shared_ptr<const Tombstone> tombstone);
  Status replay_deletion(std::string_view payload, uint64_t sequence, uint64_t floor);

  // engine_scan.cpp
  Result<ScanReport> scan(const MetricScan& scan, const ScanSink& sink);
  // Points as they are on disk and in memory, of any scope and time; for background work.
  Result<ScanReport> scan_stored(const MetricScan& scan, const ScanSink& sink);
};

}  // namespace kansoku::store::metrics
