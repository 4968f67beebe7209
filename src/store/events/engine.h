// The embedded engine of wide events: log, memtable, immutable parts, background merges
// (docs/architecture.md).
//
// append() only queues. One task at a time (the drain, on Lane::Ingest) judges a batch, writes one
// log record of it, and, when the log has made it durable, puts it into the memtable and resolves
// the token; so memory holds nothing that a crash could lose, and everything acknowledged is found.
// Parts are written and merged on Lane::Merge, one block a step. Thread contract: as EventStore.
// The log, the executor and the policies must outlive the engine; close() before any of them stops.
#pragma once

#include <memory>
#include <string>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "store/event_store.h"
#include "store/wal/log.h"

namespace kansoku::store::events {

struct EventEngineOptions {
  std::string directory;  // of this engine alone, e.g. DATA/events
  // What the settings say of groups; null: everything is kept.
  const EventPolicies* policies = nullptr;
  // Batches queued and in the log's hands; over it append() drops with `overload`.
  size_t queue_bytes_max = 32U << 20;
  // Parts are written when the memtable has this much, ...
  uint64_t seal_memory_bytes = 64U << 20;
  // ... or is this old and worth a part by its size, ...
  int64_t seal_age_ns = 30 * env::kNsPerS;
  uint64_t seal_age_bytes_min = 4U << 20;
  // ... or its oldest record this age: below the 5 minutes that an engine may pin, ...
  int64_t seal_age_max_ns = 240 * env::kNsPerS;
  // ... or its records this many bytes in the log.
  uint64_t seal_log_bytes = 96U << 20;
  // Over this, with what is being written, append() drops with `overload`.
  uint64_t memory_bytes_max = 160U << 20;
  // Parts of one level that become one of the next, which the last level does not.
  size_t merge_fan_in = 8;
  uint32_t merge_levels_max = 4;
  // Parts beyond this are not merged further.
  uint64_t merge_bytes_max = 2ULL << 30;
  bool merge_in_background = true;
  // Blocks of a group of no more streams than this are cut by time, of others by stream.
  uint32_t time_cut_streams_max = 128;
  // Blocks with so many bytes of messages and no more streams are copied by merges as they are.
  uint64_t copy_bytes_min = 2U << 20;
  uint32_t copy_streams_max = 128;
  // Stored pages that queries may find again.
  uint64_t page_cache_bytes = 32U << 20;
  // Parsed directories, names and filters of blocks that queries used lately: 50 to 150 KiB a full
  // block, so they tell of 2 to 6 GB of messages.
  uint64_t open_blocks_bytes = 48U << 20;
};

// Beside EventStoreStats, for the program's own metrics page.
struct EventEngineStats {
  uint64_t rows_rejected = 0;
  uint64_t rows_dropped = 0;
  uint64_t seal_failures = 0;
  uint64_t merge_failures = 0;
  uint64_t blocks_copied = 0;  // by merges, without decoding
  uint64_t queue_bytes = 0;
  uint64_t replayed_records = 0;
  uint64_t log_damages = 0;
  uint64_t tombstones = 0;
  uint64_t merge_busy_ns = 0;
};

class EventEngine final : public EventStore {
 public:
  // Loads the manifest and parts, replays the log (which must not have been started). `timers` may
  // be null: then nothing is sealed by age (tests).
  static Result<std::unique_ptr<EventEngine>> open(env::Env env, Executor& executor,
                                                   env::Timers* timers, wal::Log& log,
                                                   EventEngineOptions options);
  EventEngine(const EventEngine&) = delete;
  EventEngine& operator=(const EventEngine&) = delete;
  ~EventEngine() override;

  void append(signal::EventDelivery delivery) override;
  Result<EventScanReport> scan(const EventScan& scan, const EventSink& sink) const override;
  Result<EventFields> fields(const EventScan& scan) const override;
  // Counts are of whole blocks where only some rows of one are deleted or over.
  Result<std::vector<EventStreamInfo>> streams(const EventScan& scan,
                                               const std::string& after_group,
                                               const std::string& after_stream,
                                               size_t limit) const override;
  void delete_stream(signal::Scope scope, std::string group, std::string stream,
                     std::move_only_function<void(Status)> done) override;
  void flush(bool merge_all, std::move_only_function<void(Status)> done) override;
  void enforce_retention(std::move_only_function<void(Status)> done) override;
  // Puts a copy of the engine's files into an existing empty directory. Opened with a copy of the
  // log that was taken later, it has everything that was acknowledged before this call.
  void snapshot(std::string directory, std::move_only_function<void(Status)> done);
  EventStoreStats stats() const override;
  EventEngineStats engine_stats() const;
  // Stops timers and background work; what is in the log's hands is still answered. Appends are
  // dropped afterwards.
  void close();

  struct Core;

 private:
  explicit EventEngine(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace kansoku::store::events
