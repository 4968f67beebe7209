// ExemplarStore: the newest exemplars of every account. The embedded one is store/exemplars, the
// one to compare with store/reference.
//
// A series is known by scope and canonical labels, as a sender names it; it need not have samples.
// The same exemplar (series, time, value, labels) is kept once. Bounded by a number for each
// account, the first to arrive goes first, and by age. Thread contract: free-threaded; append()
// never blocks.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "signal/delivery.h"
#include "signal/metric_batch.h"
#include "store/metric_limits.h"
#include "store/metric_store.h"

namespace kansoku::store {

// The reference server's default; about 60 MB with trace and span ids and a series each.
inline constexpr size_t kExemplarsPerAccountMax = 100'000;
// What the memory of an account's exemplars may take for each permitted one; over that the oldest
// go too. Four times what an exemplar with trace and span ids takes, and its series with it.
inline constexpr uint64_t kExemplarBytesMax = 2048;

struct ExemplarQuery {
  signal::Scope scope;
  // Series that match all matchers of one of them.
  std::vector<std::vector<Matcher>> selectors;
  int64_t first_ms = std::numeric_limits<int64_t>::min();  // inclusive, both
  int64_t last_ms = std::numeric_limits<int64_t>::max();
};

struct SeriesExemplars {
  signal::Labels series;
  std::vector<signal::Exemplar> exemplars;  // by time; `series` of each is 0
};

struct ExemplarAnswer {
  std::vector<SeriesExemplars> series;  // by canonical labels
  // Exemplars before this time may be missing, as stored ones were damaged; nothing: none is.
  std::optional<int64_t> missing_before_ms;
};

struct ExemplarStoreStats {
  uint64_t exemplars = 0;
  uint64_t series = 0;
  uint64_t memory_bytes = 0;
  uint64_t file_bytes = 0;  // of the last file written or read
  uint64_t appended = 0;    // kept since the start; not those that were there already
  uint64_t evicted = 0;     // gave way to newer ones
  uint64_t expired = 0;     // too old
  uint64_t refused = 0;     // not acknowledged: overload, the log
  uint64_t files_written = 0;
  uint64_t file_failures = 0;
  uint64_t damages = 0;  // places of the file or the log that could not be read at the start
  uint64_t replayed_records = 0;
  std::string last_error;
};

class ExemplarStore {
 public:
  virtual ~ExemplarStore() = default;
  // Called when the exemplars are durable, with the number that was taken: those that are there
  // already count, those older than the retention do not. Or with the error: then none was kept;
  // Unavailable: send again later.
  using Done = std::move_only_function<void(Result<uint64_t>)>;
  // The exemplars of the batch and their series; points of it are not looked at.
  virtual void append(const signal::Scope& scope, std::shared_ptr<const signal::MetricBatch> batch,
                      Done done) = 0;
  // Sees everything that was acknowledged before it began.
  virtual Result<ExemplarAnswer> find(const ExemplarQuery& query) const = 0;
  virtual ExemplarStoreStats stats() const = 0;
};

}  // namespace kansoku::store
