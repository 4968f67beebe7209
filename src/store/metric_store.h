// MetricStore: what every metric engine offers (the embedded one, the in-memory reference, later
// ClickHouse). One conformance suite (store/metric_store_conformance.h) holds them all to it.
//
// Series have an identity of (tenant, region, merge kind, sorted labels); points have int64 ms
// timestamps. Thread contract: free-threaded. append() never blocks; its token is resolved after
// the log says durable. Reads see everything that was acknowledged before they began.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "signal/delivery.h"
#include "signal/metric_batch.h"

namespace kansoku::store {

// Valid for the life of a data directory; dense, given at first sight of a series.
using SeriesId = uint64_t;

enum class MatchOp : uint8_t { Equal, NotEqual, Regex, NotRegex };
// An absent label equals the empty value, as in PromQL. Regular expressions are RE2, fully
// anchored.
struct Matcher {
  std::string label;
  MatchOp op = MatchOp::Equal;
  std::string value;
};

struct TimeRangeMs {
  int64_t begin = std::numeric_limits<int64_t>::min();  // inclusive
  int64_t end = std::numeric_limits<int64_t>::max();    // exclusive
};

struct SeriesSelector {
  signal::Scope scope;
  std::vector<Matcher> matchers;
  // When set, the label names must be exactly these beside the reserved ones (names that begin with
  // two underscores): CloudWatch matches exact dimension sets.
  std::optional<std::vector<std::string>> exact_label_names;
  std::optional<signal::MergeKind> merge;
  // Only series with a point at or after this time, ...
  std::optional<int64_t> active_since_ms;
  // ... and only those with a point before this time.
  std::optional<int64_t> active_before_ms;
  // False: in ascending order of ids, which is cheaper. Not together with a limit.
  bool sorted = true;
  // When set, the answer's labels are only those named here. Not together with an order or limit.
  std::optional<std::vector<std::string>> labels_wanted;
  // 0: no limit. With a limit the answer is the first `limit` series by canonical labels after
  // `after_labels` (exclusive), for paging.
  size_t limit = 0;
  std::string after_labels;
};

struct SeriesInfo {
  SeriesId id = 0;
  signal::Labels labels;
  signal::MergeKind merge = signal::MergeKind::Replace;
  signal::Temporality temporality = signal::Temporality::Gauge;
  int64_t first_ms = 0;  // oldest point ever seen
  int64_t last_ms = 0;   // newest
};

// Resolutions a scan can read: raw, or a tier of cells.
inline constexpr int64_t kRawTierMs = 0;
inline constexpr std::array<int64_t, 3> kTiersMs{60'000, 300'000, 3'600'000};
// How long each is kept for accumulating series (ARCHITECTURE, "Tiers").
inline constexpr int64_t kRawRetentionMs = 3 * 3'600'000LL;
inline constexpr std::array<int64_t, 3> kTierRetentionMs{15 * 86'400'000LL, 63 * 86'400'000LL,
                                                         455 * 86'400'000LL};

// The closed set of partial aggregates that an engine may compute below the scan.
enum class PartialAggregate : uint8_t {
  None,   // points as stored
  Cells,  // accumulating series: points of one cell of step_ms (aligned to the epoch) added up
};

// What a raw scan gives where points are no longer kept, but cells of them are (replacing series
// with tiers). Each point says for how many it stands: SeriesPoints::weights.
enum class CellView : uint8_t {
  Ends,      // the first and the last point of each cell
  Held,      // these, and the mean between them often enough for an instant query
  Increase,  // these, and what a counter's increase over the cell needs beside them
  Min,       // the smallest value, at the time of the last point
  Max,       // the largest
  Mean,      // the mean
  Summary,   // count, sum, min and max of each cell, at its start: for who adds up cells of step_ms
};

struct MetricScan {
  signal::Scope scope;
  std::vector<SeriesId> ids;
  TimeRangeMs range;
  // kRawTierMs or one of kTiersMs: the resolution wanted. A tier reads its cells plus everything
  // not yet folded into cells, folded on the fly; cells carry the start of the cell as timestamp.
  // Raw reads what is still there at full resolution.
  int64_t tier_ms = kRawTierMs;
  PartialAggregate aggregate = PartialAggregate::None;
  int64_t step_ms = 0;  // of Cells; a multiple of tier_ms. Also of CellView::Summary
  // Distributions are not needed (only count, sum, min, max): the engine may leave buckets empty.
  bool summary_only = false;
  CellView view = CellView::Ends;
};

// One series' points in time order, one per timestamp (merged by the series' kind), as columns.
struct SeriesPoints {
  SeriesId id = 0;
  std::span<const int64_t> timestamps_ms;
  // Of a distribution: its sum.
  std::span<const double> values;
  // Empty when all are floats; else one per point, null for a float.
  std::span<const std::unique_ptr<signal::Distribution>> distributions;
  // Empty when all are points as stored; else for how many of them each stands, 0 for those that
  // only say what lies between two others.
  std::span<const double> weights;

