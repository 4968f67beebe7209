// GET /ui/api/cardinality: what the series of the session's tenant are made of.
// Thread contract: free function.
#pragma once

#include "net/http/http.h"
#include "store/metric_store.h"

namespace kansoku::api::console {

struct CardinalityRequest {
  signal::Scope scope;
  std::string limit;        // rows of each list, as given; empty: the default
  std::string unread_days;  // as given
  std::string metric;       // only series of this name; empty: all
  int64_t now_ms = 0;
  uint64_t series_max = 0;  // the tenant's limit
};
net::HttpResponse cardinality_reply(const store::MetricStore& metrics,
                                    const CardinalityRequest& request);

}  // namespace kansoku::api::console
