// The program's own metrics, gathered from its parts.
#pragma once

#include <string>

#include "api/admin/exposition.h"
#include "base/pool/executor.h"
#include "net/http/http.h"
#include "signal/ledger.h"
#include "store/events/engine.h"
#include "store/exemplar_store.h"
#include "store/metrics/engine.h"
#include "store/wal/log.h"

namespace kansoku::app {

struct MetricSources {
  env::Env env;
  const net::HttpServer* http = nullptr;
  const ThreadPool* pool = nullptr;
  const store::wal::Log* log = nullptr;
  const store::metrics::MetricEngine* metrics = nullptr;
  const store::events::EventEngine* events = nullptr;
  const store::ExemplarStore* exemplars = nullptr;
  const signal::Ledger* ledger = nullptr;
  int64_t started_ms = 0;
};

// Everything but what the callers add (operations of the AWS services). Names: kansoku_*.
void append_server_metrics(const MetricSources& sources, api::OpenMetrics& out);

// Of them, what every role has.
void append_process_metrics(const env::Env& env, int64_t started_ms, api::OpenMetrics& out);
void append_ledger_metrics(const signal::Ledger& ledger, api::OpenMetrics& out);

// Resident memory of this process in bytes (/proc/self/statm).
uint64_t resident_bytes(env::FileSystem& files);

}  // namespace kansoku::app
