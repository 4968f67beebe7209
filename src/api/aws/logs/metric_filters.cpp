// Metric filters: PutMetricFilter, DescribeMetricFilters, DeleteMetricFilter, TestMetricFilter.
#include <algorithm>

#include "api/aws/logs/handlers.h"
#include "query/log_filter/log_filter.h"

namespace kansoku::api::aws::logs {
namespace {

using kansoku::aws::NoInput;

void put(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
         const shapes::PutMetricFilterInput& input, EmptyReply reply) {
  const signal::Scope scope = scope_of(*context);
  const auto group = shared->groups().find(scope, *input.log_group_name);
  if (!group) return reply(std::unexpected(group_not_found()));
  if (group->group_class != "STANDARD") {
    return reply(std::unexpected(invalid_parameter(
        fmt::format("log groups of class {} have no metric filters", group->group_class))));
  }
  if (input.apply_on_transformed_logs.value_or(false)) {
    return reply(std::unexpected(
        invalid_parameter("applyOnTransformedLogs is not supported: there are no transformers")));
  }
  const auto& transformation = input.metric_transformations->front();
  const net::auth::ConditionValue space{"cloudwatch:namespace", *transformation.metric_namespace};
  if (!context->allows("logs:PutMetricFilter", access_to(*context, group->name).resource,
                       {&space, 1})) {
    return reply(std::unexpected(auth_error(
        context->protocol,
        {net::auth::AuthFault::NoPermission,
         fmt::format("User: {} is not authorized to perform: logs:PutMetricFilter in namespace {}",
                     context->principal->arn, *transformation.metric_namespace),
         false})));
  }
  shared->filters().put(scope,
                        {.group = group->name, .request = input, .created_ms = context->now.ms()},
                        empty_reply(std::move(reply)));
}

void remove(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::DeleteMetricFilterInput& input, EmptyReply reply) {
  const signal::Scope scope = scope_of(*context);
  if (!shared->groups().find(scope, *input.log_group_name))
    return reply(std::unexpected(group_not_found()));
  shared->filters().remove(scope, *input.log_group_name, *input.filter_name,
                           empty_reply(std::move(reply)));
}

shapes::MetricFilter shown(const MetricFilterDefinition& definition) {
  shapes::MetricFilter out;
  out.filter_name = definition.request.filter_name;
  out.filter_pattern = definition.request.filter_pattern;
  out.metric_transformations = definition.request.metric_transformations;
  out.creation_time = definition.created_ms;
  out.log_group_name = definition.group;
  out.apply_on_transformed_logs = false;
  return out;
}

// Where a page ended.
std::string position_of(const MetricFilterDefinition& definition) {
  return definition.group + ":" + *definition.request.filter_name;
}

void describe(const std::shared_ptr<Shared>& shared,
              const std::shared_ptr<OperationContext>& context,
              const shapes::DescribeMetricFiltersInput& input,
              TypedReply<shapes::DescribeMetricFiltersOutput> reply) {
  if (input.metric_name.has_value() != input.metric_namespace.has_value()) {
    return reply(std::unexpected(
        invalid_parameter("metricName and metricNamespace go together, or neither is given")));
  }
  const signal::Scope scope = scope_of(*context);
  if (input.log_group_name && !shared->groups().find(scope, *input.log_group_name))
    return reply(std::unexpected(group_not_found()));
  std::string binding;
  for (const std::string& part :
       {std::string("DescribeMetricFilters"), scope.account, scope.region,
        input.log_group_name.value_or(""), input.filter_name_prefix.value_or(""),
        input.metric_name.value_or(""), input.metric_namespace.value_or("")}) {
    append_part(binding, part);
  }
  std::string after;
  if (input.next_token) {
    const auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(invalid_token()));
    after = *position;
  }
  const auto limit = static_cast<size_t>(input.limit.value_or(50));
  shapes::DescribeMetricFiltersOutput out;
  out.metric_filters.emplace();
  std::string last;
  bool behind = after.empty();
  for (const MetricFilterDefinition& definition : shared->filters().list(scope)) {
    const bool was_behind = behind;
    behind = behind || position_of(definition) == after;
    const auto& transformation = definition.request.metric_transformations->front();
    const bool wanted =
        was_behind && (!input.log_group_name || *input.log_group_name == definition.group) &&
        definition.request.filter_name->starts_with(input.filter_name_prefix.value_or("")) &&
        (!input.metric_name || (*input.metric_name == *transformation.metric_name &&
                                *input.metric_namespace == *transformation.metric_namespace));
    if (!wanted) continue;
    if (out.metric_filters->size() == limit) {
      out.next_token = shared->tokens.issue(binding, last);
      break;
    }
    last = position_of(definition);
    out.metric_filters->push_back(shown(definition));
  }
  reply(std::move(out));
}

void test(const std::shared_ptr<Shared>&, const std::shared_ptr<OperationContext>&,
          const shapes::TestMetricFilterInput& input,
          TypedReply<shapes::TestMetricFilterOutput> reply) {
  const auto pattern = query::log_filter::Pattern::parse(*input.filter_pattern);
  if (!pattern) {
    return reply(std::unexpected(
        invalid_parameter(fmt::format("Invalid filter pattern: {} at character {}",
                                      pattern.error().message, pattern.error().position + 1))));
  }
  shapes::TestMetricFilterOutput out;
  out.matches.emplace();
  for (size_t i = 0; i < input.log_event_messages->size(); ++i) {
    const std::string& text = (*input.log_event_messages)[i];
    query::log_filter::Message message(text);
    if (!pattern->matches(message)) continue;
    shapes::MetricFilterMatchRecord& row = out.matches->emplace_back();
    row.event_number = static_cast<int64_t>(i) + 1;
    row.event_message = text;
    row.extracted_values = pattern->extracted(message);
  }
  reply(std::move(out));
}

}  // namespace

void add_metric_filter_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  auto put_line = line<shapes::PutMetricFilterInput, NoInput>("PutMetricFilter",
                                                              "logs:PutMetricFilter", shared, put);
  put_line.without_permission = true;  // the metric's namespace is a condition: put() asks
  rows.push_back(std::move(put_line));
  rows.push_back(line<shapes::DeleteMetricFilterInput, NoInput>(
      "DeleteMetricFilter", "logs:DeleteMetricFilter", shared, remove,
      access_by_name<shapes::DeleteMetricFilterInput>));
  rows.push_back(line<shapes::DescribeMetricFiltersInput, shapes::DescribeMetricFiltersOutput>(
      "DescribeMetricFilters", "logs:DescribeMetricFilters", shared, describe));
  rows.push_back(line<shapes::TestMetricFilterInput, shapes::TestMetricFilterOutput>(
      "TestMetricFilter", "logs:TestMetricFilter", shared, test));
}

}  // namespace kansoku::api::aws::logs
