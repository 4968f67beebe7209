// GetMetricData: up to 500 metric queries at once, labels, pages of at most MaxDatapoints.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/label.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/series_query.h"
#include "fmt/format.h"

namespace kansoku::api::aws::monitoring {
namespace {

namespace shapes = kansoku::aws::monitoring;
using Input = shapes::GetMetricDataInput;
using Output = shapes::GetMetricDataOutput;
using describe::Timestamp;

// API reference of GetMetricData.
constexpr size_t kQueriesMax = 500;
constexpr int64_t kDatapointsMax = 100'800;
// Cells that one request may ask for before paging; 500 queries of a day by the second are 43
// million.
constexpr int64_t kCellsMax = 50'000'000;

struct Plan {
  // One a query of the request.
  struct Query {
    std::string id;
    std::optional<std::string> label;
    LabelSubject subject;
    bool returned = true;
    std::optional<size_t> selected;  // index of its SeriesQuery; absent: nothing is held
  };
  std::vector<Query> queries;
  std::vector<SeriesQuery> selects;
  std::vector<std::string> default_labels;
  bool ascending = false;
  size_t datapoints_max = kDatapointsMax;
  int offset_minutes = 0;
  std::string binding;
  // Where the page before ended.
  size_t after_query = 0;
  std::optional<int64_t> after_ms;
};
using Planned = std::expected<Plan, AwsError>;

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

// One query of the request; adds its SeriesQuery where there can be data.
std::optional<AwsError> plan_query(Plan& plan, const shapes::MetricDataQuery& query, size_t number,
                                   const OperationContext& context, const Input& input) {
  std::string path = fmt::format("MetricDataQueries.member.{}", number);
  if (!query.metric_stat) {
    return missing_parameter(fmt::format("The parameter {}.MetricStat is required.", path));
  }
  if (query.account_id && *query.account_id != context.account()) {
    return invalid_parameter_value(
        fmt::format("The value {} for parameter {}.AccountId is not an account of this server.",
                    quoted(*query.account_id), path));
  }
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
        fmt::format("The value {} for parameter {}.MetricStat.Stat is "
                    "not supported.",
                    quoted(*stat.stat), path));
  }
  if (query.label) {
    if (auto good = check_label(*query.label); !good) {
      return invalid_parameter_value(fmt::format("{}.Label: {}", path, good.error()));
    }
  }
  Plan::Query out{*query.id,
                  query.label,
                  {*metric.metric_namespace, *metric.metric_name, dimension_list(metric.dimensions),
                   *stat.stat, *stat.period},
                  query.return_data.value_or(true),
                  std::nullopt};
  SeriesQuery select;
  select.metric_namespace = *metric.metric_namespace;
  select.metric_name = *metric.metric_name;
  select.dimensions = out.subject.dimensions;
  select.unit = stat.unit;
  select.statistics.push_back(std::move(*statistic));
  bool held =
      set_range(select, input.start_time->ms, input.end_time->ms, *stat.period, context.now.ms());
  if (held && out.returned) {
    out.selected = plan.selects.size();
    plan.selects.push_back(std::move(select));
  }
  plan.queries.push_back(std::move(out));
  return std::nullopt;
}

std::optional<AwsError> read_token(Plan& plan, const Shared& shared, const std::string& token) {
  auto position = shared.tokens.open(plan.binding, token);
  if (!position) return invalid_next_token();
  std::string_view text = *position, query, time;
  if (!take_part(text, query) || !take_part(text, time)) return invalid_next_token();
  int64_t after_ms = 0;
  auto read = [](std::string_view part, auto& value) {
    return std::from_chars(part.data(), part.data() + part.size(), value).ec == std::errc{};
  };
  if (!read(query, plan.after_query) || !read(time, after_ms)) return invalid_next_token();
  plan.after_ms = after_ms;
  return std::nullopt;
}

std::optional<AwsError> check_limits(const Plan& plan, const Input& input) {
  if (std::ranges::none_of(plan.queries, &Plan::Query::returned)) {
    return validation_error("At least one query must have ReturnData set to true.");
  }
  int64_t cells = 0;
  for (const SeriesQuery& select : plan.selects) {
    cells += (select.end_ms - select.start_ms) / select.period_ms + 1;
  }
  if (cells > kCellsMax) {
    return invalid_parameter_combination(fmt::format(
        "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce "
        "the datapoints requested by increasing Period, or decreasing the time range.",
        cells, kCellsMax));
  }
  if (input.max_datapoints &&
      (*input.max_datapoints < 1 || *input.max_datapoints > kDatapointsMax)) {
    return validation_error(
        fmt::format("The parameter MaxDatapoints must be between 1 and {}.", kDatapointsMax));
  }
  return std::nullopt;
}

