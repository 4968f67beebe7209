// Log groups: create, delete, describe, list, retention, protection from deletion.
#include <fmt/ranges.h>

#include <algorithm>

#include "api/aws/logs/handlers.h"

namespace kansoku::api::aws::logs {
namespace {

using kansoku::aws::NoInput;

template <class List, class Item>
bool contains(const List& list, const Item& item) {
  return std::ranges::find(list, item) != list.end();
}

constexpr std::array kRetentionDays{1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                    365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

void create(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::CreateLogGroupInput& input, EmptyReply reply) {
  if (input.log_group_name->starts_with("aws/")) {
    return reply(std::unexpected(
        invalid_parameter("Log group names starting with 'aws/' are reserved for AWS.")));
  }
  Group group{.name = *input.log_group_name};
  group.group_class = input.log_group_class.value_or("STANDARD");
  group.deletion_protected = input.deletion_protection_enabled.value_or(false);
  if (input.tags) group.tags.insert(input.tags->begin(), input.tags->end());
  shared->groups().create(scope_of(*context), std::move(group), empty_reply(std::move(reply)));
}

// Of a group that is gone.
void remove_filters(const std::shared_ptr<Shared>& shared, const signal::Scope& scope,
                    const std::string& group, EmptyReply reply) {
  shared->filters().remove_group(
      scope, group, [shared, scope, group, reply = std::move(reply)](Status status) mutable {
        if (!status) return reply(std::unexpected(store_error(status.error())));
        shared->subscriptions().remove_group(scope, group, empty_reply(std::move(reply)));
      });
}

void remove(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::DeleteLogGroupInput& input, EmptyReply reply) {
  const auto group = shared->groups().find(scope_of(*context), *input.log_group_name);
  if (group && group->deletion_protected) {
    return reply(std::unexpected(validation_error(
        fmt::format("log group {} is protected from deletion; PutLogGroupDeletionProtection lifts "
                    "that",
                    quoted(group->name)))));
  }
  const signal::Scope scope = scope_of(*context);
  shared->groups().remove(scope, *input.log_group_name,
                          [shared, scope, name = *input.log_group_name,
                           reply = std::move(reply)](Status status) mutable {
                            if (!status) return reply(std::unexpected(store_error(status.error())));
                            remove_filters(shared, scope, name, std::move(reply));
                          });
}

void put_retention(const std::shared_ptr<Shared>& shared,
                   const std::shared_ptr<OperationContext>& context,
                   const shapes::PutRetentionPolicyInput& input, EmptyReply reply) {
  const int32_t days = *input.retention_in_days;
  if (!contains(kRetentionDays, days)) {
    return reply(std::unexpected(invalid_parameter(
        fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' failed to "
                    "satisfy constraint: Member must satisfy enum value set: [{}]",
                    days, fmt::join(kRetentionDays, ", ")))));
  }
  const auto set = [days](Group& group) -> Status {
    group.retention_days = days;
    return {};
  };
  shared->groups().change(scope_of(*context), *input.log_group_name, set,
                          empty_reply(std::move(reply)));
}

void delete_retention(const std::shared_ptr<Shared>& shared,
                      const std::shared_ptr<OperationContext>& context,
                      const shapes::DeleteRetentionPolicyInput& input, EmptyReply reply) {
  const auto clear = [](Group& group) -> Status {
    group.retention_days = 0;
    return {};
  };
  shared->groups().change(scope_of(*context), *input.log_group_name, clear,
                          empty_reply(std::move(reply)));
}

void protect(const std::shared_ptr<Shared>& shared,
             const std::shared_ptr<OperationContext>& context,
             const shapes::PutLogGroupDeletionProtectionInput& input, EmptyReply reply) {
  const auto name = group_of_identifier(*context, *input.log_group_identifier);
  if (!name) return reply(std::unexpected(name.error()));
  const auto set = [on = *input.deletion_protection_enabled](Group& group) -> Status {
    group.deletion_protected = on;
    return {};
  };
  shared->groups().change(scope_of(*context), *name, set, empty_reply(std::move(reply)));
}

// --- listings

// One page of the tenant's groups: those that `wanted` wants, behind the token's.
struct Page {
  std::vector<Group> groups;
  std::optional<std::string> next_token;
};
std::expected<Page, AwsError> page_of(const Shared& shared, const OperationContext& context,
                                      const std::string& binding,
                                      const std::optional<std::string>& token, size_t limit,
                                      const std::function<bool(const Group&)>& wanted) {
  std::string after;
  if (token) {
    const auto position = shared.tokens.open(binding, *token);
    if (!position) return std::unexpected(invalid_token());
    after = *position;
  }
  Page out;
  for (Group& group : shared.groups().list(scope_of(context))) {
    if (group.name <= after || !wanted(group)) continue;
    if (out.groups.size() == limit) {
      out.next_token = shared.tokens.issue(binding, out.groups.back().name);
      break;
    }
    out.groups.push_back(std::move(group));
  }
  return out;
}

// What a listing of one request is bound to.
template <class... Parts>
std::string binding_of(const OperationContext& context, std::string_view operation,
                       const Parts&... parts) {
  std::string out;
  append_part(out, operation);
  append_part(out, context.account());
  append_part(out, context.region);
  (append_part(out, parts), ...);
  return out;
}

// Other accounts' groups are never here.
bool of_this_account(const OperationContext& context,
                     const std::optional<std::vector<std::string>>& accounts) {
  return !accounts || accounts->empty() || contains(*accounts, context.account());
}

shapes::LogGroup shown(const Shared& shared, const OperationContext& context, const Group& group,
                       uint64_t message_bytes) {
  shapes::LogGroup out;
  out.log_group_name = group.name;
  out.creation_time = group.created_ms;
  if (group.retention_days > 0) out.retention_in_days = group.retention_days;
  out.metric_filter_count =
      static_cast<int32_t>(shared.filters().count(scope_of(context), group.name));
  out.log_group_arn = group_arn(context, group.name);
  out.arn = *out.log_group_arn + ":*";
  out.stored_bytes = static_cast<int64_t>(message_bytes);
  out.log_group_class = group.group_class;
  out.deletion_protection_enabled = group.deletion_protected;
  return out;
}

// The bytes of messages that each group keeps; asks for their streams.
Result<std::map<std::string, uint64_t, std::less<>>> message_bytes(const store::EventStore& events,
                                                                   const signal::Scope& scope,
                                                                   std::span<const Group> groups) {
  std::map<std::string, uint64_t, std::less<>> out;
  if (groups.empty()) return out;
  store::EventScan scan{.scope = scope};
  for (const Group& group : groups) scan.groups.push_back(group.name);
  KANSOKU_TRY(const std::vector<store::EventStreamInfo> streams, events.streams(scan, "", "", 0));
  for (const store::EventStreamInfo& stream : streams) out[stream.group] += stream.message_bytes;
  return out;
}

std::expected<std::vector<std::string>, AwsError> names_of(
    const OperationContext& context, const std::optional<std::vector<std::string>>& identifiers) {
  std::vector<std::string> out;
  for (const std::string& identifier : identifiers.value_or(std::vector<std::string>())) {
    auto name = group_of_identifier(context, identifier);
    if (!name) return std::unexpected(std::move(name).error());
    out.push_back(std::move(*name));
  }
  return out;
}

void describe(const std::shared_ptr<Shared>& shared,
              const std::shared_ptr<OperationContext>& context,
              const shapes::DescribeLogGroupsInput& input,
              TypedReply<shapes::DescribeLogGroupsOutput> reply) {
  if (input.log_group_name_prefix && input.log_group_name_pattern) {
    return reply(std::unexpected(
        invalid_parameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive "
                          "parameters.")));
  }
  const auto names = names_of(*context, input.log_group_identifiers);
  if (!names) return reply(std::unexpected(names.error()));
  const auto wanted = [&](const Group& group) {
    return of_this_account(*context, input.account_identifiers) &&
           group.name.starts_with(input.log_group_name_prefix.value_or("")) &&
           group.name.contains(input.log_group_name_pattern.value_or("")) &&
           (!input.log_group_class || group.group_class == *input.log_group_class) &&
           (names->empty() || contains(*names, group.name));
  };
  const std::string binding =
      binding_of(*context, "DescribeLogGroups", input.log_group_name_prefix.value_or(""),
                 input.log_group_name_pattern.value_or(""), input.log_group_class.value_or(""));
  auto page = page_of(*shared, *context, binding, input.next_token,
                      static_cast<size_t>(input.limit.value_or(50)), wanted);
  if (!page) return reply(std::unexpected(std::move(page).error()));
  shared->backend().read(
      [shared, context, page = std::move(*page), reply = std::move(reply)](
          Result<const store::EventStore*> events, query::QueryContext&) mutable {
        if (!events) return reply(std::unexpected(store_error(events.error())));
        const auto bytes = message_bytes(**events, scope_of(*context), page.groups);
        if (!bytes) return reply(std::unexpected(store_error(bytes.error())));
        shapes::DescribeLogGroupsOutput out;
        out.log_groups.emplace();
        for (const Group& group : page.groups) {
          const auto found = bytes->find(group.name);
          out.log_groups->push_back(
              shown(*shared, *context, group, found == bytes->end() ? 0 : found->second));
        }
        out.next_token = std::move(page.next_token);
        reply(std::move(out));
      });
}

bool has_tags(const Group& group, const std::optional<std::vector<shapes::TagFilter>>& filters) {
  return !filters || std::ranges::all_of(*filters, [&](const shapes::TagFilter& filter) {
    const auto tag = group.tags.find(filter.key.value_or(""));
    if (tag == group.tags.end()) return false;
    return !filter.values || filter.values->empty() || contains(*filter.values, tag->second);
  });
}

// Up to five texts between '|', found anywhere in the name, or at its begin behind a '^'.
constexpr size_t kNamePatternsMax = 5;
constexpr size_t kNamePatternBytesMin = 3;
constexpr size_t kNamePatternBytesMax = 24;

std::expected<std::vector<std::string>, AwsError> name_patterns(
    const std::optional<std::string>& text) {
  std::vector<std::string> out;
  if (!text) return out;
  for (size_t at = 0; at <= text->size();) {
    const size_t end = std::min(text->find('|', at), text->size());
    out.push_back(text->substr(at, end - at));
    at = end + 1;
    const std::string_view plain =
        std::string_view(out.back()).substr(out.back().starts_with('^') ? 1 : 0);
    const bool named = std::ranges::all_of(plain, [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             std::string_view("._-/#").contains(c);
    });
    if (!named || plain.size() < kNamePatternBytesMin || plain.size() > kNamePatternBytesMax ||
        out.size() > kNamePatternsMax) {
      return std::unexpected(invalid_parameter(fmt::format(
          "logGroupNamePattern takes up to {} texts of {} to {} characters of a log "
          "group's name between '|', each perhaps behind a '^': {}",
          kNamePatternsMax, kNamePatternBytesMin, kNamePatternBytesMax, quoted(*text))));
    }
  }
  return out;
}

bool matches(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](std::string_view pattern) {
           return pattern.starts_with('^') ? name.starts_with(pattern.substr(1))
                                           : name.contains(pattern);
         });
}

