#include "api/aws/logs/service.h"

#include <charconv>

#include "api/aws/logs/handlers.h"
#include "base/check.h"
#include "base/text/hex.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr Protocol kProtocols[] = {Protocol::Json11, Protocol::Json10};
constexpr size_t kTimestampDigits = 26;
constexpr size_t kSequenceDigits = 20;
constexpr size_t kRowDigits = 10;

template <class Number>
bool parse_digits(std::string_view digits, Number& out) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

std::unique_ptr<ServiceTable> service_table(LogsOptions options) {
  KANSOKU_CHECK(options.backend != nullptr && options.groups != nullptr &&
                options.filters != nullptr && options.subscriptions != nullptr &&
                options.scheduled != nullptr && options.random != nullptr &&
                options.clock != nullptr && options.catalog != nullptr &&
                options.timers != nullptr && options.executor != nullptr &&
                options.live_tail != nullptr && !options.page_token_key.empty());
  const auto shared = std::make_shared<Shared>(std::move(options));
  auto table = std::make_unique<ServiceTable>();
  table->service = {.name = "logs",
                    .shape = "Logs_20140328",
                    .version = "2014-03-28",
                    .xml_namespace = "",
                    .error_namespace = "com.amazonaws.logs",
                    .query_compatible = false};
  table->action_prefix = "logs";
  table->shapes = shapes::operation_shapes();
  table->protocols = kProtocols;
  table->violations_error = violations_error;
  add_group_operations(shared, *table);
  add_stream_operations(shared, *table);
  add_tag_operations(shared, *table);
  add_event_operations(shared, *table);
  add_live_tail_operations(shared, *table);
  add_metric_filter_operations(shared, *table);
  add_subscription_filter_operations(shared, *table);
  add_query_operations(shared, *table);
  add_definition_operations(shared, *table);
  add_scheduled_query_operations(shared, *table);
  table->operations.push_back(put_log_events(shared));
  // The registry lives with the table.
  shared->scheduled().start(
      std::shared_ptr<QueryRegistry>(shared, &shared->queries),
      [groups = shared->options.groups](const signal::Scope& scope, const std::string& group) {
        return groups->find(scope, group).has_value();
      });
  return table;
}

std::string group_arn(const OperationContext& context, std::string_view group) {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}", context.region, context.account(), group);
}

std::expected<std::string, AwsError> group_of_identifier(const OperationContext& context,
                                                         std::string_view identifier) {
  if (!identifier.starts_with("arn:")) return std::string(identifier);
  const std::string prefix = group_arn(context, "");
  if (!identifier.starts_with(prefix)) {
    return std::unexpected(resource_not_found(
        fmt::format("log group {} is of another account or region", quoted(identifier))));
  }
  identifier.remove_prefix(prefix.size());
  if (identifier.ends_with(":*")) identifier.remove_suffix(2);
  return std::string(identifier);
}

std::expected<std::string, AwsError> named_group(const OperationContext& context,
                                                 const std::optional<std::string>& name,
                                                 const std::optional<std::string>& identifier) {
  if (name && identifier) {
    return std::unexpected(
        validation_error("LogGroup name and LogGroup ARN are mutually exclusive parameters."));
  }
  if (name) return *name;
  if (identifier) return group_of_identifier(context, *identifier);
  return std::unexpected(invalid_parameter("one of logGroupName and logGroupIdentifier is needed"));
}

Access access_to(const OperationContext& context, std::string_view group) {
  return {.resource = group_arn(context, group) + ":*"};
}

std::string new_uuid(env::Random& random) {
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string hex = to_hex(as_text(bytes));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

std::string event_id(const store::EventId& id) {
  return fmt::format("{:0{}}{:0{}}{:0{}}", id.timestamp_ns, kTimestampDigits, id.log_sequence,
                     kSequenceDigits, id.row, kRowDigits);
}

std::optional<store::EventId> parse_event_id(std::string_view digits) {
  if (digits.size() != kTimestampDigits + kSequenceDigits + kRowDigits) return std::nullopt;
  store::EventId out;
  if (!parse_digits(digits.substr(0, kTimestampDigits), out.timestamp_ns) ||
      !parse_digits(digits.substr(kTimestampDigits, kSequenceDigits), out.log_sequence) ||
      !parse_digits(digits.substr(kTimestampDigits + kSequenceDigits), out.row)) {
    return std::nullopt;
  }
  return out;
}

}  // namespace kansoku::api::aws::logs
