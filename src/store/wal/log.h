// The log: the one place that makes a delivery durable.
//
// One log a data directory, one writer thread (or, in tests, whoever calls run_once()). append()
// copies the record into a bounded queue and returns; the writer puts everything that is queued
// into the current segment with one write and one fdatasync (a group) and then calls back, in
// order. A group waits for company only under load. Segments are 64 MiB, named by index and first
// sequence; one is removed when every engine has absorbed its records (set_floor). Thread contract:
// free-threaded; callbacks run on the writer, must be short and must not call append() with the
// same lock held.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/env/env.h"
#include "base/result.h"
#include "signal/delivery.h"
#include "store/wal/record.h"

namespace kansoku::store::wal {

struct LogOptions {
  // 64 MiB: 1-2 segments hold what an engine may pin in the common case; removal is per segment.
  uint64_t segment_bytes = 64U << 20;
  // Over this, append() answers Unavailable.
  size_t queue_bytes_max = 16U << 20;
  // A current segment from this size on gives way to an empty one when all of it is absorbed.
  uint64_t replace_bytes_min = 1U << 20;
  // How long a record of append_with_next() waits for another one. 2 ms: less than one fdatasync,
  // and more than a batch of samples needs from the same request into the log.
  int64_t company_ns = 2 * env::kNsPerMs;
  // No thread: the owner calls run_once().
  bool manual = false;
};

// What recovery found.
struct RecoveryReport {
  uint64_t segments = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
  // Runs of bytes inside the log that are no record though records follow, or records are missing
  // after them: acknowledged data were damaged.
  uint64_t damages = 0;
  // Some records with a sequence below this are missing because of damage; 0: none is. An engine
  // that has absorbed them all has lost nothing.
  uint64_t lost_until_sequence = 0;
  // Bytes behind the last whole record of the last segment: a write that the crash interrupted.
  uint64_t tail_bytes_cut = 0;
  std::string first_damage;
};

struct LogStats {
  uint64_t records = 0;
  uint64_t groups = 0;
  uint64_t bytes = 0;
  uint64_t sync_failures = 0;
  uint64_t write_failures = 0;
  uint64_t refused_full = 0;
  uint64_t duplicates = 0;
  uint64_t queue_bytes = 0;
  uint64_t segments = 0;
  uint64_t segment_bytes = 0;
  uint64_t next_sequence = 0;
  uint64_t durable_sequence = 0;
  uint64_t sync_ns = 0;  // spent in fdatasync
  bool read_only = false;
  std::string last_error;
};

class Log {
 public:
  // Reads what is there and cuts a torn tail; takes the lock of the directory (FailedPrecondition
  // when another process holds it).
  static Result<std::unique_ptr<Log>> open(env::Env env, const std::string& directory,
                                           LogOptions options);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  // Writes what is queued, then stops.
  ~Log();

  const RecoveryReport& recovery() const;
  // Records of one engine in order, each once. Before start().
  using Visitor = std::function<Status(const RecordTag&, std::string_view payload)>;
  Status replay(Engine engine, const Visitor& visit);
  // The oldest sequence that the log may still hold; what was before is absorbed. Before start().
  uint64_t first_sequence() const;
  // Starts the writer (unless manual).
  void start();

  // Called with the record's sequence once it is durable, or with the error when it will never be.
  using Done = std::move_only_function<void(Result<uint64_t>)>;
  // The record's sequence. Refusals (then `done` is destroyed uncalled): Unavailable when the queue
  // is full or the log read-only; AlreadyExists when this producer's batch is in the log already;
  // Cancelled when it is still on its way there; FailedPrecondition when its epoch is over.
  Result<uint64_t> append(Engine engine, uint16_t shard, const signal::Producer& producer,
                          std::string_view payload, Done done);
  // As append(), for a record whose sender is about to append another one: it waits a moment for
  // that one, so that both become durable by one sync.
  Result<uint64_t> append_with_next(Engine engine, uint16_t shard, const signal::Producer& producer,
                                    std::string_view payload, Done done);

  // Everything of (engine, shard) up to `sequence` is kept elsewhere now.
  void set_floor(Engine engine, uint16_t shard, uint64_t sequence);
  // No segment is removed while this lives. Must not outlive the log.
  std::shared_ptr<void> hold_segments();
  // Puts a copy of what is durable now into an existing empty directory: what a crash at this
  // moment would leave. Appends go on. Engines are copied before the log and after
  // hold_segments(), so that the copy of the log begins where they end, or earlier.
  Status snapshot(const std::string& directory);
  // Bytes of segments that this engine keeps from removal.
  uint64_t pinned_bytes(Engine engine) const;

  // Writes one group on this thread; false when nothing was queued. For manual mode.
  bool run_once();
  // Runs until nothing is queued (manual), or waits for the writer to have written everything.
  void drain();
  // Like the destructor, earlier; later appends are refused.
  void close();
  LogStats stats() const;

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kansoku::store::wal
