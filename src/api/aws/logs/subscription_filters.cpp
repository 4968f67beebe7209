// Subscription filters: PutSubscriptionFilter, DescribeSubscriptionFilters,
// DeleteSubscriptionFilter.
#include "api/aws/logs/handlers.h"
#include "pipeline/exporters/aws_target/aws_target.h"

namespace kansoku::api::aws::logs {
namespace {

using kansoku::aws::NoInput;
using pipeline::aws_target::TargetKind;

std::string_view destination_name(std::string_view destination) {
  switch (pipeline::aws_target::parse_target(destination)->kind) {
    case TargetKind::Kinesis:
      return "Kinesis";
    case TargetKind::Firehose:
      return "Firehose";
    case TargetKind::Lambda:
      return "Lambda";
    case TargetKind::Http:
      break;
  }
  return "HTTP";
}

void put(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
         const shapes::PutSubscriptionFilterInput& input, EmptyReply reply) {
  const signal::Scope scope = scope_of(*context);
  const auto group = shared->groups().find(scope, *input.log_group_name);
  if (!group) return reply(std::unexpected(group_not_found()));
  if (group->group_class != "STANDARD") {
    return reply(std::unexpected(invalid_parameter(
        fmt::format("log groups of class {} have no subscription filters", group->group_class))));
  }
  if (input.apply_on_transformed_logs.value_or(false)) {
    return reply(std::unexpected(
        invalid_parameter("applyOnTransformedLogs is not supported: there are no transformers")));
  }
  shared->subscriptions().put(
      scope, {.request = input, .created_ns = context->now.ns},
      [shared, reply = std::move(reply)](Result<SubscriptionStore::SubscriptionPtr> added) mutable {
        if (!added) return reply(std::unexpected(store_error(added.error())));
        if (*added != nullptr && shared->options.announce)
          shared->options.announce(**added, destination_name((*added)->destination));
        reply(NoInput{});
      });
}

void remove(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::DeleteSubscriptionFilterInput& input, EmptyReply reply) {
  const signal::Scope scope = scope_of(*context);
  if (!shared->groups().find(scope, *input.log_group_name))
    return reply(std::unexpected(group_not_found()));
  shared->subscriptions().remove(scope, *input.log_group_name, *input.filter_name,
                                 empty_reply(std::move(reply)));
}

shapes::SubscriptionFilter shown(const SubscriptionDefinition& definition) {
  const auto& request = definition.request;
  shapes::SubscriptionFilter out;
  out.filter_name = request.filter_name;
  out.log_group_name = request.log_group_name;
  out.filter_pattern = request.filter_pattern;
  out.destination_arn = request.destination_arn;
  out.role_arn = request.role_arn;
  out.distribution = request.distribution.value_or("ByLogStream");
  out.apply_on_transformed_logs = false;
  out.creation_time = definition.created_ns / env::kNsPerMs;
  return out;
}

void describe(const std::shared_ptr<Shared>& shared,
              const std::shared_ptr<OperationContext>& context,
              const shapes::DescribeSubscriptionFiltersInput& input,
              TypedReply<shapes::DescribeSubscriptionFiltersOutput> reply) {
  const signal::Scope scope = scope_of(*context);
  if (!shared->groups().find(scope, *input.log_group_name))
    return reply(std::unexpected(group_not_found()));
  const std::string prefix = input.filter_name_prefix.value_or("");
  std::string binding;
  for (const std::string& part : {std::string("DescribeSubscriptionFilters"), scope.account,
                                  scope.region, *input.log_group_name, prefix}) {
    append_part(binding, part);
  }
  std::string after;
  if (input.next_token) {
    const auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(invalid_token()));
    after = *position;
  }
  const auto limit = static_cast<size_t>(input.limit.value_or(50));
  shapes::DescribeSubscriptionFiltersOutput out;
  out.subscription_filters.emplace();
  for (const SubscriptionDefinition& definition : shared->subscriptions().list(scope)) {
    const std::string& name = *definition.request.filter_name;
    if (*definition.request.log_group_name != *input.log_group_name || name <= after ||
        !name.starts_with(prefix)) {
      continue;
    }
    if (out.subscription_filters->size() == limit) {
      out.next_token = shared->tokens.issue(binding, *out.subscription_filters->back().filter_name);
      break;
    }
    out.subscription_filters->push_back(shown(definition));
  }
  reply(std::move(out));
}

}  // namespace

void add_subscription_filter_operations(const std::shared_ptr<Shared>& shared,
                                        ServiceTable& table) {
  auto& rows = table.operations;
  rows.push_back(line<shapes::PutSubscriptionFilterInput, NoInput>(
      "PutSubscriptionFilter", "logs:PutSubscriptionFilter", shared, put,
      access_by_name<shapes::PutSubscriptionFilterInput>));
  rows.push_back(line<shapes::DeleteSubscriptionFilterInput, NoInput>(
      "DeleteSubscriptionFilter", "logs:DeleteSubscriptionFilter", shared, remove,
      access_by_name<shapes::DeleteSubscriptionFilterInput>));
  rows.push_back(
      line<shapes::DescribeSubscriptionFiltersInput, shapes::DescribeSubscriptionFiltersOutput>(
          "DescribeSubscriptionFilters", "logs:DescribeSubscriptionFilters", shared, describe,
          access_by_name<shapes::DescribeSubscriptionFiltersInput>));
}

}  // namespace kansoku::api::aws::logs
