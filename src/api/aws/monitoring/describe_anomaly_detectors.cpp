// DescribeAnomalyDetectors: pages of detectors, each with the state of its model. A model is
// trained whenever a band is asked for, so its state is what training would find now.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "api/aws/monitoring/anomaly_band.h"
#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/series_query.h"
#include "base/time/grid.h"

namespace kansoku::api::aws::monitoring {
namespace {

using Input = shapes::DescribeAnomalyDetectorsInput;
using Output = shapes::DescribeAnomalyDetectorsOutput;

// API reference, MaxResults.
constexpr int32_t kPageMax = 100;
// A metric's model is trained at the period of each request; five minutes stand for them.
constexpr int32_t kStatePeriodS = 300;

std::string binding_of(const OperationContext& context, const Input& input) {
  std::string out;
  append_part(out, "DescribeAnomalyDetectors");
  append_part(out, context.account());
  append_part(out, context.region);
  append_part(out, input.metric_namespace.value_or(""));
  append_part(out, input.metric_name.value_or(""));
  for (const auto& [name, value] : dimension_list(input.dimensions)) {
    append_part(out, name);
    append_part(out, value);
  }
  for (const auto& list : {input.anomaly_detector_ids, input.anomaly_detector_types}) {
    append_part(out, fmt::format("{}", list ? list->size() : 0));
    for (const std::string& one : list.value_or(std::vector<std::string>())) append_part(out, one);
  }
  return out;
}

bool is_wanted(const Detector& detector, const Input& input) {
  const auto& single = detector.definition.single_metric_anomaly_detector;
  // Without types: those of single metrics (API reference, AnomalyDetectorTypes).
  std::string type = single ? "SINGLE_METRIC" : "METRIC_MATH";
  if (input.anomaly_detector_ids) {
    return std::ranges::count(*input.anomaly_detector_ids, detector.id) > 0;
  }
  if (input.anomaly_detector_types && !input.anomaly_detector_types->empty()) {
    if (std::ranges::count(*input.anomaly_detector_types, type) == 0) return false;
  } else if (!single) {
    return false;
  }
  if (!single) return !input.metric_namespace && !input.metric_name && !input.dimensions;
  if (input.metric_namespace && single->metric_namespace != input.metric_namespace) return false;
  if (input.metric_name && single->metric_name != input.metric_name) return false;
  return !input.dimensions ||
         dimension_list(single->dimensions) == dimension_list(input.dimensions);
}

shapes::AnomalyDetector describe_detector(const Detector& detector) {
  const shapes::PutAnomalyDetectorInput& in = detector.definition;
  shapes::AnomalyDetector out;
  out.anomaly_detector_id = detector.id;
  out.configuration = in.configuration;
  if (!out.configuration) out.configuration.emplace();
  if (!out.configuration->excluded_time_ranges) out.configuration->excluded_time_ranges.emplace();
  out.metric_characteristics = in.metric_characteristics;
  out.metric_math_anomaly_detector = in.metric_math_anomaly_detector;
  if (!in.single_metric_anomaly_detector) return out;
  out.single_metric_anomaly_detector = in.single_metric_anomaly_detector;
  if (!out.single_metric_anomaly_detector->dimensions) {
    out.single_metric_anomaly_detector->dimensions.emplace();
  }
  out.metric_namespace = out.single_metric_anomaly_detector->metric_namespace;
  out.metric_name = out.single_metric_anomaly_detector->metric_name;
  out.dimensions = out.single_metric_anomaly_detector->dimensions;
  out.stat = out.single_metric_anomaly_detector->stat;
  return out;
}

// The two weeks that training would see now.
shapes::GetMetricDataInput training_request(const Detector& detector, int64_t now_ms) {
  shapes::GetMetricDataInput out;
  int64_t period_s = kStatePeriodS;
  const shapes::PutAnomalyDetectorInput& in = detector.definition;
  if (in.metric_math_anomaly_detector) {
    out.metric_data_queries = in.metric_math_anomaly_detector->metric_data_queries;
    for (const auto& query : *out.metric_data_queries) {
      if (query.metric_stat) period_s = *query.metric_stat->period;
    }
  } else {
    const auto& single = *in.single_metric_anomaly_detector;
    shapes::MetricDataQuery query;
    query.id = "m1";
    query.metric_stat.emplace();
    query.metric_stat->metric.emplace();
    query.metric_stat->metric->metric_namespace = single.metric_namespace;
    query.metric_stat->metric->metric_name = single.metric_name;
    query.metric_stat->metric->dimensions = single.dimensions;
    query.metric_stat->stat = single.stat;
    query.metric_stat->period = kStatePeriodS;
    out.metric_data_queries.emplace().push_back(std::move(query));
  }
  int64_t end_ms = floor_to(now_ms, period_s * 1000) + period_s * 1000;
  out.end_time = describe::Timestamp{end_ms};
  out.start_time = describe::Timestamp{end_ms - query::anomaly::kTrainingMs};
  out.scan_by = "TimestampAscending";
  return out;
}

std::string state_of(const Shared& shared, const Detector& detector,
                     const shapes::GetMetricDataInput& request,
                     const shapes::GetMetricDataOutput& found) {
  // An array of no series is no data either.
  if (found.metric_data_results->empty()) return "PENDING_TRAINING";
  const shapes::MetricDataResult& result = found.metric_data_results->front();
  if (result.values->empty()) return "PENDING_TRAINING";
  int64_t period_ms = kStatePeriodS * int64_t{1000};
  for (const auto& query : *request.metric_data_queries) {
    if (query.metric_stat) period_ms = *query.metric_stat->period * int64_t{1000};
  }
  int64_t start_ms = floor_to(request.start_time->ms, period_ms);
  auto count = static_cast<size_t>((request.end_time->ms - start_ms) / period_ms);
  std::vector<double> values(count, std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < result.values->size(); ++i) {
    auto at = static_cast<size_t>(((*result.timestamps)[i].ms - start_ms) / period_ms);
    if (at < count) values[at] = (*result.values)[i];
  }
  bool trained = query::anomaly::Model::fit({start_ms, period_ms, values},
                                            training_options(shared.options, detector.definition))
                     .has_value();
  return trained ? "TRAINED" : "TRAINED_INSUFFICIENT_DATA";
}

// Asks for the state of one detector after the other.
class StateReader : public std::enable_shared_from_this<StateReader> {
 public:
  StateReader(std::shared_ptr<Shared> shared, std::shared_ptr<OperationContext> context,
              std::vector<Detector> page, Output output, TypedReply<Output> reply)
      : shared_(std::move(shared)),
        context_(std::move(context)),
        page_(std::move(page)),
        output_(std::move(output)),
        reply_(std::move(reply)) {}

