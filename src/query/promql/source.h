// Where an evaluation gets its series from. The store, tests and scripts each have one.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/exec/budget.h"
#include "query/promql/ast.h"
#include "query/promql/value.h"

namespace kansoku::query::promql {

// What the points are wanted for; sources of accumulating series, and of cells in place of points,
// answer differently.
enum class Use : uint8_t {
  Values,    // the value as it stands
  Instant,   // the same, at single times
  Increase,  // increase() or rate() over a range: accumulating series give their deltas
  Min,       // the smallest value
  Max,       // the largest
  Mean,      // the average, the sum or the number of points
};

struct Selection {
  std::span<const LabelMatcher> matchers;
  int64_t begin_ms = 0;  // inclusive
  int64_t end_ms = 0;    // inclusive
  Use use = Use::Values;
  // The labels that the caller looks at; null: all. scan() may leave others out, so that the label
  // sets of several series are equal.
  const std::vector<std::string>* labels_wanted = nullptr;
};

struct SourceSeries {
  LabelSet labels;
  std::vector<Point> points;  // ascending; stale markers are points
  // The points are deltas: increase() is their sum over the range, without extrapolation.
  bool deltas = false;
  // Empty, or for how many points of the series each stands (store::SeriesPoints::weights).
  std::vector<double> weights;
};

// One series as columns.
struct SourceColumns {
  const LabelSet& labels;
  std::span<const int64_t> times_ms;  // ascending
  std::span<const double> values;     // stale markers are values
  bool deltas = false;
  // Native histograms or start timestamps are among the points: only select() tells all of them.
  bool needs_points = false;
  std::span<const double> weights;  // as in SourceSeries
};
using ColumnSink = std::function<Status(const SourceColumns&)>;

// Thread contract: free-threaded reads.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  // Ordered by labels, each label set once. Series without points in the range may be left out.
  // Charges the context for what it reads and stops when that fails.
  virtual Result<std::vector<SourceSeries>> select(const Selection& selection,
                                                   QueryContext& context) = 0;
  // The same series as columns, one after the other in an order of the source's own, so that
  // nobody need hold them all. An error of the sink ends it. By default through select().
  virtual Status scan(const Selection& selection, QueryContext& context, const ColumnSink& sink);
};

}  // namespace kansoku::query::promql
