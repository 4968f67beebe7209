// GetMetricData: up to 500 metric queries and expressions at once, labels, pages of at most
// MaxDatapoints.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "api/aws/monitoring/anomaly_band.h"
#include "api/aws/monitoring/expression_plan.h"
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
    SeriesQuery select;  // of a metric, without its range
  };
  std::vector<Query> queries;
  std::vector<MathQuery> math;   // the same queries, as expressions see them
  std::vector<int64_t> periods;  // by query, s
  std::vector<SeriesQuery> selects;
  // Where the SeriesQuery of a metric query at a period is; none where nothing is held.
  std::map<std::pair<size_t, int64_t>, size_t> selected;
  std::map<std::pair<size_t, int64_t>, size_t> histories;  // the same of what bands learn from
  std::vector<bool> bands;                                 // by query: MathPeriods::bands
  std::map<std::string, query::anomaly::Options, std::less<>> training;  // by id
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
    append_part(out, query.expression.value_or(""));
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
  if (auto good = check_label(*query.label); !good) {
    return invalid_parameter_value(fmt::format("{}.Label: {}", path, good.error()));
  }
  return std::nullopt;
}

std::optional<AwsError> plan_expression(Plan& plan, const shapes::MetricDataQuery& query,
                                        std::string_view path) {
  if (query.metric_stat) {
    return invalid_parameter_combination(fmt::format(
        "The parameters {}.MetricStat and {}.Expression are mutually exclusive.", path, path));
  }
  if (query.period) {
    if (auto wrong = check_period(*query.period, fmt::format("{}.Period", path))) return wrong;
  }
  auto expression = parse_expression(*query.id, *query.expression);
  if (!expression) return std::move(expression).error();
  bool returned = query.return_data.value_or(true);
  plan.math.push_back(
      {*query.id, *query.id, query.period.value_or(0), std::move(*expression), returned});
  plan.queries.push_back({*query.id, query.label, {}, returned, {}});
  return std::nullopt;
}

std::optional<AwsError> plan_metric(Plan& plan, const shapes::MetricDataQuery& query,
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
  bool returned = query.return_data.value_or(true);
  Plan::Query out{*query.id,
                  query.label,
                  {*metric.metric_namespace, *metric.metric_name, dimension_list(metric.dimensions),
                   *stat.stat, *stat.period},
                  returned,
                  {}};
  out.select.metric_namespace = *metric.metric_namespace;
  out.select.metric_name = *metric.metric_name;
  out.select.dimensions = out.subject.dimensions;
  out.select.unit = stat.unit;
  out.select.statistics.push_back(std::move(*statistic));
  plan.math.push_back({*query.id, query.label.value_or(""), *stat.period, std::nullopt, returned});
  plan.queries.push_back(std::move(out));
  return std::nullopt;
}

// One query of the request.
std::optional<AwsError> plan_query(Plan& plan, const shapes::MetricDataQuery& query, size_t number,
                                   const OperationContext& context) {
  std::string path = fmt::format("MetricDataQueries.member.{}", number);
  if (query.account_id && *query.account_id != context.account()) {
    return invalid_parameter_value(
        fmt::format("The value {} for parameter {}.AccountId is not an account of this server.",
                    quoted(*query.account_id), path));
  }
  if (auto wrong = check_query_label(query, path)) return wrong;
  if (query.expression) return plan_expression(plan, query, path);
  if (!query.metric_stat) {
    return missing_parameter(
        fmt::format("The parameter {}.MetricStat or {}.Expression is required.", path, path));
  }
  return plan_metric(plan, query, path);
}

// Adds the SeriesQuery of a metric at a period, where data of that age are held.
void add_read(Plan& plan, size_t query, int64_t period_s, const OperationContext& context,
              const Input& input) {
  if (plan.selected.contains({query, period_s})) return;
  SeriesQuery select = plan.queries[query].select;
  if (!set_range(select, input.start_time->ms, input.end_time->ms, period_s, context.now.ms())) {
    return;
  }
  plan.selected[{query, period_s}] = plan.selects.size();
  plan.selects.push_back(std::move(select));
}

// The same with the history that a band learns from.
void add_history(Plan& plan, size_t query, int64_t period_s, const OperationContext& context,
                 const Input& input) {
  SeriesQuery select = plan.queries[query].select;
  set_range(select, input.start_time->ms, input.end_time->ms, period_s, context.now.ms());
  select.start_ms = training_start_ms(select.start_ms, select.period_ms, context.now.ms());
  plan.histories[{query, period_s}] = plan.selects.size();
  plan.selects.push_back(std::move(select));
}

