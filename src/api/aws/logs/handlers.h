// The lines of the implemented operations, and what handlers share. Internal to api/aws/logs.
#pragma once

#include <memory>

#include "api/aws/logs/logs_errors.h"
#include "api/aws/logs/query_registry.h"
#include "api/aws/logs/service.h"
#include "api/aws/page_token.h"
#include "wire/aws/logs/shapes.h"

namespace kansoku::api::aws::logs {

namespace shapes = kansoku::aws::logs;

// Lives as long as the table.
struct Shared {
  explicit Shared(LogsOptions o)
      : options(std::move(o)),
        tokens(options.page_token_key),
        queries(*options.backend, *options.clock) {}
  LogsOptions options;
  PageTokens tokens;
  QueryRegistry queries;
  GroupStore& groups() const { return *options.groups; }
  FilterStore& filters() const { return *options.filters; }
  SubscriptionStore& subscriptions() const { return *options.subscriptions; }
  ScheduledQueries& scheduled() const { return *options.scheduled; }
  LogsBackend& backend() const { return *options.backend; }
};

inline signal::Scope scope_of(const OperationContext& context) {
  return {context.account(), context.region};
}
// arn:aws:logs:REGION:ACCOUNT:log-group:NAME
std::string group_arn(const OperationContext& context, std::string_view group);
// The name in a group's ARN (with or without ":*") or a name; an error for another account's or
// region's.
std::expected<std::string, AwsError> group_of_identifier(const OperationContext& context,
                                                         std::string_view identifier);
// Of requests that take a name or an identifier, exactly one of them.
std::expected<std::string, AwsError> named_group(const OperationContext& context,
                                                 const std::optional<std::string>& name,
                                                 const std::optional<std::string>& identifier);
// "arn:...:log-group:NAME:*" for policies.
Access access_to(const OperationContext& context, std::string_view group);

template <class Input, class Output>
using Handle = void (*)(const std::shared_ptr<Shared>&, const std::shared_ptr<OperationContext>&,
                        const Input&, TypedReply<Output>);
template <class Input, class Output>
OperationSpec line(std::string_view name, std::string_view action, std::shared_ptr<Shared> shared,
                   Handle<Input, Output> handle,
                   std::function<Access(const OperationContext&, const void*)> access = {}) {
  return {.name = name,
          .action = action,
          .handler = typed_handler<Input, Output>(
              [shared, handle](std::shared_ptr<OperationContext> context, const Input& input,
                               TypedReply<Output> reply) {
                handle(shared, context, input, std::move(reply));
              }),
          .access = std::move(access)};
}
// The access to the group that the request names by `logGroupName`.
template <class Input>
Access access_by_name(const OperationContext& context, const void* input) {
  return access_to(context, static_cast<const Input*>(input)->log_group_name.value_or("*"));
}

// A random UUID (RFC 9562, version 4).
std::string new_uuid(env::Random& random);

// Answers an operation without output.
using EmptyReply = TypedReply<kansoku::aws::NoInput>;
inline GroupStore::Done empty_reply(EmptyReply reply) {
  return [reply = std::move(reply)](Status status) mutable {
    if (!status) return reply(std::unexpected(store_error(status.error())));
    reply(kansoku::aws::NoInput{});
  };
}

void add_group_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_stream_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_tag_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_metric_filter_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_subscription_filter_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_query_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_scheduled_query_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_definition_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_live_tail_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
void add_event_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table);
OperationSpec put_log_events(std::shared_ptr<Shared> shared);

std::optional<store::EventId> parse_event_id(std::string_view digits);

}  // namespace kansoku::api::aws::logs
