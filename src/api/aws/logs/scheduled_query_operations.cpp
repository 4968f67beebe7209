// CreateScheduledQuery, GetScheduledQuery, ListScheduledQueries, UpdateScheduledQuery,
// DeleteScheduledQuery, GetScheduledQueryHistory.
#include <algorithm>

#include "api/aws/logs/handlers.h"
#include "api/aws/logs/scheduled_queries.h"

namespace kansoku::api::aws::logs {
namespace {

std::string arn_of(const OperationContext& context, std::string_view id) {
  return fmt::format("arn:aws:logs:{}:{}:scheduled-query:{}", context.region, context.account(),
                     id);
}

AwsError scheduled_error(const Error& error) {
  if (error.code == ErrorCode::InvalidArgument) return validation_error(error.message);
  AwsError out = store_error(error);
  if (error.code == ErrorCode::AlreadyExists) out.shape = "ConflictException";
  if (error.code == ErrorCode::ResourceExhausted) out.shape = "ServiceQuotaExceededException";
  return out;
}

AwsError unknown_query() {
  return resource_not_found("The specified scheduled query does not exist.");
}

// By its name or ARN.
std::expected<ScheduledQuery, AwsError> named(const Shared& shared, const OperationContext& context,
                                              std::string_view identifier) {
  if (identifier.starts_with("arn:")) {
    const std::string prefix = arn_of(context, "");
    if (!identifier.starts_with(prefix)) return std::unexpected(unknown_query());
    identifier.remove_prefix(prefix.size());
  }
  auto found = shared.scheduled().find(scope_of(context), identifier);
  if (!found) return std::unexpected(unknown_query());
  return std::move(*found);
}

// The names of the groups, which the caller may query.
std::expected<std::vector<std::string>, AwsError> groups_of(
    const Shared& shared, const OperationContext& context,
    const std::optional<std::vector<std::string>>& identifiers) {
  if (!identifiers || identifiers->empty())
    return std::unexpected(validation_error("logGroupIdentifiers is needed"));
  std::vector<std::string> out;
  for (const std::string& identifier : *identifiers) {
    auto name = group_of_identifier(context, identifier);
    if (!name) return std::unexpected(std::move(name).error());
    const std::string resource = access_to(context, *name).resource;
    if (!context.allows("logs:StartQuery", resource)) {
      return std::unexpected(auth_error(
          context.protocol,
          {net::auth::AuthFault::NoPermission,
           fmt::format("User: {} is not authorized to perform: logs:StartQuery on resource: {}",
                       context.principal->arn, resource),
           false}));
    }
    if (!shared.groups().find(scope_of(context), *name)) return std::unexpected(group_not_found());
    out.push_back(std::move(*name));
  }
  return out;
}

std::optional<AwsError> refused_language(const std::string& language) {
  if (language == "CWLI") return std::nullopt;
  return validation_error(
      fmt::format("query language {} is not supported, only CWLI is", language));
}

void set_last(const ScheduledQuery& query, auto& out) {
  if (query.history.empty()) return;
  out.last_triggered_time = query.history.back().triggered_ms;
  out.last_execution_status = query.history.back().status;
}

template <class Output>
Output shown(const OperationContext& context, const ScheduledQuery& query) {
  const auto& request = query.request;
  Output out;
  out.scheduled_query_arn = arn_of(context, query.id);
  out.name = request.name;
  out.description = request.description;
  out.query_language = request.query_language;
  out.query_string = request.query_string;
  out.log_group_identifiers = query.groups;
  out.schedule_expression = request.schedule_expression;
  out.timezone = request.timezone.value_or("UTC");
  out.start_time_offset = request.start_time_offset.value_or(kLookBackS);
  out.end_time_offset = request.end_time_offset.value_or(0);
  out.state = request.state.value_or("ENABLED");
  out.schedule_type = "CUSTOMER_MANAGED";
  out.schedule_start_time = request.schedule_start_time;
  out.schedule_end_time = request.schedule_end_time;
  out.execution_role_arn = request.execution_role_arn;
  out.creation_time = query.created_ms;
  out.last_updated_time = query.updated_ms;
  set_last(query, out);
  return out;
}

void create(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::CreateScheduledQueryInput& input,
            TypedReply<shapes::CreateScheduledQueryOutput> reply) {
  if (auto error = refused_language(*input.query_language))
    return reply(std::unexpected(std::move(*error)));
  auto groups = groups_of(*shared, *context, input.log_group_identifiers);
  if (!groups) return reply(std::unexpected(std::move(groups).error()));
  ScheduledQuery query{.id = new_uuid(*shared->options.random),
                       .request = input,
                       .groups = std::move(*groups),
                       .created_ms = context->now.ms(),
                       .updated_ms = context->now.ms()};
  shapes::CreateScheduledQueryOutput out;
  out.scheduled_query_arn = arn_of(*context, query.id);
  out.state = input.state.value_or("ENABLED");
  shared->scheduled().put(scope_of(*context), std::move(query),
                          [out = std::move(out), reply = std::move(reply)](Status status) mutable {
                            if (!status)
                              return reply(std::unexpected(scheduled_error(status.error())));
                            reply(std::move(out));
                          });
}

template <class T>
void replace(std::optional<T>& place, const std::optional<T>& given) {
  if (given) place = given;
}

// What is not named stays as it was.
void update(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::UpdateScheduledQueryInput& input,
            TypedReply<shapes::UpdateScheduledQueryOutput> reply) {
  auto query = named(*shared, *context, *input.identifier);
  if (!query) return reply(std::unexpected(std::move(query).error()));
  if (auto error = refused_language(*input.query_language))
    return reply(std::unexpected(std::move(*error)));
  if (input.log_group_identifiers) {
    auto groups = groups_of(*shared, *context, input.log_group_identifiers);
    if (!groups) return reply(std::unexpected(std::move(groups).error()));
    query->groups = std::move(*groups);
  }
  auto& request = query->request;
  replace(request.description, input.description);
  replace(request.query_language, input.query_language);
  replace(request.query_string, input.query_string);
  replace(request.schedule_expression, input.schedule_expression);
  replace(request.timezone, input.timezone);
  replace(request.start_time_offset, input.start_time_offset);
  replace(request.end_time_offset, input.end_time_offset);
  replace(request.schedule_start_time, input.schedule_start_time);
  replace(request.schedule_end_time, input.schedule_end_time);
  replace(request.execution_role_arn, input.execution_role_arn);
  replace(request.state, input.state);
  query->updated_ms = context->now.ms();
  const std::string id = query->id;
  shared->scheduled().put(scope_of(*context), std::move(*query),
                          [shared, context, id, reply = std::move(reply)](Status status) mutable {
                            if (!status)
                              return reply(std::unexpected(scheduled_error(status.error())));
                            const auto changed = shared->scheduled().find(scope_of(*context), id);
                            if (!changed) return reply(std::unexpected(unknown_query()));
                            reply(shown<shapes::UpdateScheduledQueryOutput>(*context, *changed));
                          });
}

void get(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
         const shapes::GetScheduledQueryInput& input,
         TypedReply<shapes::GetScheduledQueryOutput> reply) {
  const auto query = named(*shared, *context, *input.identifier);
  if (!query) return reply(std::unexpected(query.error()));
  reply(shown<shapes::GetScheduledQueryOutput>(*context, *query));
}

void remove(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::DeleteScheduledQueryInput& input,
            TypedReply<shapes::DeleteScheduledQueryOutput> reply) {
  const auto query = named(*shared, *context, *input.identifier);
  if (!query) return reply(std::unexpected(query.error()));
  shared->scheduled().remove(scope_of(*context), query->id,
                             [reply = std::move(reply)](Status status) mutable {
                               if (!status)
                                 return reply(std::unexpected(scheduled_error(status.error())));
                               reply(shapes::DeleteScheduledQueryOutput{});
                             });
}

void list(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
          const shapes::ListScheduledQueriesInput& input,
          TypedReply<shapes::ListScheduledQueriesOutput> reply) {
  std::string binding;
  for (const std::string& part :
       {std::string("ListScheduledQueries"), context->account(), context->region,
        input.state.value_or(""), input.schedule_type.value_or("")}) {
    append_part(binding, part);
  }
  std::string after;
  if (input.next_token) {
    const auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(validation_error("invalid nextToken")));
    after = *position;
  }
  const auto limit = static_cast<size_t>(input.max_results.value_or(50));
  shapes::ListScheduledQueriesOutput out;
  out.scheduled_queries.emplace();
  if (input.schedule_type.value_or("CUSTOMER_MANAGED") != "CUSTOMER_MANAGED")
    return reply(std::move(out));
  for (const ScheduledQuery& query : shared->scheduled().list(scope_of(*context))) {
    if (*query.request.name <= after && !after.empty()) continue;
    const std::string state = query.request.state.value_or("ENABLED");
    if (input.state && *input.state != state) continue;
    if (out.scheduled_queries->size() == limit) {
      out.next_token = shared->tokens.issue(binding, *out.scheduled_queries->back().name);
      break;
    }
    shapes::ScheduledQuerySummary& row = out.scheduled_queries->emplace_back();
    row.scheduled_query_arn = arn_of(*context, query.id);
    row.name = query.request.name;
    row.state = state;
    row.schedule_type = "CUSTOMER_MANAGED";
    row.schedule_expression = query.request.schedule_expression;
    row.timezone = query.request.timezone.value_or("UTC");
    row.creation_time = query.created_ms;
    row.last_updated_time = query.updated_ms;
    set_last(query, row);
  }
  reply(std::move(out));
}

void history(const std::shared_ptr<Shared>& shared,
             const std::shared_ptr<OperationContext>& context,
             const shapes::GetScheduledQueryHistoryInput& input,
             TypedReply<shapes::GetScheduledQueryHistoryOutput> reply) {
  const auto query = named(*shared, *context, *input.identifier);
  if (!query) return reply(std::unexpected(query.error()));
  if (*input.end_time < *input.start_time)
    return reply(std::unexpected(validation_error("endTime is before startTime")));
  std::string binding;
  for (const std::string& part :
       {std::string("GetScheduledQueryHistory"), context->account(), context->region, query->id,
        fmt::format("{} {}", *input.start_time, *input.end_time)}) {
    append_part(binding, part);
  }
  int64_t before_ms = std::numeric_limits<int64_t>::max();
  if (input.next_token) {
    const auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(validation_error("invalid nextToken")));
    before_ms = std::strtoll(position->c_str(), nullptr, 10);
  }
  const auto& statuses = input.execution_statuses;
  const auto limit = static_cast<size_t>(input.max_results.value_or(50));
  shapes::GetScheduledQueryHistoryOutput out;
  out.name = query->request.name;
  out.scheduled_query_arn = arn_of(*context, query->id);
  out.trigger_history.emplace();
  // Newest first.
  for (auto run = query->history.rbegin(); run != query->history.rend(); ++run) {
    const bool wanted = run->triggered_ms < before_ms && run->triggered_ms >= *input.start_time &&
                        run->triggered_ms <= *input.end_time &&
                        (!statuses || std::ranges::find(*statuses, run->status) != statuses->end());
    if (!wanted) continue;
    if (out.trigger_history->size() == limit) {
      out.next_token = shared->tokens.issue(
          binding, std::to_string(*out.trigger_history->back().triggered_timestamp));
      break;
    }
    shapes::TriggerHistoryRecord& row = out.trigger_history->emplace_back();
    row.query_id = run->query_id;
    row.execution_status = run->status;
    row.triggered_timestamp = run->triggered_ms;
    if (!run->error.empty()) row.error_message = run->error;
    row.destinations.emplace();
  }
  reply(std::move(out));
}

}  // namespace