// What has to be read: the metrics returned, and those that expressions use.
std::optional<AwsError> plan_reads(Plan& plan, const OperationContext& context,
                                   const Input& input) {
  auto periods = plan_periods(plan.math);
  if (!periods) return std::move(periods).error();
  plan.periods = std::move(periods->period_s);
  plan.bands = std::move(periods->bands);
  for (size_t i = 0; i < plan.queries.size(); ++i) {
    bool is_metric = !plan.math[i].expression;
    if (is_metric && plan.queries[i].returned) add_read(plan, i, plan.periods[i], context, input);
  }
  for (auto [query, period_s] : periods->reads) add_read(plan, query, period_s, context, input);
  for (auto [query, period_s] : periods->histories) {
    add_history(plan, query, period_s, context, input);
  }
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

// Of metrics as CloudWatch makes them, of expressions their id.
void set_default_labels(Plan& plan) {
  std::vector<LabelSubject> subjects;
  std::vector<size_t> metrics;
  plan.default_labels.resize(plan.queries.size());
  for (size_t i = 0; i < plan.queries.size(); ++i) {
    plan.default_labels[i] = plan.queries[i].id;
    if (plan.math[i].expression) continue;
    metrics.push_back(i);
    subjects.push_back(plan.queries[i].subject);
  }
  std::vector<std::string> labels = default_labels(subjects);
  for (size_t i = 0; i < metrics.size(); ++i) {
    plan.default_labels[metrics[i]] = labels[i];
    if (plan.math[metrics[i]].label.empty()) plan.math[metrics[i]].label = labels[i];
  }
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
    if (auto wrong = plan_query(plan, queries[i], i + 1, context)) {
      return std::unexpected(std::move(*wrong));
    }
  }
  if (auto wrong = plan_reads(plan, context, input)) return std::unexpected(std::move(*wrong));
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
  set_default_labels(plan);
  if (std::ranges::count(plan.bands, true) > 0) {
    plan.training =
        find_training_options(shared, {context.account(), context.region}, queries, plan.math);
  }
  plan.binding = binding_of(context, input);
  if (input.next_token) {
    if (auto wrong = read_token(plan, shared, *input.next_token)) {
      return std::unexpected(std::move(*wrong));
    }
  }
  return plan;
}

// Fills the results: of a metric one, from the unit that sorts first (the others are only named),
// of an expression one a series.
class PageWriter {
 public:
  PageWriter(const Plan& plan, const OperationContext& context,
             const std::vector<SeriesAnswer>& answers)
      : plan_(plan), context_(context), answers_(answers) {}

  std::expected<MetricDataAnswer, AwsError> run(const Shared& shared, int64_t start_ms,
                                                int64_t end_ms) {
    output_.metric_data_results.emplace();
    output_.messages.emplace();
    for (size_t i = 0; i < plan_.queries.size(); ++i) {
      if (!plan_.queries[i].returned) continue;
      partial_ = false;
      if (!plan_.math[i].expression) {
        metric(i);
      } else if (auto wrong = expression(i, start_ms, end_ms)) {
        return std::unexpected(std::move(*wrong));
      }
    }
    if (next_) {
      std::string position;
      append_part(position, fmt::format("{}", next_->first));
      append_part(position, fmt::format("{}", next_->second));
      output_.next_token = shared.tokens.issue(plan_.binding, position);
    }
    return MetricDataAnswer{std::move(output_), std::move(units_)};
  }

 private:
  using Selected = std::map<std::pair<size_t, int64_t>, size_t>;
  const std::vector<UnitSeries>* units(const Selected& selected, size_t query, int64_t period_s) {
    auto found = selected.find({query, period_s});
    if (found == selected.end()) return nullptr;
    const SeriesAnswer& answer = answers_.at(found->second);
    partial_ = partial_ || answer.partial;
    return &answer.units;
  }
  ReadSeries reader(const Selected& selected) {
    return [this, &selected](size_t query, int64_t period_s) -> const UnitSeries* {
      const auto* found = units(selected, query, period_s);
      return found == nullptr || found->empty() ? nullptr : &found->front();
    };
  }

  void metric(size_t index) {
    std::vector<int64_t> times;
    std::vector<double> values;
    const std::vector<UnitSeries>* found = units(plan_.selected, index, plan_.periods[index]);
    if (found != nullptr && !found->empty()) {
      const UnitSeries& first = found->front();
      for (size_t cell = 0; cell < first.timestamps_ms.size(); ++cell) {
        if (!first.values[0][cell]) continue;
        times.push_back(first.timestamps_ms[cell]);
        values.push_back(*first.values[0][cell]);
      }
    }
    shapes::MetricDataResult& out = add(index, times, values, plan_.default_labels[index]);
    if (found != nullptr && !found->empty()) units_.back() = found->front().unit;
    if (found == nullptr || found->size() < 2) return;
    std::vector<std::string_view> names;
    for (const UnitSeries& unit : *found) names.push_back(unit.unit);
    add_message(out, "MultipleUnits",
                fmt::format("Multiple units returned: '[{}]'", fmt::join(names, ", ")));
  }

