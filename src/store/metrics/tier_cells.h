// Cells of replacing series: what is left of their points when those are no longer kept
// (docs/formats/metric-tier.md, decision 094).
//
// A cell covers [start, start + tier). The increase of a counter over neighbouring cells is exact:
// within a cell it is last - first + resets, and what lies between two cells is read from the last
// value of one and the first of the next, so that it belongs to the later one, like the later point
// of a pair. Stale markers are no points; one that nothing follows in its cell is kept as its end.
// Native histograms have no cells. Thread contract: plain values, pure functions.
#pragma once

#include <vector>

#include "store/metric_store.h"
#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {

inline constexpr int64_t kDayMs = 86'400'000;

// The cells of one series and one tier, as columns, in order of time.
struct TierCells {
  std::vector<int64_t> start_ms;
  std::vector<double> count;  // points; 0: only the end of a series
  std::vector<double> first;  // the values and times of the first and the last point
  std::vector<double> last;
  std::vector<double> first_ms;  // since the start
  std::vector<double> last_ms;
  std::vector<double> resets;  // sum of the values before each fall
  std::vector<double> min;
  std::vector<double> max;
  std::vector<double> sum;
  std::vector<double>
      end_ms;  // 1 + time of the stale marker that ends it, since the start; 0: none

  size_t size() const { return start_ms.size(); }
  int64_t first_time_ms(size_t i) const { return start_ms[i] + static_cast<int64_t>(first_ms[i]); }
  int64_t last_time_ms(size_t i) const { return start_ms[i] + static_cast<int64_t>(last_ms[i]); }
  void clear();
  // Cells [begin, end) of another.
  void append(const TierCells& from, size_t begin, size_t end);
};

// Points of a settled series, without its histograms, as cells of `tier_ms`.
void fold_tier(const DecodedSeries& series, int64_t tier_ms, TierCells& out);

// Stale markers are no points of a cell.
bool is_stale_marker(double value);
void drop_stale_markers(DecodedSeries& series);

// One run: the starts, then column by column. Not for no cells.
void encode_cells(const TierCells& cells, std::string& out);
// Appends; false when the bytes are not a run of cells.
bool decode_cells(std::string_view bytes, TierCells& out);

// Takes out cells all of whose points lie in the range.
void cut_out(TierCells& cells, TimeRangeMs range);

// Points of an answer, and how many points of the series each stands for.
struct WeightedPoints {
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  std::vector<double> weights;
  void push(int64_t ms, double value, double weight) {
    times_ms.push_back(ms);
    values.push_back(value);
    weights.push_back(weight);
  }
  void clear() {
    times_ms.clear();
    values.clear();
    weights.clear();
  }
};

// The points that stand for the cells, as `view` wants them; appends.
void show_cells(const TierCells& cells, CellView view, WeightedPoints& out);
// As points of count, sum, min and max, at the cells' starts; appends.
void show_summaries(const TierCells& cells, DecodedSeries& out);

}  // namespace kansoku::store::metrics
