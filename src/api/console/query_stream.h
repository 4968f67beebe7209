// POST /ui/api/query: a batch of queries, answered as they finish. See docs/formats/console-api.md.
#pragma once

#include <memory>
#include <string>

#include "api/console/log_query.h"
#include "api/console/promql_query.h"
#include "base/pool/executor.h"
#include "net/http/http.h"
#include "query/exec/budget.h"
#include "store/metric_store.h"

namespace kansoku::api::console {

struct QueryServices {
  const env::Clock* clock = nullptr;
  Executor* executor = nullptr;
  const store::MetricStore* metrics = nullptr;
  query::QueryLimits limits;
  MemoryBudget* memory = nullptr;  // of all queries together
  RunPromql promql;                // empty: the language is refused
  // Starts a query of logs and says how it is stopped; empty: the language is refused.
  std::function<std::function<void()>(const wire::Node& item, LineSink sink)> logs;
};

// Answers on the exchange: 400 for a body that is no batch, else the stream. Work goes to the query
// lane in steps; when the client goes away it ends within a step.
void stream_queries(const QueryServices& services, const signal::Scope& scope,
                    const net::HttpRequest& request, net::HttpExchange exchange);

}  // namespace kansoku::api::console
