// A request for metric data, as CloudWatch's GetMetricData has it: metrics, expressions of metric
// math with SEARCH in them, and queries of Metrics Insights, which refer to each other by id. The
// plan says what has to be read, and at which period.
//
// An expression's period is the coarsest of what it uses (its own Period where nothing says one,
// else the finest that data of that age have); everything it uses is read at that period, so a
// finer metric is folded by its own statistic (docs/decisions/009).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "query/anomaly/model.h"
#include "query/exec/resolution.h"
#include "query/metric_math/metric_math.h"
#include "query/metric_search/metric_search.h"
#include "query/metrics_insights/metrics_insights.h"
#include "query/statistic/statistic.h"
#include "signal/delivery.h"

namespace kansoku::query::metric_data {

// Calls of SEARCH in one request, and series that all of them find together (user guide, "search
// expression limits": of one graph).
inline constexpr size_t kSearchesMax = 100;
inline constexpr size_t kFoundMax = 500;
// Cells that one request may ask for: 500 metrics of a day by the second are 43 million.
inline constexpr uint64_t kCellsMax = 50'000'000;
// Of these what searches find, which is known only then: 500 metrics of two weeks by the minute are
// 10 million. As points of an expression they take 8 bytes each, there or not.
inline constexpr uint64_t kFoundCellsMax = 16'000'000;

using DimensionList = std::vector<std::pair<std::string, std::string>>;  // name, value

struct MetricStat {
  std::string metric_namespace;
  std::string metric_name;
  DimensionList dimensions;         // exactly these, sorted by name
  std::optional<std::string> unit;  // absent: the one that sorts first
  Statistic statistic;
};

struct Query {
  std::string id;
  std::optional<MetricStat> metric;
  std::string expression;            // without a metric
  int64_t period_s = 0;              // of an expression: 0 when not asked for
  std::optional<std::string> label;  // checked by check_label()
  bool returned = true;
};

struct Request {
  signal::Scope scope;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t now_ms = 0;
  std::vector<Query> queries;
  // How the anomaly detectors of queries are trained, by id; others as by default.
  std::map<std::string, anomaly::Options, std::less<>> training;
};

// Why a request is not answered. With `query`, its expression is at fault.
struct Failure {
  Error error;
  std::optional<size_t> query;
  std::optional<size_t> position;  // byte in the expression
};

enum class SourceKind : uint8_t { Metric, Search, Select };
// Something that is read. Of a search: which one of its expression.
struct Source {
  SourceKind kind = SourceKind::Metric;
  size_t query = 0;
  size_t search = 0;
};
struct ParsedSearch {
  metric_search::Search search;
  Statistic statistic;
};

// What the expression of a query is; a metric has neither.
struct ParsedQuery {
  std::optional<metric_math::Expression> expression;
  std::vector<ParsedSearch> searches;  // as expression->searches()
  std::optional<metrics_insights::Query> select;
};

// One source over one range: that of the request, or the history that a band learns from.
struct ReadKey {
  size_t source = 0;
  int64_t period_s = 0;
  bool history = false;
  friend auto operator<=>(const ReadKey&, const ReadKey&) = default;
};

// Immutable.
struct Plan {
  Request request;
  std::vector<ParsedQuery> parsed;         // by query
  std::vector<int64_t> period_s;           // by query
  std::vector<std::string> default_label;  // by query
  std::vector<Source> sources;
  std::vector<std::set<size_t>> sources_of;  // by query: all it uses, at any depth
  // What returned queries need.
  std::vector<ReadKey> reads;

  CellRange range(int64_t period) const {
    return cell_range(request.start_ms, request.end_ms, period, request.now_ms);
  }
  // Ends where range() does and begins two weeks before it, or since when points are held.
  CellRange history(int64_t period) const;
  CellRange range(const ReadKey& key) const {
    return key.history ? history(key.period_s) : range(key.period_s);
  }
  // Datapoints that the request may give; of a search one series is counted.
  uint64_t cells() const;
  std::optional<size_t> find(std::string_view id) const;
};

// Refuses what does not parse, unknown ids, expressions that use themselves, periods that are none.
std::expected<Plan, Failure> make_plan(Request request);

}  // namespace kansoku::query::metric_data
