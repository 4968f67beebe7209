// Batches of one request on their way to the store, and the answer when the last is settled.
// Internal to this folder.
//
// Thread contract: shared by the handler and the callbacks of the store; the last of them answers.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "api/prometheus/call.h"
#include "signal/metric_batch.h"
#include "wire/remote_write/remote_write.h"

namespace kansoku::api::prometheus {

struct Ingest {
  CallPtr call;
  // An administrator's import: taken as far back as the store keeps points.
  bool back_fill = false;
  MemoryLease memory;
  std::atomic<int> open_parts{1};  // the handler itself is one
  net::HttpResponse (*answer)(Ingest& ingest) = nullptr;
  virtual ~Ingest() = default;

  std::mutex outcome_mutex;
  uint64_t samples = 0;
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
  std::map<std::string, uint64_t> rejected;  // rows by reason, of the store
  std::optional<Error> rejection;            // permanent: the sender must not send it again
  std::optional<Error> failure;              // nothing kept of a part: the sender may send again
};
using IngestPtr = std::shared_ptr<Ingest>;

// Ends one part; the last one answers.
void finish_part(const IngestPtr& ingest);
// Pushes a batch (null: nothing) and adds what is kept of it to `count`.
void push_batch(Context& context, const IngestPtr& ingest,
                std::shared_ptr<const signal::MetricBatch> batch, uint64_t Ingest::* count);
// Keeps the exemplars of a batch (null: nothing). Before the points of the same request are pushed:
// their record takes this one along.
void put_exemplars(Context& context, const IngestPtr& ingest,
                   std::shared_ptr<const signal::MetricBatch> batch);
void put_metadata(Context& context, const IngestPtr& ingest,
                  std::vector<wire::remote_write::Metadata> metadata);
// Rows that were refused before they reached the store.
void count_refused(Context& context, const Ingest& ingest, const std::string& reason, uint64_t rows,
                   const std::string& message);
// A refusal that is repaired by time alone. 503 and not 429: senders drop what gets 429 unless they
// are told otherwise (retry_on_http_429 is off by default).
net::HttpResponse try_again(std::string message);
// Whether everything that was rejected was so because the tenant has too many series.
bool only_series_limit(const Ingest& ingest);

}  // namespace kansoku::api::prometheus