  void next() {
    if (output_.anomaly_detectors->size() == page_.size()) return reply_(std::move(output_));
    const Detector& detector = page_[output_.anomaly_detectors->size()];
    auto request = std::make_shared<shapes::GetMetricDataInput>(
        training_request(detector, context_->now.ms()));
    run_metric_data(*shared_, context_, *request, kPageDatapointsMax,
                    [self = shared_from_this(), request](auto answer) {
                      self->add(*request, std::move(answer));
                    });
  }

 private:
  void add(const shapes::GetMetricDataInput& request,
           std::expected<MetricDataAnswer, AwsError> answer) {
    if (!answer) return reply_(std::unexpected(std::move(answer).error()));
    const Detector& detector = page_[output_.anomaly_detectors->size()];
    shapes::AnomalyDetector described = describe_detector(detector);
    described.state_value = state_of(*shared_, detector, request, answer->output);
    output_.anomaly_detectors->push_back(std::move(described));
    next();
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<OperationContext> context_;
  std::vector<Detector> page_;
  Output output_;
  TypedReply<Output> reply_;
};

void handle(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const Input& input, TypedReply<Output> reply) {
  if (input.max_results && *input.max_results > kPageMax) {
    return reply(std::unexpected(invalid_parameter_value(
        fmt::format("The parameter MaxResults must be between 1 and {}.", kPageMax))));
  }
  bool filtered = input.metric_namespace || input.metric_name || input.dimensions ||
                  input.anomaly_detector_types;
  if (input.anomaly_detector_ids && filtered) {
    return reply(std::unexpected(invalid_parameter_combination(
        "The parameter AnomalyDetectorIds and the other filters are mutually exclusive.")));
  }
  std::string binding = binding_of(*context, input);
  std::string after;
  if (input.next_token) {
    auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(invalid_next_token()));
    after = *position;
  }
  auto all = shared->detectors.list({context->account(), context->region});
  if (!all) return reply(std::unexpected(backend_error(all.error())));
  std::vector<Detector> page;
  Output output;
  output.anomaly_detectors.emplace();
  auto limit = static_cast<size_t>(input.max_results.value_or(kPageMax));
  for (Detector& one : *all) {
    if (one.key <= after || !is_wanted(one, input)) continue;
    if (page.size() == limit) {
      output.next_token = shared->tokens.issue(binding, page.back().key);
      break;
    }
    page.push_back(std::move(one));
  }
  std::make_shared<StateReader>(shared, context, std::move(page), std::move(output),
                                std::move(reply))
      ->next();
}

}  // namespace

OperationSpec describe_anomaly_detectors(std::shared_ptr<Shared> shared) {
  return {.name = "DescribeAnomalyDetectors",
          .action = "cloudwatch:DescribeAnomalyDetectors",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                handle(shared, context, input, std::move(reply));
              })};
}

}  // namespace kansoku::api::aws::monitoring
