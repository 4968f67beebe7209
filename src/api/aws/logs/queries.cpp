// Insights: StartQuery, GetQueryResults, StopQuery, DescribeQueries.
#include <algorithm>

#include "api/aws/logs/handlers.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr int64_t kNsPerS = env::kNsPerS;
constexpr size_t kGroupsMax = 50;
constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / kNsPerS - 1;
// CloudWatch Logs' rows of a query without `limit`, and the most that there may be.
constexpr uint64_t kRowsMax = 10'000;

// Offsets in characters, as the API has them.
int32_t characters(std::string_view text, size_t bytes) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<int32_t>(std::ranges::count_if(text.substr(0, bytes), starts));
}

AwsError malformed(const std::string& text, const query::logs_insights::Problem& problem) {
  auto detail = std::make_shared<shapes::MalformedQueryException>();
  auto& error = detail->query_compile_error.emplace();
  error.message = problem.message;
  error.location.emplace();
  error.location->start_char_offset = characters(text, problem.start);
  error.location->end_char_offset = characters(text, problem.end);
  AwsError out;
  out.shape = "MalformedQueryException";
  out.message =
      fmt::format("{} at character {}", problem.message, *error.location->start_char_offset + 1);
  out.detail_type = shapes::malformed_query_type();
  out.detail = std::move(detail);
  return out;
}

std::expected<std::vector<std::string>, AwsError> groups_of(const OperationContext& context,
                                                            const shapes::StartQueryInput& input) {
  std::vector<std::string> out;
  const int given = (input.log_group_name ? 1 : 0) + (input.log_group_names ? 1 : 0) +
                    (input.log_group_identifiers ? 1 : 0);
  if (given > 1) {
    return std::unexpected(
        invalid_parameter("logGroupName, logGroupNames and logGroupIdentifiers are mutually "
                          "exclusive parameters."));
  }
  if (input.log_group_name) out.push_back(*input.log_group_name);
  if (input.log_group_names) out = *input.log_group_names;
  for (const std::string& identifier :
       input.log_group_identifiers.value_or(std::vector<std::string>())) {
    auto name = group_of_identifier(context, identifier);
    if (!name) return std::unexpected(std::move(name).error());
    out.push_back(std::move(*name));
  }
  if (out.size() > kGroupsMax) {
    return std::unexpected(invalid_parameter(
        fmt::format("{} log groups; a query takes at most {}", out.size(), kGroupsMax)));
  }
  return out;
}

std::optional<AwsError> refused_group(const Shared& shared, const OperationContext& context,
                                      const std::string& group) {
  if (!context.allows("logs:StartQuery", access_to(context, group).resource)) {
    return auth_error(
        context.protocol,
        {net::auth::AuthFault::NoPermission,
         fmt::format("User: {} is not authorized to perform: logs:StartQuery on resource: {}",
                     context.principal->arn, access_to(context, group).resource),
         false});
  }
  if (shared.groups().find(scope_of(context), group)) return std::nullopt;
  return resource_not_found(fmt::format(
      "Log group '{}' does not exist for account ID '{}' (Service: AWSLogs; Status Code: 400; "
      "Error Code: ResourceNotFoundException; Request ID: {}; Proxy: null)",
      group, context.account(), context.request_id));
}

// The groups of a SOURCE command, those that the caller may read.
Result<std::vector<std::string>> source_groups(const GroupStore& groups,
                                               const std::shared_ptr<OperationContext>& context,
                                               const query::rows::SourceGroups& source) {
  const auto contains = [](const std::vector<std::string>& list, const std::string& item) {
    return std::ranges::find(list, item) != list.end();
  };
  std::vector<std::string> out;
  if (!source.accounts.empty() && !contains(source.accounts, context->account())) return out;
  for (const Group& group : groups.list(scope_of(*context))) {
    if (!source.log_class.empty() && group.group_class != source.log_class) continue;
    const bool named = source.all || contains(source.names, group.name) ||
                       std::ranges::any_of(source.prefixes, [&](const std::string& prefix) {
                         return group.name.starts_with(prefix);
                       });
    if (named && context->allows("logs:StartQuery", access_to(*context, group.name).resource))
      out.push_back(group.name);
  }
  return out;
}

