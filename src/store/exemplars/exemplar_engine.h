// The embedded exemplar store: the log, memory, and a file of everything (decision 039).
//
// append() writes one log record a batch, which shares its sync with the samples of the same
// request; when it is durable, one task at a time (on Lane::Ingest) puts the exemplars into memory
// and answers. The file is written on Lane::Merge, in steps of a millisecond, before the log is
// kept too long. Thread contract: as ExemplarStore. The log and the executor must outlive the
// store; close() before either stops.
#pragma once

#include <memory>
#include <string>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "store/exemplar_store.h"
#include "store/wal/log.h"

namespace kansoku::store::exemplars {

struct ExemplarEngineOptions {
  std::string directory;  // of this store alone, e.g. DATA/exemplars
  size_t exemplars_per_account_max = kExemplarsPerAccountMax;
  int64_t retention_ms = kReplaceRetentionMs;
  // The file is written when the log has grown by so much since the first exemplar that is not in
  // it, ...
  uint64_t pinned_log_bytes = 64U << 20;
  // ... or when that one is so old: an engine may pin the log for five minutes.
  int64_t pinned_age_ns = 240 * env::kNsPerS;
  // Exemplars are refused when the file could not be written for so much log (a broken disk).
  uint64_t pinned_log_bytes_max = 256U << 20;
  // Batches in the log's hands and on their way into memory; over it append() says Unavailable.
  size_t queue_bytes_max = 32U << 20;
};

class ExemplarEngine final : public ExemplarStore {
 public:
  // Reads the file and replays the log (which must not have been started). `timers` may be null:
  // then the file is written by append() and flush() alone. FailedPrecondition: the file is of a
  // newer version. Damage does not stop the start: answers and statistics say it.
  static Result<std::unique_ptr<ExemplarEngine>> open(env::Env env, Executor& executor,
                                                      env::Timers* timers, wal::Log& log,
                                                      ExemplarEngineOptions options);
  ~ExemplarEngine() override;
  ExemplarEngine(const ExemplarEngine&) = delete;
  ExemplarEngine& operator=(const ExemplarEngine&) = delete;

  void append(const signal::Scope& scope, std::shared_ptr<const signal::MetricBatch> batch,
              Done done) override;
  Result<ExemplarAnswer> find(const ExemplarQuery& query) const override;
  ExemplarStoreStats stats() const override;

  // Everything acknowledged so far is in the file when the callback runs, and the log is let go.
  void flush(std::move_only_function<void(Status)> done);
  // Puts the file as it is now into an existing directory, under a second name. The log has to be
  // held before and copied after (wal::Log::snapshot).
  Status snapshot(const std::string& directory) const;
  // Stops timers and background work; what is in the log's hands is still answered.
  void close();

 private:
  struct Core;
  explicit ExemplarEngine(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace kansoku::store::exemplars
