// The conformance suite of MetricStore: what every engine must do, embedded, reference or remote.
// A test makes a fixture for its engine and calls the functions here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/env/sim.h"
#include "store/metric_store.h"

namespace kansoku::store {

class MetricStoreFixture {
 public:
  virtual ~MetricStoreFixture() = default;
  virtual MetricStore& store() = 0;
  virtual env::SimClock& clock() = 0;
  // Does all work that is queued.
  virtual void run() = 0;
  // Stops and opens again; engines that keep nothing do nothing.
  virtual void restart() = 0;
};

using MetricFixtureMaker = std::function<std::unique_ptr<MetricStoreFixture>()>;

// Named cases, each on a fresh store.
void check_metric_store(const MetricFixtureMaker& make);
// The same for deletion, back-fill, limits of tenants and dates of reads.
void check_metric_store_admin(const MetricFixtureMaker& make);
// Random operations on `subject` and on `model`, answers compared after each.
void compare_metric_stores(MetricStoreFixture& subject, MetricStoreFixture& model, uint64_t seed,
                           int steps);

// The seed of random tests: KANSOKU_SEED, else `fallback`; printed.
uint64_t test_seed(uint64_t fallback);

// What tests put in and read out.
struct TestPoint {
  std::vector<signal::LabelView> labels;
  int64_t ms = 0;
  signal::Point point;
  signal::MergeKind merge = signal::MergeKind::Replace;
};
struct SeriesAnswer {
  std::string labels;
  std::vector<int64_t> timestamps_ms;
  std::vector<signal::Point> points;
  friend bool operator==(const SeriesAnswer&, const SeriesAnswer&) = default;
};
// Appends as one batch; the verdict.
signal::Verdict put(MetricStoreFixture& fixture, const std::vector<TestPoint>& points,
                    signal::Scope scope = {"1", "r"}, signal::Producer producer = {});
// The points of all series that `selector` finds, by labels.
std::vector<SeriesAnswer> read(MetricStoreFixture& fixture, const SeriesSelector& selector,
                               MetricScan scan = {});
Status flush(MetricStoreFixture& fixture, bool merge_all);
// The number of series found.
Result<uint64_t> delete_points(MetricStoreFixture& fixture, const SeriesSelector& selector,
                               TimeRangeMs range);
Status clean_tombstones(MetricStoreFixture& fixture);

}  // namespace kansoku::store
