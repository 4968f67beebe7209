// The Prometheus HTTP API: remote write, series and labels, status, queries, federation; also under
// /prometheus and under /workspaces/{id} as managed Prometheus has it. See README.md.
//
// Thread contract: handle() may be called on a loop; it authenticates there and does the rest on
// the pool. Everything in PrometheusServices outlives the API.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/prometheus/authenticate.h"
#include "api/prometheus/notifications.h"
#include "api/prometheus/query_engine.h"
#include "base/memory_budget.h"
#include "base/pool/executor.h"
#include "net/http/http.h"
#include "pipeline/component.h"
#include "signal/ledger.h"
#include "store/catalog.h"
#include "store/exemplar_store.h"
#include "store/metric_limits.h"
#include "store/metric_store.h"

namespace kansoku::api::prometheus {

// The reference server's defaults, but for the waiting ones and the bytes of an answer, which it
// does not bound.
struct RemoteReadLimits {
  size_t concurrent_max = 10;
  size_t waiting_max = 100;
  // Of an answer of samples: of one query, and in bytes of them all. Streams have no such limit.
  uint64_t samples_max = 50'000'000;
  uint64_t answer_bytes_max = 256U << 20;
  size_t frame_bytes_max = 1U << 20;  // of a stream
};

// A part of the store on disk, which the API shows as a block.
struct StoredPart {
  uint64_t id = 0;
  uint32_t level = 0;  // how often its points were merged
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  uint64_t points = 0;
};

struct PrometheusServices {
  env::Env env;
  Executor* executor = nullptr;
  store::MetricStore* metrics = nullptr;
  // Copies the whole data directory; the name of the copy. Null: refused with 501.
  using SnapshotDone = std::move_only_function<void(Result<std::string>)>;
  std::function<void(SnapshotDone)> take_snapshot;
  // Where remote write goes: the ledger under kReceiver, then the store.
  pipeline::MetricSink* sink = nullptr;
  // For what is refused before it reaches the sink.
  signal::Ledger* ledger = nullptr;
  // Null: exemplars are neither kept nor counted.
  store::ExemplarStore* exemplars = nullptr;
  // Of metric metadata; null: kept in memory only.
  store::Catalog* catalog = nullptr;
  // Bodies of writes while they are expanded and decoded.
  MemoryBudget* write_memory = nullptr;
  // Remote reads while they run.
  MemoryBudget* read_memory = nullptr;
  RemoteReadLimits remote_read;
  // Null: expressions are refused with 501 (a process without query engine).
  QueryEngine* engine = nullptr;
  AuthenticationParts authentication;

  // The parts of the store; null: none are shown.
  std::function<Result<std::vector<StoredPart>>()> list_parts;
  // The program's own metrics as OpenMetrics text; null: refused with 501.
  std::function<std::string()> metrics_text;
  // Null: there are none.
  Notifications* notifications = nullptr;

  // For /api/v1/status.
  std::string version;
  int64_t started_ms = 0;
  std::string data_directory;
  std::string host_name;
  size_t workers = 0;
  uint64_t memory_bytes_max = 0;
  int64_t retention_ms = store::kReplaceRetentionMs;
  std::map<std::string, std::string> flags;
  std::string configuration;  // YAML
};

inline constexpr const char* kReceiver = "remote_write";
inline constexpr const char* kBranch = "store";

class PrometheusApi {
 public:
  // Reads the metadata from the catalog.
  static Result<std::unique_ptr<PrometheusApi>> open(PrometheusServices services);
  ~PrometheusApi();
  PrometheusApi(const PrometheusApi&) = delete;
  PrometheusApi& operator=(const PrometheusApi&) = delete;

  static bool is_mine(const net::HttpRequest& request);
  void handle(net::HttpRequest request, net::HttpExchange exchange);

 private:
  struct State;
  explicit PrometheusApi(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kansoku::api::prometheus