void list(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
          const shapes::ListLogGroupsInput& input, TypedReply<shapes::ListLogGroupsOutput> reply) {
  const auto patterns = name_patterns(input.log_group_name_pattern);
  if (!patterns) return reply(std::unexpected(patterns.error()));
  const auto wanted = [&](const Group& group) {
    return of_this_account(*context, input.account_identifiers) && matches(*patterns, group.name) &&
           (!input.log_group_class || group.group_class == *input.log_group_class) &&
           has_tags(group, input.log_group_tags);
  };
  const std::string binding =
      binding_of(*context, "ListLogGroups", input.log_group_name_pattern.value_or(""),
                 input.log_group_class.value_or(""));
  auto page = page_of(*shared, *context, binding, input.next_token,
                      static_cast<size_t>(input.limit.value_or(50)), wanted);
  if (!page) return reply(std::unexpected(std::move(page).error()));
  shapes::ListLogGroupsOutput out;
  out.log_groups.emplace();
  for (const Group& group : page->groups) {
    shapes::LogGroupSummary& row = out.log_groups->emplace_back();
    row.log_group_name = group.name;
    row.log_group_arn = group_arn(*context, group.name);
    row.log_group_class = group.group_class;
  }
  out.next_token = std::move(page->next_token);
  reply(std::move(out));
}

}  // namespace

