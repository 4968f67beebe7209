// Background work of the engine: seals the head into parts, merges parts, applies retention.
#pragma once

#include "store/metrics/engine_core.h"

namespace kansoku::store::metrics {

class Maintenance {
 public:
  explicit Maintenance(MetricEngine::Core& core) : core_(core) {}
  // Loads series and parts; the floor of the log.
  Result<uint64_t> load();
  void start();
  // On the drain, after each batch or marker.
  void after_batch();
  void enforce_retention(std::move_only_function<void(Status)> done);
  void close();

 private:
  MetricEngine::Core& core_;
};

}  // namespace kansoku::store::metrics
