#include "api/aws/monitoring/detector_request.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/aws/monitoring/expression_plan.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/resolution.h"

namespace kansoku::api::aws::monitoring {
namespace {

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
  if (*stat.period < kMathPeriodMinS || !is_period(*stat.period)) {
    return invalid_parameter_value(
        fmt::format("The parameter {}.MetricStat.Period must be a multiple of 60.", path));
  }
  return check_stat(*stat.stat, path + ".MetricStat.Stat");
}

// Parses its expressions and refuses what a band cannot be about.
Refusal check_math(const std::vector<shapes::MetricDataQuery>& queries) {
  std::vector<MathQuery> math;
  size_t returned = 0;
  for (size_t i = 0; i < queries.size(); ++i) {
    const auto& query = queries[i];
    std::string path = fmt::format("MetricMathAnomalyDetector.MetricDataQueries.member.{}", i + 1);
    if (query.expression.has_value() == query.metric_stat.has_value()) {
      return invalid_parameter_combination(
          fmt::format("Exactly one of {}.MetricStat and {}.Expression must be given.", path, path));
    }
    bool is_returned = query.return_data.value_or(true);
    returned += is_returned ? 1 : 0;
    if (query.metric_stat) {
      if (auto wrong = check_math_metric(query, path)) return wrong;
      math.push_back({*query.id, *query.id, *query.metric_stat->period, std::nullopt, is_returned});
      continue;
    }
    auto expression = parse_expression(*query.id, *query.expression);
    if (!expression) return std::move(expression).error();
    if (expression->uses_metrics() || expression->uses_band()) {
      return validation_error(
          fmt::format("Error in expression '{}': an anomaly detector supports neither METRICS nor "
                      "ANOMALY_DETECTION_BAND",
                      *query.id));
    }
    math.push_back(
        {*query.id, *query.id, query.period.value_or(0), std::move(*expression), is_returned});
  }
  if (returned != 1) {
    return validation_error(
        "Exactly one query of an anomaly detector must have ReturnData set to true.");
  }
  for (const MathQuery& one : math) {
    if (std::ranges::count(math, one.id, &MathQuery::id) > 1) {
      return validation_error(fmt::format(
          "The values for parameter id in MetricDataQueries are not unique: {}", quoted(one.id)));
    }
  }
  auto first = std::ranges::find_if(math, [](const MathQuery& m) { return !m.expression; });
  bool mixed = first != math.end() && std::ranges::any_of(math, [&](const MathQuery& m) {
                 return !m.expression && m.period_s != first->period_s;
               });
  if (first == math.end() || mixed) {
    return validation_error(
        "The metrics of an anomaly detector must be at least one and have the same period.");
  }
  auto periods = plan_periods(math);
  if (!periods) return std::move(periods).error();
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