std::expected<QueryAsked, AwsError> asked_of(const std::shared_ptr<Shared>& shared,
                                             const std::shared_ptr<OperationContext>& context,
                                             const shapes::StartQueryInput& input) {
  if (input.query_language && *input.query_language != "CWLI") {
    return std::unexpected(invalid_parameter(
        fmt::format("query language {} is not supported, only CWLI is", *input.query_language)));
  }
  if (*input.end_time < *input.start_time) {
    return std::unexpected(invalid_parameter(
        fmt::format("endTime {} is before startTime {}", *input.end_time, *input.start_time)));
  }
  QueryAsked out;
  auto plan = query::logs_insights::compile(*input.query_string);
  if (!plan) return std::unexpected(malformed(*input.query_string, plan.error()));
  out.plan = std::move(*plan);
  auto groups = groups_of(*context, input);
  if (!groups) return std::unexpected(std::move(groups).error());
  out.groups = std::move(*groups);
  if (out.groups.empty() && !out.plan->source) {
    return std::unexpected(invalid_parameter(
        "one of logGroupName, logGroupNames and logGroupIdentifiers is needed, or a SOURCE "
        "command in the query"));
  }
  for (const std::string& group : out.groups) {
    if (auto error = refused_group(*shared, *context, group))
      return std::unexpected(std::move(*error));
  }
  out.id = new_uuid(*shared->options.random);
  out.scope = scope_of(*context);
  out.text = *input.query_string;
  out.user = context->principal->arn;
  out.begin_ns = std::min(*input.start_time, kSecondsMax) * kNsPerS;
  out.end_ns = (std::min(*input.end_time, kSecondsMax) + 1) * kNsPerS;  // inclusive
  out.rows_max =
      std::min<uint64_t>(static_cast<uint64_t>(input.limit.value_or(kRowsMax)), kRowsMax);
  out.created_ms = context->now.ms();
  // Not the shared state itself: that is what keeps the query.
  out.source = [&groups = shared->groups(), context](const query::rows::SourceGroups& source) {
    return source_groups(groups, context, source);
  };
  return out;
}

void start(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
           const shapes::StartQueryInput& input, TypedReply<shapes::StartQueryOutput> reply) {
  auto asked = asked_of(shared, context, input);
  if (!asked) return reply(std::unexpected(std::move(asked).error()));
  shapes::StartQueryOutput out;
  out.query_id = asked->id;
  const Status started = shared->queries.start(std::move(*asked));
  if (!started) return reply(std::unexpected(store_error(started.error())));
  reply(std::move(out));
}

shapes::QueryStatistics shown(const query::rows::RowsStatistics& statistics) {
  shapes::QueryStatistics out;
  out.records_matched = static_cast<double>(statistics.records_matched);
  out.records_scanned = static_cast<double>(statistics.records_scanned);
  out.estimated_records_skipped = static_cast<double>(statistics.records_skipped);
  out.bytes_scanned = static_cast<double>(statistics.bytes_scanned);
  out.estimated_bytes_skipped = static_cast<double>(statistics.bytes_skipped);
  out.log_groups_scanned = static_cast<double>(statistics.groups);
  return out;
}

void results(const std::shared_ptr<Shared>& shared,
             const std::shared_ptr<OperationContext>& context,
             const shapes::GetQueryResultsInput& input,
             TypedReply<shapes::GetQueryResultsOutput> reply) {
  auto state = shared->queries.state(scope_of(*context), *input.query_id);
  if (!state) return reply(std::unexpected(store_error(state.error())));
  std::string binding;
  for (const std::string& part :
       {std::string("GetQueryResults"), context->account(), *input.query_id})
    append_part(binding, part);
  size_t begin = 0;
  if (input.next_token) {
    const auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(invalid_token()));
    begin = std::strtoull(position->c_str(), nullptr, 10);
  }
  shapes::GetQueryResultsOutput out;
  out.query_language = "CWLI";
  out.status = state->status;
  out.statistics = shown(state->statistics);
  out.results.emplace();
  if (!state->rows) return reply(std::move(out));
  const size_t rows = state->rows->size();
  const size_t end =
      std::min(rows, begin + static_cast<size_t>(input.max_items.value_or(kRowsMax)));
  for (size_t row = begin; row < end; ++row) {
    auto& fields = out.results->emplace_back();
    for (const query::logs_insights::Field& field : (*state->rows)[row])
      fields.push_back({field.field, field.value});
  }
  if (end < rows) out.next_token = shared->tokens.issue(binding, std::to_string(end));
  reply(std::move(out));
}

