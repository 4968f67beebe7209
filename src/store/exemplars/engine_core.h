// What the embedded exemplar store is made of. Private to this folder: exemplar_engine.cpp takes,
// finds and replays, file_job.cpp writes the file.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "store/exemplars/exemplar_engine.h"
#include "store/exemplars/exemplar_file.h"
#include "store/exemplars/shelf.h"
#include "store/trusted_clock.h"

namespace kansoku::store::exemplars {

// Series and rows that one hold of the mutex visits: about a millisecond.
inline constexpr size_t kSeriesAStep = 1'000;
inline constexpr size_t kRowsAStep = 500;

// A batch whose record is on its way into the log, or durable and on its way into memory.
struct Waiting {
  signal::Scope scope;
  std::shared_ptr<const signal::MetricBatch> batch;
  std::vector<uint32_t> rows;  // of batch->exemplars(): those not known before
  uint64_t taken = 0;
  size_t bytes = 0;
  ExemplarStore::Done done;
  Result<uint64_t> sequence = 0;
};

// One writing of the file, in steps. Owned by the task that runs it.
struct FileJob {
  enum class Phase : uint8_t { Expire, Rows, Finish };
  Phase phase = Phase::Expire;
  bool must_write = false;  // else only when something expired
  uint64_t expired = 0;
  std::string account;                   // the next one is the first at or after it
  std::string after_key;                 // Expire: the last series visited
  uint64_t from = 0;                     // Rows: the next number
  std::map<std::string, uint64_t> ends;  // of each account: numbers below are in the file
  std::optional<FileWriter> writer;
  uint64_t floor = 0;
  int64_t began_ns = 0;
  uint64_t log_bytes = 0;
};

struct ExemplarEngine::Core : std::enable_shared_from_this<Core> {
  Core(env::Env e, Executor& x, env::Timers* t, wal::Log& l, ExemplarEngineOptions o)
      : env(e), executor(x), timers(t), log(l), options(std::move(o)) {}

  env::Env env;
  Executor& executor;
  env::Timers* timers;
  wal::Log& log;
  const ExemplarEngineOptions options;
  std::unique_ptr<TrustedClock> clock;

  mutable std::mutex shelves_mutex;
  std::map<std::string, Shelf> shelves;  // by account; never erased
  uint64_t evicted = 0;

  mutable std::mutex queue_mutex;
  std::deque<std::unique_ptr<Waiting>> durable;
  bool draining = false;
  size_t queue_bytes = 0;
  uint64_t applied_sequence = 0;  // every record up to this is in memory
  // The first record that is not in the file, when there is one.
  struct Pin {
    int64_t since_ns = 0;
    uint64_t log_bytes = 0;  // of the log's counter when it came (modulo 2^64)
  };
  std::optional<Pin> pin;
  bool rewrite = false;  // the file is damaged
  bool writing = false;
  bool closed = false;
  uint64_t timer = 0;
  int64_t retry_after_ns = 0;
  int64_t expired_at_ns = 0;  // when what is too old was last looked for
  uint64_t floor = 0;         // of the file
  struct Flush {
    uint64_t sequence = 0;
    std::move_only_function<void(Status)> done;
  };
  std::vector<Flush> flushes;
  int64_t missing_before_ms = kNothingMissing;
  std::string damage;
  std::string write_error;
  ExemplarStoreStats counters;

  ShelfLimits limits() const {
    return {options.exemplars_per_account_max,
            options.exemplars_per_account_max * kExemplarBytesMax};
  }
  int64_t oldest_ms() const { return clock->now_ms() - options.retention_ms; }

  // exemplar_engine.cpp
  Status load();
  Status replay(uint64_t file_floor);
  void note_damage(uint64_t places, const std::string& what);
  void put_rows(const DecodedRows& rows);
  Status has_room() const;  // with queue_mutex held
  void append(const signal::Scope& scope, std::shared_ptr<const signal::MetricBatch> batch,
              Done done);
  std::string encode_new_rows(Waiting& waiting) const;
  void hand_to_log(std::unique_ptr<Waiting> waiting, std::string_view record);
  bool drain_one();
  void apply(Waiting& waiting);
  Result<ExemplarAnswer> find(const ExemplarQuery& query) const;

  // file_job.cpp
  void arm_timer();
  bool write_due() const;  // with queue_mutex held
  void write_if_due();
  void flush(std::move_only_function<void(Status)> done);
  void start_job();  // with queue_mutex held
  bool step(FileJob& job);
  Status run_step(FileJob& job, bool& more);
  void expire_some(FileJob& job);
  Status begin_rows(FileJob& job);
  Status write_rows(FileJob& job);
  Status finish_file(FileJob& job);
  void end_job(FileJob& job, const Status& status);
};

}  // namespace kansoku::store::exemplars