void add_scheduled_query_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  rows.push_back(line<shapes::CreateScheduledQueryInput, shapes::CreateScheduledQueryOutput>(
      "CreateScheduledQuery", "logs:CreateScheduledQuery", shared, create));
  rows.push_back(line<shapes::UpdateScheduledQueryInput, shapes::UpdateScheduledQueryOutput>(
      "UpdateScheduledQuery", "logs:UpdateScheduledQuery", shared, update));
  rows.push_back(line<shapes::GetScheduledQueryInput, shapes::GetScheduledQueryOutput>(
      "GetScheduledQuery", "logs:GetScheduledQuery", shared, get));
  rows.push_back(line<shapes::DeleteScheduledQueryInput, shapes::DeleteScheduledQueryOutput>(
      "DeleteScheduledQuery", "logs:DeleteScheduledQuery", shared, remove));
  rows.push_back(line<shapes::ListScheduledQueriesInput, shapes::ListScheduledQueriesOutput>(
      "ListScheduledQueries", "logs:ListScheduledQueries", shared, list));
  rows.push_back(
      line<shapes::GetScheduledQueryHistoryInput, shapes::GetScheduledQueryHistoryOutput>(
          "GetScheduledQueryHistory", "logs:GetScheduledQueryHistory", shared, history));
}

}  // namespace kansoku::api::aws::logs
