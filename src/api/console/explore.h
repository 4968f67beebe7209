// What there is to ask for: names, labels and values for completion, and the functions of the
// languages. Each answers one GET of docs/formats/console-api.md.
#pragma once

#include <functional>
#include <string>

#include "net/http/http.h"
#include "store/metric_store.h"

namespace kansoku::api::console {

struct ExploreRequest {
  const store::MetricStore* metrics = nullptr;
  signal::Scope scope;
  // The value of a query parameter, decoded; empty where it is not there.
  std::function<std::string(std::string_view name)> parameter;
};

// Label names, of the series of `metric` where it is given.
net::HttpResponse labels_reply(const ExploreRequest& request);
net::HttpResponse label_values_reply(const ExploreRequest& request, const std::string& label);
// Type and unit by metric name.
net::HttpResponse metadata_reply(const ExploreRequest& request);
// Functions and keywords of PromQL, metric math and Metrics Insights.
net::HttpResponse languages_reply();

}  // namespace kansoku::api::console
