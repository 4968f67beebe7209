// GetMetricData: up to 500 metric queries and expressions at once, labels, pages of at most
// MaxDatapoints.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "api/aws/monitoring/anomaly_band.h"
#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/series_query.h"
#include "query/metric_data/label.h"
#include "query/metric_data/run.h"

namespace kansoku::api::aws::monitoring {
namespace {

using Input = shapes::GetMetricDataInput;
using Output = shapes::GetMetricDataOutput;
using describe::Timestamp;

// API reference of GetMetricData.
constexpr size_t kQueriesMax = 500;

namespace data = query::metric_data;

struct Request {
  std::shared_ptr<const data::Plan> plan;
  bool ascending = false;
  size_t datapoints_max = kPageDatapointsMax;
  int offset_minutes = 0;
  std::string binding;
  // Where the page before ended: the number of a result, and its last time there.
  size_t after_result = 0;
  std::optional<int64_t> after_ms;
};
using Planned = std::expected<Request, AwsError>;

bool valid_id(std::string_view id) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (id.empty() || id[0] < 'a' || id[0] > 'z') return false;
  return std::ranges::all_of(
      id, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::string binding_of(const OperationContext& context, const Input& input) {
  std::string out;
  append_part(out, "GetMetricData");
  append_part(out, context.account());
  append_part(out, context.region);
  append_part(out, fmt::format("{} {} {}", input.start_time->ms, input.end_time->ms,
                               input.scan_by.value_or("")));
  for (const auto& query : *input.metric_data_queries) {
    append_part(out, *query.id);
    append_part(out, query.expression.value_or(""));
    append_part(out,
                fmt::format("{} {}", query.period.value_or(0), query.return_data.value_or(true)));
    if (!query.metric_stat) continue;
    const shapes::Metric& metric = *query.metric_stat->metric;
    append_part(out, metric.metric_namespace.value_or(""));
    append_part(out, metric.metric_name.value_or(""));
    for (const auto& [name, value] : dimension_list(metric.dimensions)) {
      append_part(out, name);
      append_part(out, value);
    }
    append_part(out, fmt::format("{} {} {}", *query.metric_stat->stat, *query.metric_stat->period,
                                 query.metric_stat->unit.value_or("")));
  }
  return out;
}

std::optional<AwsError> check_query_label(const shapes::MetricDataQuery& query,
                                          std::string_view path) {
  if (!query.label) return std::nullopt;
  if (auto good = data::check_label(*query.label); !good) {
    return invalid_parameter_value(fmt::format("{}.Label: {}", path, good.error()));
  }
  return std::nullopt;
}

std::optional<AwsError> read_expression(data::Query& out, const shapes::MetricDataQuery& query,
                                        std::string_view path) {
  if (query.metric_stat) {
    return invalid_parameter_combination(fmt::format(
        "The parameters {}.MetricStat and {}.Expression are mutually exclusive.", path, path));
  }
  if (query.period) {
    if (auto wrong = check_period(*query.period, fmt::format("{}.Period", path))) return wrong;
  }
  out.expression = *query.expression;
  out.period_s = query.period.value_or(0);
  return std::nullopt;
}

std::optional<AwsError> read_metric(data::Query& out, const shapes::MetricDataQuery& query,
                                    const std::string& path) {
  const shapes::MetricStat& stat = *query.metric_stat;
  const shapes::Metric& metric = *stat.metric;
  for (auto [value, name] :
       {std::pair{&metric.metric_namespace, "Namespace"}, {&metric.metric_name, "MetricName"}}) {
    if (!*value) {
      return missing_parameter(
          fmt::format("The parameter {}.MetricStat.Metric.{} is required.", path, name));
    }
  }
  if (auto wrong = check_period(*stat.period, path + ".MetricStat.Period")) return wrong;
  if (query.period && *query.period != *stat.period) {
    return invalid_parameter_combination(
        fmt::format("The parameters {}.Period and {}.MetricStat.Period differ.", path, path));
  }
  auto statistic = query::parse_statistic(*stat.stat);
  if (!statistic) {
    return invalid_parameter_value(
        fmt::format("The value {} for parameter {}.MetricStat.Stat is not supported.",
                    quoted(*stat.stat), path));
  }
  out.metric =
      data::MetricStat{*metric.metric_namespace, *metric.metric_name,
                       dimension_list(metric.dimensions), stat.unit, std::move(*statistic)};
  out.period_s = *stat.period;
  return std::nullopt;
}

// One query of the request.
std::optional<AwsError> read_query(data::Query& out, const shapes::MetricDataQuery& query,
                                   size_t number, const OperationContext& context) {
  std::string path = fmt::format("MetricDataQueries.member.{}", number);
  if (query.account_id && *query.account_id != context.account()) {
    return invalid_parameter_value(
        fmt::format("The value {} for parameter {}.AccountId is not an account of this server.",
                    quoted(*query.account_id), path));
  }
  if (auto wrong = check_query_label(query, path)) return wrong;
  out.id = *query.id;
  out.label = query.label;
  out.returned = query.return_data.value_or(true);
  if (query.expression) return read_expression(out, query, path);
  if (!query.metric_stat) {
    return missing_parameter(
        fmt::format("The parameter {}.MetricStat or {}.Expression is required.", path, path));
  }
  return read_metric(out, query, path);
}

std::optional<AwsError> read_token(Request& request, const Shared& shared,
                                   const std::string& token) {
  auto position = shared.tokens.open(request.binding, token);
  if (!position) return invalid_next_token();
  std::string_view text = *position, query, time;
  if (!take_part(text, query) || !take_part(text, time)) return invalid_next_token();
  int64_t after_ms = 0;
  auto read = [](std::string_view part, auto& value) {
    return std::from_chars(part.data(), part.data() + part.size(), value).ec == std::errc{};
  };
  if (!read(query, request.after_result) || !read(time, after_ms)) return invalid_next_token();
  request.after_ms = after_ms;
  return std::nullopt;
}

std::optional<AwsError> check_limits(const data::Plan& plan, const Input& input) {
  if (std::ranges::none_of(plan.request.queries, &data::Query::returned)) {
    return validation_error("At least one query must have ReturnData set to true.");
  }
  if (uint64_t cells = plan.cells(); cells > data::kCellsMax) {
    return invalid_parameter_combination(fmt::format(
        "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce "
        "the datapoints requested by increasing Period, or decreasing the time range.",
        cells, data::kCellsMax));
  }
  if (input.max_datapoints && (*input.max_datapoints < 1 ||
                               *input.max_datapoints > static_cast<int64_t>(kPageDatapointsMax))) {
    return validation_error(
        fmt::format("The parameter MaxDatapoints must be between 1 and {}.", kPageDatapointsMax));
  }
  return std::nullopt;
}

// The queries of the request, ids and all.
std::optional<AwsError> read_queries(data::Request& out, const OperationContext& context,
                                     const Input& input) {
  const auto& queries = *input.metric_data_queries;
  if (queries.empty()) return missing_parameter("The parameter MetricDataQueries is required.");
  if (queries.size() > kQueriesMax) {
    return invalid_parameter_value(fmt::format(
        "The collection MetricDataQueries must not have a size greater than {}.", kQueriesMax));
  }
  std::set<std::string_view> ids;
  for (size_t i = 0; i < queries.size(); ++i) {
    if (!valid_id(*queries[i].id)) {
      return validation_error(fmt::format(
          "The value {} for parameter MetricDataQueries.member.{}.Id is not matching the expected "
          "pattern ^[a-z][a-zA-Z0-9_]*$.",
          quoted(*queries[i].id), i + 1));
    }
    if (!ids.insert(*queries[i].id).second) {
      return validation_error(
          fmt::format("The values for parameter id in MetricDataQueries are not unique: {}",
                      quoted(*queries[i].id)));
    }
    if (auto wrong = read_query(out.queries.emplace_back(), queries[i], i + 1, context)) {
      return wrong;
    }
  }
  return std::nullopt;
}

Planned make_request(const Shared& shared, const OperationContext& context, const Input& input) {
  Request out;
  if (auto wrong = check_times(input.start_time->ms, input.end_time->ms)) {
    return std::unexpected(std::move(*wrong));
  }
  data::Request asked;
  asked.scope = {context.account(), context.region};
  asked.start_ms = input.start_time->ms;
  asked.end_ms = input.end_time->ms;
  asked.now_ms = context.now.ms();
  if (auto wrong = read_queries(asked, context, input)) return std::unexpected(std::move(*wrong));
  asked.training = find_training_options(shared, {context.account(), context.region},
                                         *input.metric_data_queries);
  auto plan = data::make_plan(asked);
  if (!plan) return std::unexpected(failure_error(asked.queries, plan.error()));
  if (auto wrong = check_limits(*plan, input)) return std::unexpected(std::move(*wrong));
  out.plan = std::make_shared<const data::Plan>(std::move(*plan));
  out.ascending = input.scan_by.value_or("") == "TimestampAscending";
  if (input.max_datapoints) out.datapoints_max = static_cast<size_t>(*input.max_datapoints);
  if (input.label_options && input.label_options->timezone) {
    auto offset = data::parse_utc_offset(*input.label_options->timezone);
    if (!offset) {
      return std::unexpected(invalid_parameter_value(
          fmt::format("The value {} for parameter LabelOptions.Timezone is invalid.",
                      quoted(*input.label_options->timezone))));
    }
    out.offset_minutes = *offset;
  }
  out.binding = binding_of(context, input);
  if (input.next_token) {
    if (auto wrong = read_token(out, shared, *input.next_token)) {
      return std::unexpected(std::move(*wrong));
    }
  }
  return out;
}

// Fills the results, a page of them.
class PageWriter {
 public:
  PageWriter(const Request& request, const OperationContext& context)
      : request_(request), context_(context) {}

  MetricDataAnswer run(const Shared& shared, const data::Answer& answer) {
    output_.metric_data_results.emplace();
    output_.messages.emplace();
    for (const data::ResultSeries& result : answer.results) add(result);
    for (const data::Message& message : answer.messages) add_message(output_, message);
    if (next_) {
      std::string position;
      append_part(position, fmt::format("{}", next_->first));
      append_part(position, fmt::format("{}", next_->second));
      output_.next_token = shared.tokens.issue(request_.binding, position);
    }
    return {std::move(output_), std::move(units_)};
  }

 private:
  template <class Owner>
  static void add_message(Owner& out, const data::Message& from) {
    shapes::MessageData message;
    message.code = from.code;
    message.value = from.text;
    if (!out.messages) out.messages.emplace();
    out.messages->push_back(std::move(message));
  }

  void add(const data::ResultSeries& result) {
    shapes::MetricDataResult& out = output_.metric_data_results->emplace_back();
    units_.push_back(result.unit);
    out.id = request_.plan->request.queries[result.query].id;
    out.timestamps.emplace();
    out.values.emplace();
    out.label = data::label_of(
        *request_.plan, result,
        {context_.region, context_.account(), context_.now.ms(), request_.offset_minutes});
    bool whole = page(result_++, result.timestamps_ms, result.values, out);
    out.status_code = whole && !result.partial ? "Complete" : "PartialData";
    for (const data::Message& message : result.messages) add_message(out, message);
    if (result.partial) {
      add_message(out, {"PartialData", "A part of the range is damaged on disk and left out."});
    }
  }

  // The part of the datapoints that this page holds; true when none is left for a later page.
  bool page(size_t index, const std::vector<int64_t>& times, const std::vector<double>& values,
            shapes::MetricDataResult& out) {
    if (request_.after_ms && index < request_.after_result) return true;
    for (size_t i = 0; i < times.size(); ++i) {
      size_t at = request_.ascending ? i : times.size() - 1 - i;
      if (request_.after_ms && index == request_.after_result) {
        bool sent =
            request_.ascending ? times[at] <= *request_.after_ms : times[at] >= *request_.after_ms;
        if (sent) continue;
      }
      if (count_ == request_.datapoints_max) {
        if (!next_) next_ = last_;
        return false;
      }
      out.timestamps->push_back(Timestamp{times[at]});
      out.values->push_back(values[at]);
      last_ = {index, times[at]};
      ++count_;
    }
    return true;
  }

  const Request& request_;
  const OperationContext& context_;
  Output output_;
  std::vector<std::string> units_;
  size_t result_ = 0;  // number of the result, which page tokens count by
  size_t count_ = 0;
  std::pair<size_t, int64_t> last_;
  std::optional<std::pair<size_t, int64_t>> next_;
};

}  // namespace

void run_metric_data(const Shared& shared, const std::shared_ptr<OperationContext>& context,
                     const Input& input, size_t datapoints_max,
                     TypedReply<MetricDataAnswer> reply) {
  Planned planned = make_request(shared, *context, input);
  if (!planned) return reply(std::unexpected(std::move(planned).error()));
  if (!input.max_datapoints) planned->datapoints_max = datapoints_max;
  auto request = std::make_shared<const Request>(std::move(*planned));
  shared.backend().run(request->plan, [&shared, context, request,
                                       reply = std::move(reply)](MetricDataOutcome answer) mutable {
    if (!answer) {
      const auto& queries = request->plan->request.queries;
      return reply(std::unexpected(failure_error(queries, answer.error())));
    }
    reply(PageWriter(*request, *context).run(shared, *answer));
  });
}

OperationSpec get_metric_data(std::shared_ptr<Shared> shared) {
  return {.name = "GetMetricData",
          .action = "cloudwatch:GetMetricData",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                run_metric_data(*shared, context, input, kPageDatapointsMax,
                                [reply = std::move(reply)](auto answer) mutable {
                                  if (!answer)
                                    return reply(std::unexpected(std::move(answer).error()));
                                  reply(std::move(answer->output));
                                });
              })};
}

}  // namespace kansoku::api::aws::monitoring