  std::optional<AwsError> expression(size_t index, int64_t start_ms, int64_t end_ms) {
    SeriesQuery range;
    set_range(range, start_ms, end_ms, plan_.periods[index], context_.now.ms());
    int64_t length = std::max<int64_t>(range.end_ms - range.start_ms, 0);
    query::metric_math::Grid grid{
        range.start_ms, range.period_ms,
        static_cast<size_t>((length + range.period_ms - 1) / range.period_ms)};
    ReadSeries read = reader(plan_.selected);
    BandReads bands;
    if (plan_.bands[index]) {
      bands.history = grid;
      bands.history.start_ms = training_start_ms(grid.start_ms, grid.period_ms, context_.now.ms());
      bands.history.count +=
          static_cast<size_t>((grid.start_ms - bands.history.start_ms) / grid.period_ms);
      bands.read = reader(plan_.histories);
      bands.options = [this](std::string_view id) {
        auto found = plan_.training.find(id);
        return found == plan_.training.end() ? query::anomaly::Options() : found->second;
      };
    }
    auto result =
        evaluate_expression(plan_.math, index, grid, read, plan_.bands[index] ? &bands : nullptr);
    if (!result) return std::move(result).error();
    for (const query::metric_math::Series& series : result->series) {
      std::vector<int64_t> times;
      std::vector<double> values;
      for (size_t i = 0; i < series.values.size(); ++i) {
        if (!std::isfinite(series.values[i])) continue;
        times.push_back(grid.start_ms + static_cast<int64_t>(i) * grid.period_ms);
        values.push_back(series.values[i]);
      }
      bool own = result->is_array && !series.label.empty();
      auto& out = add(index, times, values, own ? series.label : plan_.queries[index].id);
      if (result->arithmetic_error) add_message(out, "ArithmeticError", *result->arithmetic_error);
    }
    return std::nullopt;
  }

  static void add_message(shapes::MetricDataResult& out, std::string code, std::string text) {
    shapes::MessageData message;
    message.code = std::move(code);
    message.value = std::move(text);
    if (!out.messages) out.messages.emplace();
    out.messages->push_back(std::move(message));
  }

  shapes::MetricDataResult& add(size_t index, const std::vector<int64_t>& times,
                                const std::vector<double>& values, const std::string& fallback) {
    const Plan::Query& query = plan_.queries[index];
    shapes::MetricDataResult& out = output_.metric_data_results->emplace_back();
    units_.emplace_back();
    out.id = query.id;
    out.timestamps.emplace();
    out.values.emplace();
    LabelSubject subject = query.subject;
    subject.period_s = plan_.periods[index];
    out.label = query.label ? expand_label(*query.label, fallback, subject, {times, values},
                                           {context_.region, context_.account(), context_.now.ms(),
                                            plan_.offset_minutes})
                            : fallback;
    bool whole = page(result_++, times, values, out);
    out.status_code = whole && !partial_ ? "Complete" : "PartialData";
    if (partial_) {
      add_message(out, "PartialData", "A part of the range is damaged on disk and left out.");
    }
    return out;
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
  const std::vector<SeriesAnswer>& answers_;
  bool partial_ = false;  // of the result being made
  Output output_;
  std::vector<std::string> units_;
  size_t result_ = 0;  // number of the result, which page tokens count by
  size_t count_ = 0;
  std::pair<size_t, int64_t> last_;
  std::optional<std::pair<size_t, int64_t>> next_;
};

}  // namespace

void run_metric_data(const Shared& shared, const std::shared_ptr<OperationContext>& context,
                     const Input& input, TypedReply<MetricDataAnswer> reply) {
  Planned planned = make_plan(shared, *context, input);
  if (!planned) return reply(std::unexpected(std::move(planned).error()));
  auto plan = std::make_shared<const Plan>(std::move(*planned));
  int64_t start_ms = input.start_time->ms;
  int64_t end_ms = input.end_time->ms;
  if (plan->selects.empty()) {
    return reply(PageWriter(*plan, *context, {}).run(shared, start_ms, end_ms));
  }
  shared.backend().select(
      {context->account(), context->region}, plan->selects,
      [&shared, context, plan, start_ms, end_ms,
       reply = std::move(reply)](Result<std::vector<SeriesAnswer>> answers) mutable {
        if (!answers) return reply(std::unexpected(backend_error(answers.error())));
        reply(PageWriter(*plan, *context, *answers).run(shared, start_ms, end_ms));
      });
}

OperationSpec get_metric_data(std::shared_ptr<Shared> shared) {
  return {.name = "GetMetricData",
          .action = "cloudwatch:GetMetricData",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                run_metric_data(*shared, context, input,
                                [reply = std::move(reply)](auto answer) mutable {
                                  if (!answer)
                                    return reply(std::unexpected(std::move(answer).error()));
                                  reply(std::move(answer->output));
                                });
              })};
}

}  // namespace kansoku::api::aws::monitoring
