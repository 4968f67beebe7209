// GetMetricStatistics: one metric, up to five statistics, one datapoint a cell and unit.
#include <fmt/core.h>

#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/series_query.h"

namespace kansoku::api::aws::monitoring {
namespace {

namespace shapes = kansoku::aws::monitoring;
using Input = shapes::GetMetricStatisticsInput;
using Output = shapes::GetMetricStatisticsOutput;
using describe::Timestamp;

// API reference of GetMetricStatistics.
constexpr int64_t kDatapointsMax = 1'440;

std::optional<double> shapes::Datapoint::* member_of(query::StatisticKind kind) {
  switch (kind) {
    case query::StatisticKind::SampleCount:
      return &shapes::Datapoint::sample_count;
    case query::StatisticKind::Sum:
      return &shapes::Datapoint::sum;
    case query::StatisticKind::Average:
      return &shapes::Datapoint::average;
    case query::StatisticKind::Minimum:
      return &shapes::Datapoint::minimum;
    case query::StatisticKind::Maximum:
      return &shapes::Datapoint::maximum;
    default:
      return nullptr;
  }
}

std::expected<SeriesQuery, AwsError> to_query(const Input& input) {
  SeriesQuery query;
  query.metric_namespace = *input.metric_namespace;
  query.metric_name = *input.metric_name;
  query.dimensions = dimension_list(input.dimensions);
  query.unit = input.unit;
  if (auto wrong = check_times(input.start_time->ms, input.end_time->ms)) {
    return std::unexpected(std::move(*wrong));
  }
  if (auto wrong = check_period(*input.period, "Period")) return std::unexpected(std::move(*wrong));
  int64_t period_ms = int64_t{*input.period} * 1000;
  int64_t range_ms = input.end_time->ms - input.start_time->ms;
  int64_t datapoints = (range_ms + period_ms - 1) / period_ms;
  if (datapoints > kDatapointsMax) {
    return std::unexpected(invalid_parameter_combination(fmt::format(
        "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce the "
        "datapoints requested by increasing Period, or decreasing the time range.",
        datapoints, kDatapointsMax)));
  }
  if (input.statistics && input.extended_statistics) {
    return std::unexpected(invalid_parameter_combination(
        "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have "
        "specified both."));
  }
  if (!input.statistics && !input.extended_statistics) {
    return std::unexpected(missing_parameter(
        "At least one of the parameters Statistics and ExtendedStatistics must be specified."));
  }
  for (const std::string& text :
       input.statistics ? *input.statistics : *input.extended_statistics) {
    auto statistic = query::parse_statistic(text);
    // The five plain ones are no extended statistics.
    bool plain = statistic && member_of(statistic->kind) != nullptr;
    if (!statistic || plain != input.statistics.has_value()) {
      return std::unexpected(invalid_parameter_value(
          fmt::format("The value {} for parameter {} is not supported.", quoted(text),
                      input.statistics ? "Statistics" : "ExtendedStatistics")));
    }
    query.statistics.push_back(std::move(*statistic));
  }
  return query;
}

Output to_output(const std::string& label, const std::vector<query::Statistic>& statistics,
                 const std::vector<UnitSeries>& units) {
  Output output;
  output.label = label;
  output.datapoints.emplace();
  for (const UnitSeries& series : units) {
    for (size_t cell = 0; cell < series.timestamps_ms.size(); ++cell) {
      shapes::Datapoint point;
      point.timestamp = Timestamp{series.timestamps_ms[cell]};
      point.unit = series.unit;
      bool any = false;
      for (size_t i = 0; i < statistics.size(); ++i) {
        const std::optional<double>& value = series.values[i][cell];
        if (!value) continue;
        any = true;
        if (auto member = member_of(statistics[i].kind)) {
          point.*member = *value;
        } else {
          if (!point.extended_statistics) point.extended_statistics.emplace();
          point.extended_statistics->emplace_back(statistics[i].text, *value);
        }
      }
      if (any) output.datapoints->push_back(std::move(point));
    }
  }
  std::ranges::sort(*output.datapoints, [](const auto& a, const auto& b) {
    return std::tie(a.timestamp->ms, *a.unit) < std::tie(b.timestamp->ms, *b.unit);
  });
  return output;
}

void handle(const Shared& shared, const std::shared_ptr<OperationContext>& context,
            const Input& input, TypedReply<Output> reply) {
  auto query = to_query(input);
  if (!query) return reply(std::unexpected(std::move(query).error()));
  std::string label = *input.metric_name;
  if (!set_range(*query, input.start_time->ms, input.end_time->ms, *input.period,
                 context->now.ms())) {
    return reply(to_output(label, {}, {}));
  }
  auto statistics = query->statistics;
  std::vector<SeriesQuery> queries;
  queries.push_back(std::move(*query));
  shared.backend().select(
      {context->account(), context->region}, std::move(queries),
      [context, label, statistics = std::move(statistics),
       reply = std::move(reply)](Result<std::vector<SeriesAnswer>> result) mutable {
        if (!result) return reply(std::unexpected(backend_error(result.error())));
        // The shape has no member for it; GetMetricData says PartialData.
        if (result->at(0).partial) {
          context->answer_headers.set("x-kansoku-partial", "true");
        }
        reply(to_output(label, statistics, result->at(0).units));
      });
}

}  // namespace

OperationSpec get_metric_statistics(std::shared_ptr<Shared> shared) {
  return {.name = "GetMetricStatistics",
          .action = "cloudwatch:GetMetricStatistics",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                handle(*shared, context, input, std::move(reply));
              })};
}

}  // namespace kansoku::api::aws::monitoring
