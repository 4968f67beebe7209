// Metric filters: their definitions in the catalog, and ready for use. Internal to api/aws/logs and
// the composition root.
//
// A record of the collection "log_metric_filters" under account/region/group:filter: milliseconds
// of its creation, a blank, and the request as JSON of its described shape. Thread contract:
// free-threaded.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "pipeline/processors/metric_filters/metric_filters.h"
#include "store/catalog.h"
#include "wire/aws/logs/shapes.h"

namespace kansoku::api::aws::logs {

// CloudWatch Logs' limits of a group.
inline constexpr size_t kMetricFiltersMax = 100;
inline constexpr size_t kRegexFiltersMax = 5;

struct MetricFilterDefinition {
  std::string group;
  kansoku::aws::logs::PutMetricFilterInput request;
  int64_t created_ms = 0;
};

// The filter that a request describes; InvalidArgument says what is wrong with it.
Result<std::shared_ptr<const pipeline::metric_filters::Filter>> make_filter(
    const kansoku::aws::logs::PutMetricFilterInput& request);

class FilterStore final : public pipeline::metric_filters::Definitions {
 public:
  // Reads what the catalog has; it outlives the store, and nobody else writes this collection.
  static Result<std::unique_ptr<FilterStore>> open(store::Catalog& catalog);

  std::shared_ptr<const pipeline::metric_filters::Filters> filters_of(
      const signal::Scope& scope, std::string_view group) const override;

  // By group, then name.
  std::vector<MetricFilterDefinition> list(const signal::Scope& scope) const;
  size_t count(const signal::Scope& scope, const std::string& group) const;

  using Done = std::move_only_function<void(Status)>;
  // In the place of one of the same name. ResourceExhausted at a limit.
  void put(const signal::Scope& scope, MetricFilterDefinition definition, Done done);
  // NotFound.
  void remove(const signal::Scope& scope, const std::string& group, const std::string& name,
              Done done);
  // All of a group that is gone.
  void remove_group(const signal::Scope& scope, const std::string& group, Done done);

 private:
  struct Known {
    MetricFilterDefinition definition;
    std::shared_ptr<const pipeline::metric_filters::Filter> filter;
  };
  struct OfGroup {
    std::map<std::string, Known> by_name;
    std::shared_ptr<const pipeline::metric_filters::Filters> ready;
  };
  using Groups = std::map<std::string, OfGroup, std::less<>>;

  explicit FilterStore(store::Catalog& catalog) : catalog_(catalog) {}
  static void make_ready(OfGroup& group);
  void commit(std::vector<store::CatalogWrite> writes, std::function<void(Groups&)> then,
              const signal::Scope& scope, Done done);

  store::Catalog& catalog_;
  mutable std::shared_mutex scopes_mutex_;
  std::map<signal::Scope, Groups> scopes_;
};

}  // namespace kansoku::api::aws::logs
