// The inside of EventEngine; used by the engine's own .cpp files alone.
#pragma once

#include <deque>

#include "store/events/batch_record.h"
#include "store/events/engine.h"
#include "store/events/scan.h"
#include "store/trusted_clock.h"

namespace kansoku::store::events {

class Maintenance;

// What readers see: replaced as a whole, but for batches that are added to `active`.
struct View {
  std::shared_ptr<Memtable> active = std::make_shared<Memtable>();
  std::shared_ptr<const Memtable> frozen;  // being written as parts, or null
  std::vector<std::shared_ptr<const Part>> parts;
  std::shared_ptr<const Tombstones> tombstones = std::make_shared<Tombstones>();
};

using Done = std::move_only_function<void(Status)>;

// The deletion of a stream on its way through the log.
struct Deletion {
  StreamDeletion stream;
  Done done;
};

// One delivery, or deletion, between the log and memory.
struct InFlight {
  signal::EventDelivery delivery;
  std::shared_ptr<const signal::EventBatch> accepted;  // null: nothing was
  int64_t ingested_ns = 0;
  signal::Verdict verdict;  // of what was refused
  uint64_t sequence = 0;
  size_t bytes = 0;
  uint64_t record_bytes = 0;
  Status status;
  std::unique_ptr<Deletion> deletion;  // then nothing of the above but sequence and status counts
};

struct FlushRequest {
  uint64_t records = 0;  // wait until the log has answered this many
  bool merge_all = false;
  Done done;
};

struct EventEngine::Core : std::enable_shared_from_this<EventEngine::Core> {
  Core(env::Env e, Executor& x, env::Timers* t, wal::Log& l, EventEngineOptions o);
  ~Core();

  env::Env env;
  Executor& executor;
  env::Timers* timers;
  wal::Log& log;
  EventEngineOptions options;
  mutable PageCache pages;
  mutable OpenBlocks open_blocks;
  std::unique_ptr<TrustedClock> clock;

  mutable std::mutex view_mutex;
  std::shared_ptr<const View> view = std::make_shared<View>();

  // Queues between callers, the log and the drain.
  mutable std::mutex queue_mutex;
  using Incoming = std::variant<signal::EventDelivery, FlushRequest, std::unique_ptr<Deletion>>;
  std::deque<Incoming> incoming;
  std::deque<std::unique_ptr<InFlight>> durable;
  size_t queue_bytes = 0;
  bool draining = false;
  bool closed = false;
  std::atomic<bool> full{false};  // memory takes no more until parts are written
  EventStoreStats counters;
  EventEngineStats engine_counters;

  // The drain's own (one task at a time).
  std::string record;
  uint64_t handed_records = 0;    // to the log
  uint64_t answered_records = 0;  // by the log, in the same order
  uint64_t first_sequence = 0;    // of the active memtable; 0: it is empty
  uint64_t last_sequence = 0;
  uint64_t memory_log_bytes = 0;
  int64_t memory_since_ns = 0;  // monotonic time of its first record
  std::vector<FlushRequest> flushes;

  std::unique_ptr<Maintenance> maintenance;

  // engine.cpp
  void append(signal::EventDelivery delivery);
  void schedule_drain();
  void drain();
  std::shared_ptr<const View> current_view() const;
  void update_view(const std::function<void(View&)>& change);
  ScanView scan_view() const;
  Lifetimes lifetimes(const Tombstones& tombstones) const;

  // engine_ingest.cpp
  void take_in(signal::EventDelivery delivery);
  void judge(InFlight& in_flight) const;
  void take_deletion(std::unique_ptr<Deletion> deletion);
  Result<uint64_t> hand_to_log(std::shared_ptr<std::unique_ptr<InFlight>> holder,
                               std::string_view payload);
  void refused_by_log(InFlight& in_flight, const Error& error);
  void apply(InFlight& in_flight);
  void apply_deletion(InFlight& in_flight);
  void delete_now(const StreamDeletion& deletion, uint64_t sequence);
  void note_in_memory(uint64_t sequence, uint64_t record_bytes);
  Status replay(uint64_t floor);
};

}  // namespace kansoku::store::events
