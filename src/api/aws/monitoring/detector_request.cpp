#include "api/aws/monitoring/detector_request.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/series_query.h"
#include "query/exec/resolution.h"
#include "query/metric_data/plan.h"

namespace kansoku::api::aws::monitoring {
namespace {

namespace data = query::metric_data;
using Refusal = std::optional<AwsError>;

// User guide, "Anomaly detection on metric math".
constexpr size_t kMathQueriesMax = 10;
constexpr int64_t kMathPeriodMinS = 60;

Refusal check_stat(const std::string& stat, std::string_view parameter) {
  if (query::parse_statistic(stat)) return std::nullopt;
  return invalid_parameter_value(
      fmt::format("The value {} for parameter {} is not supported.", quoted(stat), parameter));
}

std::expected<shapes::SingleMetricAnomalyDetector, AwsError> read_single(
    const shapes::SingleMetricAnomalyDetector& in, std::string_view prefix,
    const OperationContext& context) {
  for (auto [value, name] : {std::pair{&in.metric_namespace, "Namespace"},
                             {&in.metric_name, "MetricName"},
                             {&in.stat, "Stat"}}) {
    if (!*value) {
      return std::unexpected(
          missing_parameter(fmt::format("The parameter {}{} is required.", prefix, name)));
    }
  }
  if (in.account_id && *in.account_id != context.account()) {
    return std::unexpected(invalid_parameter_value(
        fmt::format("The value {} for parameter {}AccountId is not an account of this server.",
                    quoted(*in.account_id), prefix)));
  }
  if (auto wrong = check_stat(*in.stat, fmt::format("{}Stat", prefix))) {
    return std::unexpected(std::move(*wrong));
  }
  shapes::SingleMetricAnomalyDetector out = in;
  out.account_id.reset();
  return out;
}

Refusal check_math_metric(const shapes::MetricDataQuery& query, const std::string& path) {
  const shapes::MetricStat& stat = *query.metric_stat;
  for (auto [value, name] : {std::pair{&stat.metric->metric_namespace, "Namespace"},
                             {&stat.metric->metric_name, "MetricName"}}) {
    if (!*value) {
      return missing_parameter(
          fmt::format("The parameter {}.MetricStat.Metric.{} is required.", path, name));
    }
  }
  if (*stat.period < kMathPeriodMinS || !query::is_period(*stat.period)) {
    return invalid_parameter_value(
        fmt::format("The parameter {}.MetricStat.Period must be a multiple of 60.", path));
  }
  return check_stat(*stat.stat, path + ".MetricStat.Stat");
}

// One query of it, as a request for metric data has it.
Refusal read_math_query(const shapes::MetricDataQuery& query, const std::string& path,
                        data::Query& out) {
  if (query.expression.has_value() == query.metric_stat.has_value()) {
    return invalid_parameter_combination(
        fmt::format("Exactly one of {}.MetricStat and {}.Expression must be given.", path, path));
  }
  out.id = *query.id;
  out.returned = query.return_data.value_or(true);
  out.period_s = query.period.value_or(0);
  if (query.expression) {
    out.expression = *query.expression;
    return std::nullopt;
  }
  if (auto wrong = check_math_metric(query, path)) return wrong;
  const shapes::Metric& metric = *query.metric_stat->metric;
  out.period_s = *query.metric_stat->period;
  out.metric = data::MetricStat{metric.metric_namespace.value_or(""),
                                metric.metric_name.value_or(""),
                                dimension_list(metric.dimensions),
                                {},
                                *query::parse_statistic(*query.metric_stat->stat)};
  return std::nullopt;
}

// What a band cannot be about.
bool is_unfit(const data::ParsedQuery& parsed) {
  if (parsed.select) return true;
  return parsed.expression && (parsed.expression->uses_metrics() ||
                               parsed.expression->uses_band() || !parsed.searches.empty());
}

// Parses its expressions and refuses what a band cannot be about.
Refusal check_math(const std::vector<shapes::MetricDataQuery>& queries) {
  data::Request request;
  for (size_t i = 0; i < queries.size(); ++i) {
    std::string path = fmt::format("MetricMathAnomalyDetector.MetricDataQueries.member.{}", i + 1);
    if (auto wrong = read_math_query(queries[i], path, request.queries.emplace_back())) {
      return wrong;
    }
  }
  if (std::ranges::count(request.queries, true, &data::Query::returned) != 1) {
    return validation_error(
        "Exactly one query of an anomaly detector must have ReturnData set to true.");
  }
  for (const data::Query& one : request.queries) {
    if (std::ranges::count(request.queries, one.id, &data::Query::id) > 1) {
      return validation_error(fmt::format(
          "The values for parameter id in MetricDataQueries are not unique: {}", quoted(one.id)));
    }
  }
  auto plan = data::make_plan(request);
  if (!plan) return failure_error(request.queries, plan.error());
  for (size_t i = 0; i < plan->parsed.size(); ++i) {
    if (!is_unfit(plan->parsed[i])) continue;
    return validation_error(
        fmt::format("Error in expression '{}': an anomaly detector supports neither METRICS, "
                    "SEARCH, SELECT nor ANOMALY_DETECTION_BAND",
                    request.queries[i].id));
  }
  std::set<int64_t> periods;
  for (const data::Query& one : request.queries) {
    if (one.metric) periods.insert(one.period_s);
  }
  if (periods.size() != 1) {
    return validation_error(
        "The metrics of an anomaly detector must be at least one and have the same period.");
  }
  return std::nullopt;
}

}  // namespace

std::expected<DetectorSubject, AwsError> read_detector_subject(const DetectorMembers& members,
                                                               const OperationContext& context) {
  bool old = members.metric_namespace || members.metric_name || members.dimensions || members.stat;
  int given = (old ? 1 : 0) + (members.single ? 1 : 0) + (members.math ? 1 : 0);
  if (given == 0) {
    return std::unexpected(missing_parameter(
        "The parameter SingleMetricAnomalyDetector or MetricMathAnomalyDetector is required."));
  }
  if (given > 1) {
    return std::unexpected(invalid_parameter_combination(
        "Only one of the parameters SingleMetricAnomalyDetector, MetricMathAnomalyDetector and "
        "Namespace, MetricName, Dimensions, Stat may be given."));
  }
  DetectorSubject out;
  if (!members.math) {
    shapes::SingleMetricAnomalyDetector single;
    single.metric_namespace = members.metric_namespace;
    single.metric_name = members.metric_name;
    single.dimensions = members.dimensions;
    single.stat = members.stat;
    auto read = read_single(members.single.value_or(single),
                            members.single ? "SingleMetricAnomalyDetector." : "", context);
    if (!read) return std::unexpected(std::move(read).error());
    out.single = std::move(*read);
    return out;
  }
  const auto& queries = members.math->metric_data_queries;
  if (!queries || queries->empty()) {
    return std::unexpected(missing_parameter(
        "The parameter MetricMathAnomalyDetector.MetricDataQueries is required."));
  }
  if (queries->size() > kMathQueriesMax) {
    return std::unexpected(invalid_parameter_value(
        fmt::format("The collection MetricMathAnomalyDetector.MetricDataQueries must not have a "
                    "size greater than {}.",
                    kMathQueriesMax)));
  }
  if (auto wrong = check_math(*queries)) return std::unexpected(std::move(*wrong));
  out.math = members.math;
  return out;
}

}  // namespace kansoku::api::aws::monitoring