  size_t size() const { return timestamps_ms.size(); }
  const signal::Distribution* distribution(size_t i) const {
    return distributions.empty() ? nullptr : distributions[i].get();
  }
  // A copy.
  signal::Point point(size_t i) const {
    const signal::Distribution* d = distribution(i);
    return d != nullptr ? signal::Point(*d) : signal::Point(values[i]);
  }
};

// What the scan pushed down and what it cost.
struct ScanReport {
  bool aggregated = false;  // Cells were computed below
  uint64_t series = 0;
  uint64_t points = 0;      // points read from disk and memory
  uint64_t bytes_read = 0;  // from parts, compressed
  // A damaged page or part was left out: ranges that the answer does not cover.
  std::vector<TimeRangeMs> missing;
};

// Receives series by series. Returning an error stops the scan with it (budgets, cancel).
using ScanSink = std::function<Status(const SeriesPoints&)>;

// What to delete: these times of every series that the selector finds now.
struct SeriesDeletion {
  SeriesSelector selector;
  TimeRangeMs range;
};

struct MetricStoreStats {
  uint64_t series = 0;
  uint64_t series_active = 0;  // in the head
  uint64_t points_appended = 0;
  uint64_t head_bytes = 0;
  uint64_t parts = 0;
  uint64_t parts_bytes = 0;
  uint64_t parts_quarantined = 0;
  uint64_t merges = 0;
  std::string last_error;
};

class MetricStore {
 public:
  virtual ~MetricStore() = default;
  // Takes the batch; resolves the token with stored, rejected (reasons: too_old, too_new,
  // series_limit, bad_labels) or dropped (overload, read_only, log_failed).
  virtual void append(signal::MetricDelivery delivery) = 0;
  // Ordered by canonical labels, unless the selector says otherwise.
  virtual Result<std::vector<SeriesInfo>> select(const SeriesSelector& selector) const = 0;
  virtual Result<ScanReport> scan(const MetricScan& scan, const ScanSink& sink) const = 0;
  // Everything accepted so far is in immutable parts when the callback runs; merge_all also merges
  // to the settled state.
  virtual void flush(bool merge_all, std::move_only_function<void(Status)> done) = 0;
  // Drops what is older than its tier's retention; called by store/retention's schedule.
  virtual void enforce_retention(std::move_only_function<void(Status)> done) = 0;
  virtual MetricStoreStats stats() const = 0;

  // The rest is refused by engines that have no such thing.

  // Points that were acknowledged before this call and lie in the range are gone when `done` runs
  // with the number of series that were found; points that come later stay. A series of which
  // nothing is left is not selected any more; one of which something may be left is, with times
  // that may be wider than what is left. Accumulating series are kept in cells of up to an hour, so
  // with one of them both ends of the range must be full hours (or unlimited): InvalidArgument.
  // Where cells stand for points of a replacing series, those go of which all points are deleted.
  using DeletionDone = std::move_only_function<void(Result<uint64_t>)>;
  virtual void delete_points(SeriesDeletion, DeletionDone done) {
    done(unimplemented("this store does not delete points"));
  }
  // What was deleted is gone from the disk too.
  virtual void clean_tombstones(std::move_only_function<void(Status)> done) {
    done(unimplemented("this store does not delete points"));
  }
  // How many series an account may have; 0: the default again. What is there already stays.
  virtual Status set_series_limit(const std::string& /*account*/, uint64_t /*series_max*/) {
    return unimplemented("this store has no limit of series");
  }
  // For each id: the start of the day (UTC) on which a scan last read it, to which a crash may owe
  // some minutes; 0: never.
  virtual Result<std::vector<int64_t>> last_read_ms(std::span<const SeriesId>) const {
    return unimplemented("this store does not know when series were read");
  }
};

// Whether points of an accumulating series can be deleted in this range: cells are up to an hour.
inline bool has_full_hours(TimeRangeMs range) {
  constexpr int64_t kHourMs = 3'600'000;
  TimeRangeMs all;
  return (range.begin == all.begin || range.begin % kHourMs == 0) &&
         (range.end == all.end || range.end % kHourMs == 0);
}

}  // namespace kansoku::store
