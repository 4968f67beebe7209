// StartLiveTail: checked here, then a LiveSession.
#include <map>

#include "api/aws/logs/handlers.h"
#include "api/aws/logs/live_session.h"
#include "wire/aws/event_stream.h"

namespace kansoku::api::aws::logs {
namespace {

using pipeline::live_tail::LiveFilter;

// How many sessions an account and region have.
class Sessions : public std::enable_shared_from_this<Sessions> {
 public:
  // Null: as many as may be are open.
  std::shared_ptr<void> take_place(const signal::Scope& scope) {
    {
      std::lock_guard lock(counts_mutex_);
      size_t& count = counts_[scope];
      if (count >= kSessionsMax) return nullptr;
      ++count;
    }
    return {this, [self = shared_from_this(), scope](void*) { self->give_back(scope); }};
  }

 private:
  void give_back(const signal::Scope& scope) {
    std::lock_guard lock(counts_mutex_);
    if (--counts_[scope] == 0) counts_.erase(scope);
  }
  std::mutex counts_mutex_;
  std::map<signal::Scope, size_t> counts_;
};

std::optional<AwsError> check_group(const Shared& shared, const OperationContext& context,
                                    const std::string& name) {
  const std::string resource = access_to(context, name).resource;
  if (!context.allows("logs:StartLiveTail", resource)) {
    return auth_error(
        context.protocol,
        {net::auth::AuthFault::NoPermission,
         fmt::format("User: {} is not authorized to perform: logs:StartLiveTail on resource: {}",
                     context.principal->arn, resource),
         false});
  }
  const auto group = shared.groups().find(scope_of(context), name);
  if (!group) return group_not_found();
  if (group->group_class != "STANDARD") {
    return invalid_parameter(
        fmt::format("log groups of class {} have no live tail", group->group_class));
  }
  return std::nullopt;
}

std::expected<LiveFilter, AwsError> filter_of(const Shared& shared, const OperationContext& context,
                                              const shapes::StartLiveTailInput& input) {
  LiveFilter out;
  out.scope = scope_of(context);
  for (const std::string& identifier : *input.log_group_identifiers) {
    auto name = group_of_identifier(context, identifier);
    if (!name) return std::unexpected(std::move(name).error());
    if (auto error = check_group(shared, context, *name)) return std::unexpected(std::move(*error));
    out.groups.push_back(std::move(*name));
  }
  out.streams = input.log_stream_names.value_or(out.streams);
  out.stream_prefixes = input.log_stream_name_prefixes.value_or(out.stream_prefixes);
  if (!out.streams.empty() && !out.stream_prefixes.empty()) {
    return std::unexpected(invalid_parameter(
        "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters."));
  }
  if (out.groups.size() > 1 && (!out.streams.empty() || !out.stream_prefixes.empty())) {
    return std::unexpected(invalid_parameter(
        "logStreamNames and logStreamNamePrefixes can be given with one log group only."));
  }
  if (input.log_event_filter_pattern) {
    auto pattern = query::log_filter::Pattern::parse(*input.log_event_filter_pattern);
    if (!pattern) {
      return std::unexpected(
          invalid_parameter(fmt::format("Invalid filter pattern: {} at character {}",
                                        pattern.error().message, pattern.error().position + 1)));
    }
    out.pattern = std::move(*pattern);
  }
  return out;
}

void start(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Sessions>& sessions,
           const std::shared_ptr<OperationContext>& context,
           const shapes::StartLiveTailInput& input, TypedReply<shapes::StartLiveTailOutput> reply) {
  auto filter = filter_of(*shared, *context, input);
  if (!filter) return reply(std::unexpected(std::move(filter).error()));
  auto place = sessions->take_place(filter->scope);
  if (place == nullptr) {
    return reply(std::unexpected(
        store_error(resource_exhausted("{} Live Tail sessions are open, at most {} may be",
                                       kSessionsMax, kSessionsMax)
                        .error())));
  }
  const LogsOptions& options = shared->options;
  LiveSession::Asked asked{.request_id = context->request_id,
                           .session_id = new_uuid(*options.random),
                           .arn_prefix = group_arn(*context, ""),
                           .request = input,
                           .filter = std::move(*filter),
                           .place = std::move(place)};
  const LiveSessionParts parts{.clock = options.clock,
                               .timers = options.timers,
                               .executor = options.executor,
                               .random = options.random,
                               .tail = options.live_tail};
  context->stream_answer.emplace(
      std::string(kansoku::aws::kEventStreamType),
      [parts, asked = std::move(asked)](net::HttpExchange exchange) mutable {
        LiveSession::start(parts, std::move(asked), std::move(exchange));
      });
  reply(shapes::StartLiveTailOutput{});
}

}  // namespace

void add_live_tail_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  OperationSpec spec{.name = "StartLiveTail", .action = "logs:StartLiveTail"};
  spec.handler = typed_handler<shapes::StartLiveTailInput, shapes::StartLiveTailOutput>(
      [shared, sessions = std::make_shared<Sessions>()](
          std::shared_ptr<OperationContext> context, const shapes::StartLiveTailInput& input,
          TypedReply<shapes::StartLiveTailOutput> reply) {
        start(shared, sessions, context, input, std::move(reply));
      });
  spec.without_permission = true;  // of each group: filter_of() asks
  table.operations.push_back(std::move(spec));
}

}  // namespace kansoku::api::aws::logs