void stop(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
          const shapes::StopQueryInput& input, TypedReply<shapes::StopQueryOutput> reply) {
  const auto stopped = shared->queries.stop(scope_of(*context), *input.query_id);
  if (!stopped) return reply(std::unexpected(store_error(stopped.error())));
  if (!*stopped) {
    return reply(std::unexpected(invalid_parameter(
        fmt::format("Query {} has ended and cannot be stopped.", quoted(*input.query_id)))));
  }
  shapes::StopQueryOutput out;
  out.success = true;
  reply(std::move(out));
}

void describe(const std::shared_ptr<Shared>& shared,
              const std::shared_ptr<OperationContext>& context,
              const shapes::DescribeQueriesInput& input,
              TypedReply<shapes::DescribeQueriesOutput> reply) {
  std::string binding;
  for (const std::string& part :
       {std::string("DescribeQueries"), context->account(), context->region,
        input.log_group_name.value_or(""), input.status.value_or("")}) {
    append_part(binding, part);
  }
  std::string after;
  if (input.next_token) {
    const auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(invalid_token()));
    after = *position;
  }
  const auto limit = static_cast<size_t>(input.max_results.value_or(1'000));
  shapes::DescribeQueriesOutput out;
  out.queries.emplace();
  bool behind = after.empty();
  for (const QueryRegistry::Listed& listed : shared->queries.list(scope_of(*context))) {
    const QueryAsked& asked = *listed.asked;
    const bool shown_before = !behind;
    behind = behind || asked.id == after;
    const bool wanted =
        (!input.status || *input.status == listed.state.status) &&
        (!input.query_language || *input.query_language == "CWLI") &&
        (!input.log_group_name ||
         std::ranges::find(asked.groups, *input.log_group_name) != asked.groups.end());
    if (shown_before || !wanted) continue;
    if (out.queries->size() == limit) {
      out.next_token = shared->tokens.issue(binding, *out.queries->back().query_id);
      break;
    }
    shapes::QueryInfo& row = out.queries->emplace_back();
    row.query_language = "CWLI";
    row.query_id = asked.id;
    row.query_string = asked.text;
    row.status = listed.state.status;
    row.create_time = asked.created_ms;
    if (!asked.groups.empty()) row.log_group_name = asked.groups.front();
    if (listed.state.ended_ms > 0) row.query_duration = listed.state.ended_ms - asked.created_ms;
    row.bytes_scanned = static_cast<double>(listed.state.statistics.bytes_scanned);
    row.user_identity = asked.user;
  }
  reply(std::move(out));
}

}  // namespace

void add_query_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  auto started = line<shapes::StartQueryInput, shapes::StartQueryOutput>(
      "StartQuery", "logs:StartQuery", shared, start);
  started.without_permission = true;  // each group is asked for
  rows.push_back(std::move(started));
  rows.push_back(line<shapes::GetQueryResultsInput, shapes::GetQueryResultsOutput>(
      "GetQueryResults", "logs:GetQueryResults", shared, results));
  rows.push_back(line<shapes::StopQueryInput, shapes::StopQueryOutput>(
      "StopQuery", "logs:StopQuery", shared, stop));
  rows.push_back(line<shapes::DescribeQueriesInput, shapes::DescribeQueriesOutput>(
      "DescribeQueries", "logs:DescribeQueries", shared, describe));
}

}  // namespace kansoku::api::aws::logs
