// The newest exemplars of every series, in memory, with a bound over all of them: the oldest goes
// when a new one comes (as the reference server's circular buffer; decision 073).
//
// Owned by PrometheusApi. Thread contract: free-threaded, one mutex.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "signal/delivery.h"
#include "signal/metric_batch.h"
#include "store/metric_store.h"

namespace kansoku::api::prometheus {

// The reference server's default; about 30 MB with long trace ids.
inline constexpr size_t kExemplarsMax = 100'000;

struct SeriesExemplars {
  signal::Labels series;
  std::vector<signal::Exemplar> exemplars;  // by time; `series` of each is 0
};

class ExemplarStore {
 public:
  explicit ExemplarStore(size_t exemplars_max = kExemplarsMax) : exemplars_max_(exemplars_max) {}
  // The number taken: one that is already there counts too.
  uint64_t add(const signal::Scope& scope, const signal::MetricBatch& batch);
  // Series that match all matchers of one of the selectors, with exemplars in [start, end].
  Result<std::vector<SeriesExemplars>> find(
      const signal::Scope& scope, const std::vector<std::vector<store::Matcher>>& selectors,
      int64_t start_ms, int64_t end_ms) const;

 private:
  using Key = std::pair<signal::Scope, std::string>;  // and canonical labels
  using SeriesMap = std::map<Key, std::deque<signal::Exemplar>>;

  size_t exemplars_max_;
  mutable std::mutex series_mutex_;
  SeriesMap series_;
  std::deque<SeriesMap::iterator> order_;  // by arrival, one entry an exemplar
};

}  // namespace kansoku::api::prometheus
