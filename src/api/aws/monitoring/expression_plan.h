// Metric math of a GetMetricData request: which metrics its expressions need, at which period, and
// the series they give. Internal to api/aws/monitoring.
//
// An expression's period is the coarsest of the metrics it uses (its own Period where it uses none,
// else a minute); every metric is read at that period, so a finer one is folded by its own
// statistic.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/monitoring/backend.h"
#include "api/aws/operation.h"
#include "query/anomaly/model.h"
#include "query/metric_math/metric_math.h"

namespace kansoku::api::aws::monitoring {

// What the expressions of a request may refer to: its queries in their order.
struct MathQuery {
  std::string id;
  std::string label;     // of a metric: as its result would have it
  int64_t period_s = 0;  // of a metric; of an expression: as asked for, 0 when not
  std::optional<query::metric_math::Expression> expression;  // absent: a metric
  bool returned = true;
};

// Parses the text of query `number` (from 1); names the place of what is wrong.
std::expected<query::metric_math::Expression, AwsError> parse_expression(std::string_view id,
                                                                         std::string_view text);

struct MathPeriods {
  // By query; of metrics their own.
  std::vector<int64_t> period_s;
  // (metric query, period) pairs that must be read for the expressions.
  std::vector<std::pair<size_t, int64_t>> reads;
  // By query: an ANOMALY_DETECTION_BAND is in it, or in what it uses.
  std::vector<bool> bands;
  // Those of `reads` that a band learns from.
  std::vector<std::pair<size_t, int64_t>> histories;
};
// Refuses references to unknown ids and expressions that use themselves.
std::expected<MathPeriods, AwsError> plan_periods(const std::vector<MathQuery>& queries);

// The points of a metric query at a period; null when there are none.
using ReadSeries = std::function<const UnitSeries*(size_t query, int64_t period_s)>;

// What ANOMALY_DETECTION_BAND needs beside the range of the request.
struct BandReads {
  // Ends where the grid of the range does.
  query::metric_math::Grid history;
  ReadSeries read;
  // How the detector of a query (by its id, empty for a part of an expression) learns.
  std::function<query::anomaly::Options(std::string_view id)> options;
};

struct MathResult {
  std::vector<query::metric_math::Series> series;
  bool is_array = false;
  // CloudWatch answers an arithmetic error with an empty result and a message.
  std::optional<std::string> arithmetic_error;
};
std::expected<MathResult, AwsError> evaluate_expression(const std::vector<MathQuery>& queries,
                                                        size_t query,
                                                        const query::metric_math::Grid& grid,
                                                        const ReadSeries& read,
                                                        const BandReads* bands);

}  // namespace kansoku::api::aws::monitoring
