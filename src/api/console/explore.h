// What there is to ask for: names, labels and values for completion, functions of the languages,
// and the cardinality of a tenant. Each answers one GET of docs/formats/console-api.md.
#pragma once

#include <functional>
#include <string>

#include "net/http/http.h"
#include "store/metric_store.h"

namespace kansoku::api::console {

struct ExploreRequest {
  const store::MetricStore* metrics = nullptr;
  signal::Scope scope;
  int64_t now_ms = 0;
  // The value of a query parameter, decoded; empty where it is not there.
  std::function<std::string(std::string_view name)> parameter;
};

// by=name, label, pair or unread (series that no query has read), q, days, limit.
net::HttpResponse cardinality_reply(const ExploreRequest& request);
// Label names, of the series of `metric` where it is given.
net::HttpResponse labels_reply(const ExploreRequest& request);
net::HttpResponse label_values_reply(const ExploreRequest& request, const std::string& label);
// Type and unit by metric name.
net::HttpResponse metadata_reply(const ExploreRequest& request);
// Functions and keywords of PromQL, metric math and Metrics Insights.
net::HttpResponse languages_reply();

}  // namespace kansoku::api::console
