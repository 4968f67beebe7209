// Processor `metric_filters`: metrics out of log events. See README.md.
//
// Thread contract: free-threaded; filters are read as one snapshot a batch.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/component.h"
#include "query/log_filter/log_filter.h"

namespace kansoku::pipeline::metric_filters {

inline constexpr size_t kDimensionsMax = 3;

// What a matching message gives.
struct Transformation {
  std::string metric_namespace;
  std::string metric_name;
  std::string unit = "None";
  // A number, or where in the message it stands.
  std::optional<double> constant;
  std::optional<query::log_filter::Selector> selector;
  std::vector<std::pair<std::string, query::log_filter::Selector>> dimensions;
  std::optional<double> default_value;
};

struct Filter {
  std::string id;  // of the filter's definition; changes with it
  query::log_filter::Pattern pattern;
  Transformation transformation;
};
using Filters = std::vector<std::shared_ptr<const Filter>>;

// Who knows the filters of a group.
class Definitions {
 public:
  virtual ~Definitions() = default;
  // Null: none. Must be quick: asked for each group of a batch.
  virtual std::shared_ptr<const Filters> filters_of(const signal::Scope& scope,
                                                    std::string_view group) const = 0;
};

class MetricFilters final : public EventSink {
 public:
  MetricFilters(const Definitions& definitions, EventSink& events, MetricSink& metrics)
      : definitions_(definitions), events_(events), metrics_(metrics) {}
  void push(signal::EventDelivery delivery) override;

 private:
  std::shared_ptr<const signal::MetricBatch> metrics_of(const signal::Scope& scope,
                                                        const signal::EventBatch& batch);
  bool first_seen(const std::string& filter, int64_t minute_ms);

  const Definitions& definitions_;
  EventSink& events_;
  MetricSink& metrics_;
  // Minutes of filters with a default value that have a value already.
  std::mutex minutes_mutex_;
  std::map<std::string, std::deque<int64_t>> minutes_;
};

}  // namespace kansoku::pipeline::metric_filters