void add_group_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  rows.push_back(line<shapes::CreateLogGroupInput, NoInput>(
      "CreateLogGroup", "logs:CreateLogGroup", shared, create,
      access_by_name<shapes::CreateLogGroupInput>));
  rows.push_back(line<shapes::DeleteLogGroupInput, NoInput>(
      "DeleteLogGroup", "logs:DeleteLogGroup", shared, remove,
      access_by_name<shapes::DeleteLogGroupInput>));
  rows.push_back(line<shapes::PutRetentionPolicyInput, NoInput>(
      "PutRetentionPolicy", "logs:PutRetentionPolicy", shared, put_retention,
      access_by_name<shapes::PutRetentionPolicyInput>));
  rows.push_back(line<shapes::DeleteRetentionPolicyInput, NoInput>(
      "DeleteRetentionPolicy", "logs:DeleteRetentionPolicy", shared, delete_retention,
      access_by_name<shapes::DeleteRetentionPolicyInput>));
  rows.push_back(line<shapes::PutLogGroupDeletionProtectionInput, NoInput>(
      "PutLogGroupDeletionProtection", "logs:PutLogGroupDeletionProtection", shared, protect));
  rows.push_back(line<shapes::DescribeLogGroupsInput, shapes::DescribeLogGroupsOutput>(
      "DescribeLogGroups", "logs:DescribeLogGroups", shared, describe));
  rows.push_back(line<shapes::ListLogGroupsInput, shapes::ListLogGroupsOutput>(
      "ListLogGroups", "logs:ListLogGroups", shared, list));
}

}  // namespace kansoku::api::aws::logs
