// The reading half of a request: each source at a period, as series of values. Internal to
// query/metric_data.
#pragma once

#include <memory>

#include "query/exec/cells.h"
#include "query/exec/groups.h"
#include "query/exec/namespaces.h"
#include "query/metric_data/plan.h"

namespace kansoku::query::metric_data {

// One series of a source: only the cells that have a value, ascending.
struct ReadSeries {
  std::string label;
  std::shared_ptr<const metric_math::Origin> origin;
  std::vector<int64_t> timestamps_ms;
  std::vector<double> values;
  // Of the metric; more than one: the values are those of the first, of a query those of all.
  std::vector<std::string> units;
};
struct Read {
  std::vector<ReadSeries> series;
  // Damage on disk hid a part of the range.
  bool partial = false;
  // There were more series than may be answered.
  bool truncated = false;
};

// What a search found: metrics with the series of their units, by identity.
using Found = std::map<MetricIdentity, std::vector<store::SeriesInfo>>;

// Finds the metrics of one search in steps.
class Finder {
 public:
  // `found_max`: metrics beyond are left out, the last in their order.
  Finder(const store::MetricStore& store, const Plan& plan, const Source& source, size_t found_max);
  // False when the search is over.
  Result<bool> step();
  Found take() { return std::move(found_); }
  bool truncated() const { return truncated_; }

 private:
  Status begin();
  const store::MetricStore& store_;
  const Plan& plan_;
  const metric_search::Search& search_;
  size_t found_max_;
  std::vector<store::SeriesInfo> infos_;
  bool begun_ = false;
  size_t next_ = 0;
  Found found_;
  bool truncated_ = false;
};

// Reads one source at one period in steps.
class SourceReader {
 public:
  virtual ~SourceReader() = default;
  // False when everything is read.
  virtual Result<bool> step() = 0;
  virtual Read take() = 0;
};

std::unique_ptr<SourceReader> read_metric(const store::MetricStore& store, const Plan& plan,
                                          const ReadKey& key, QueryContext& context);
std::unique_ptr<SourceReader> read_found(const store::MetricStore& store, const Plan& plan,
                                         const ReadKey& key, const Found& found,
                                         QueryContext& context);
std::unique_ptr<SourceReader> read_select(const store::MetricStore& store, const Plan& plan,
                                          const ReadKey& key, QueryContext& context);

}  // namespace kansoku::query::metric_data