Planned make_plan(const Shared& shared, const OperationContext& context, const Input& input) {
  Plan plan;
  const auto& queries = *input.metric_data_queries;
  if (queries.empty())
    return std::unexpected(missing_parameter("The parameter MetricDataQueries is required."));
  if (queries.size() > kQueriesMax) {
    return std::unexpected(invalid_parameter_value(fmt::format(
        "The collection MetricDataQueries must not have a size greater than {}.", kQueriesMax)));
  }
  if (auto wrong = check_times(input.start_time->ms, input.end_time->ms)) {
    return std::unexpected(std::move(*wrong));
  }
  std::set<std::string_view> ids;
  for (size_t i = 0; i < queries.size(); ++i) {
    if (!valid_id(*queries[i].id)) {
      return std::unexpected(validation_error(fmt::format(
          "The value {} for parameter MetricDataQueries.member.{}.Id is not matching the expected "
          "pattern ^[a-z][a-zA-Z0-9_]*$.",
          quoted(*queries[i].id), i + 1)));
    }
    if (!ids.insert(*queries[i].id).second) {
      return std::unexpected(validation_error(
          fmt::format("The values for parameter id in MetricDataQueries are not unique: {}",
                      quoted(*queries[i].id))));
    }
    if (auto wrong = plan_query(plan, queries[i], i + 1, context, input)) {
      return std::unexpected(std::move(*wrong));
    }
  }
  if (auto wrong = check_limits(plan, input)) return std::unexpected(std::move(*wrong));
  plan.ascending = input.scan_by.value_or("") == "TimestampAscending";
  if (input.max_datapoints) plan.datapoints_max = static_cast<size_t>(*input.max_datapoints);
  if (input.label_options && input.label_options->timezone) {
    auto offset = parse_utc_offset(*input.label_options->timezone);
    if (!offset) {
      return std::unexpected(invalid_parameter_value(
          fmt::format("The value {} for parameter LabelOptions.Timezone is invalid.",
                      quoted(*input.label_options->timezone))));
    }
    plan.offset_minutes = *offset;
  }
  std::vector<LabelSubject> subjects;
  for (const Plan::Query& query : plan.queries) subjects.push_back(query.subject);
  plan.default_labels = default_labels(subjects);
  plan.binding = binding_of(context, input);
  if (input.next_token) {
    if (auto wrong = read_token(plan, shared, *input.next_token)) {
      return std::unexpected(std::move(*wrong));
    }
  }
  return plan;
}

// Fills one result from the unit that sorts first; the others are only named.
class PageWriter {
 public:
  PageWriter(const Plan& plan, const OperationContext& context) : plan_(plan), context_(context) {}

  Output run(const Shared& shared, const std::vector<std::vector<UnitSeries>>& answers) {
    output_.metric_data_results.emplace();
    output_.messages.emplace();
    for (size_t i = 0; i < plan_.queries.size(); ++i) {
      if (!plan_.queries[i].returned) continue;
      static const std::vector<UnitSeries> kNone;
      const auto& selected = plan_.queries[i].selected;
      result(i, selected ? answers.at(*selected) : kNone);
    }
    if (next_) {
      std::string position;
      append_part(position, fmt::format("{}", next_->first));
      append_part(position, fmt::format("{}", next_->second));
      output_.next_token = shared.tokens.issue(plan_.binding, position);
    }
    return std::move(output_);
  }

 private:
  void result(size_t index, const std::vector<UnitSeries>& units) {
    const Plan::Query& query = plan_.queries[index];
    shapes::MetricDataResult& out = output_.metric_data_results->emplace_back();
    out.id = query.id;
    out.timestamps.emplace();
    out.values.emplace();
    std::vector<int64_t> times;
    std::vector<double> values;
    if (!units.empty()) {
      for (size_t cell = 0; cell < units[0].timestamps_ms.size(); ++cell) {
        if (!units[0].values[0][cell]) continue;
        times.push_back(units[0].timestamps_ms[cell]);
        values.push_back(*units[0].values[0][cell]);
      }
    }
    if (units.size() > 1) {
      std::vector<std::string_view> names;
      for (const UnitSeries& unit : units) names.push_back(unit.unit);
      shapes::MessageData message;
      message.code = "MultipleUnits";
      message.value = fmt::format("Multiple units returned: '[{}]'", fmt::join(names, ", "));
      out.messages.emplace();
      out.messages->push_back(std::move(message));
    }
    const std::string& fallback = plan_.default_labels[index];
    out.label = query.label ? expand_label(*query.label, fallback, query.subject, {times, values},
                                           {context_.region, context_.account(), context_.now.ms(),
                                            plan_.offset_minutes})
                            : fallback;
    bool whole = page(index, times, values, out);
    out.status_code = whole ? "Complete" : "PartialData";
  }

  // The part of the datapoints that this page holds; true when none is left for a later page.
  bool page(size_t index, const std::vector<int64_t>& times, const std::vector<double>& values,
            shapes::MetricDataResult& out) {
    if (plan_.after_ms && index < plan_.after_query) return true;
    for (size_t i = 0; i < times.size(); ++i) {
      size_t at = plan_.ascending ? i : times.size() - 1 - i;
      if (plan_.after_ms && index == plan_.after_query) {
        bool sent = plan_.ascending ? times[at] <= *plan_.after_ms : times[at] >= *plan_.after_ms;
        if (sent) continue;
      }
      if (count_ == plan_.datapoints_max) {
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

  const Plan& plan_;
  const OperationContext& context_;
  Output output_;
  size_t count_ = 0;
  std::pair<size_t, int64_t> last_;
  std::optional<std::pair<size_t, int64_t>> next_;
};

void handle(const Shared& shared, const std::shared_ptr<OperationContext>& context,
            const Input& input, TypedReply<Output> reply) {
  Planned planned = make_plan(shared, *context, input);
  if (!planned) return reply(std::unexpected(std::move(planned).error()));
  auto plan = std::make_shared<const Plan>(std::move(*planned));
  if (plan->selects.empty()) return reply(PageWriter(*plan, *context).run(shared, {}));
  shared.backend().select({context->account(), context->region}, plan->selects,
                          [&shared, context, plan, reply = std::move(reply)](
                              Result<std::vector<std::vector<UnitSeries>>> answers) mutable {
                            if (!answers)
                              return reply(std::unexpected(backend_error(answers.error())));
                            reply(PageWriter(*plan, *context).run(shared, *answers));
                          });
}

}  // namespace

OperationSpec get_metric_data(std::shared_ptr<Shared> shared) {
  return {.name = "GetMetricData",
          .action = "cloudwatch:GetMetricData",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                handle(*shared, context, input, std::move(reply));
              })};
}

}  // namespace kansoku::api::aws::monitoring
