// Anomaly detectors: what they are about and how their models are trained, kept in the catalog.
// Internal to api/aws/monitoring.
//
// A record is the request that made it, as JSON of its described shape, in the collection
// "anomaly_detectors" under account/region/what it is about. Thread contract: free-threaded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/aws/monitoring/backend.h"
#include "store/catalog.h"
#include "wire/aws/monitoring/shapes.h"

namespace kansoku::api::aws::monitoring {

namespace shapes = kansoku::aws::monitoring;

struct Detector {
  std::string key;  // within its tenant; the order of listings
  std::string id;
  // With SingleMetricAnomalyDetector or MetricMathAnomalyDetector, never the old members.
  shapes::PutAnomalyDetectorInput definition;
};

// Where the detector of a metric and a statistic lies.
std::string single_metric_key(const MetricIdentity& metric, std::string_view stat);
// Of metric math: the same queries are the same detector.
std::string metric_math_key(const std::vector<shapes::MetricDataQuery>& queries);
std::string detector_key(const shapes::PutAnomalyDetectorInput& definition);

// The catalog is in memory; a tenant with more metrics to watch than this writes math.
inline constexpr size_t kDetectorsMax = 10'000;

class DetectorStore {
 public:
  // Null: there are no detectors, and none can be made.
  explicit DetectorStore(store::Catalog* catalog) : catalog_(catalog) {}

  std::optional<Detector> find(const Tenant& tenant, const std::string& key) const;
  // All of a tenant by key.
  Result<std::vector<Detector>> list(const Tenant& tenant) const;
  // There are kDetectorsMax already, and none of this key.
  bool is_full_for(const Tenant& tenant, const std::string& key) const;
  // Calls back with the id when it is durable.
  void put(const Tenant& tenant, const shapes::PutAnomalyDetectorInput& definition,
           std::move_only_function<void(Result<std::string>)> done);
  // NotFound when there is none.
  void remove(const Tenant& tenant, const std::string& key,
              std::move_only_function<void(Status)> done);

 private:
  store::Catalog* catalog_;
};

}  // namespace kansoku::api::aws::monitoring
