// Tags of log groups, by the group's name and by its ARN.
#include "api/aws/logs/handlers.h"

namespace kansoku::api::aws::logs {
namespace {

using kansoku::aws::NoInput;

Status add_tags(Group& group, const describe::MapOf<std::string>& tags) {
  for (const auto& [key, value] : tags) group.tags[key] = value;
  if (group.tags.size() > kTagsMax)
    return resource_exhausted("a log group has at most {} tags", kTagsMax);
  return {};
}

describe::MapOf<std::string> shown(const Tags& tags) { return {tags.begin(), tags.end()}; }

// Changes the tags of the group of that ARN or name.
void change(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            std::string_view identifier, const GroupStore::Change& change, EmptyReply reply) {
  const auto group = group_of_identifier(*context, identifier);
  if (!group) return reply(std::unexpected(group.error()));
  shared->groups().change(scope_of(*context), *group, change, empty_reply(std::move(reply)));
}

void tag_resource(const std::shared_ptr<Shared>& shared,
                  const std::shared_ptr<OperationContext>& context,
                  const shapes::TagResourceInput& input, EmptyReply reply) {
  change(
      shared, context, *input.resource_arn,
      [&](Group& group) { return add_tags(group, *input.tags); }, std::move(reply));
}

void untag_resource(const std::shared_ptr<Shared>& shared,
                    const std::shared_ptr<OperationContext>& context,
                    const shapes::UntagResourceInput& input, EmptyReply reply) {
  const auto remove = [&](Group& group) -> Status {
    for (const std::string& key : *input.tag_keys) group.tags.erase(key);
    return {};
  };
  change(shared, context, *input.resource_arn, remove, std::move(reply));
}

void tag_group(const std::shared_ptr<Shared>& shared,
               const std::shared_ptr<OperationContext>& context,
               const shapes::TagLogGroupInput& input, EmptyReply reply) {
  change(
      shared, context, *input.log_group_name,
      [&](Group& group) { return add_tags(group, *input.tags); }, std::move(reply));
}

void untag_group(const std::shared_ptr<Shared>& shared,
                 const std::shared_ptr<OperationContext>& context,
                 const shapes::UntagLogGroupInput& input, EmptyReply reply) {
  const auto remove = [&](Group& group) -> Status {
    for (const std::string& key : *input.tags) group.tags.erase(key);
    return {};
  };
  change(shared, context, *input.log_group_name, remove, std::move(reply));
}

template <class Output>
void list(const Shared& shared, const OperationContext& context, std::string_view identifier,
          TypedReply<Output> reply) {
  const auto name = group_of_identifier(context, identifier);
  if (!name) return reply(std::unexpected(name.error()));
  const auto group = shared.groups().find(scope_of(context), *name);
  if (!group) return reply(std::unexpected(group_not_found()));
  Output out;
  out.tags = shown(group->tags);
  reply(std::move(out));
}

void list_of_resource(const std::shared_ptr<Shared>& shared,
                      const std::shared_ptr<OperationContext>& context,
                      const shapes::ListTagsForResourceInput& input,
                      TypedReply<shapes::ListTagsForResourceOutput> reply) {
  list(*shared, *context, *input.resource_arn, std::move(reply));
}
void list_of_group(const std::shared_ptr<Shared>& shared,
                   const std::shared_ptr<OperationContext>& context,
                   const shapes::ListTagsLogGroupInput& input,
                   TypedReply<shapes::ListTagsLogGroupOutput> reply) {
  list(*shared, *context, *input.log_group_name, std::move(reply));
}

template <class Input>
Access access_by_arn(const OperationContext&, const void* input) {
  return {.resource = static_cast<const Input*>(input)->resource_arn.value_or("*")};
}

}  // namespace

void add_tag_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  rows.push_back(line<shapes::TagResourceInput, NoInput>("TagResource", "logs:TagResource", shared,
                                                         tag_resource,
                                                         access_by_arn<shapes::TagResourceInput>));
  rows.push_back(line<shapes::UntagResourceInput, NoInput>(
      "UntagResource", "logs:UntagResource", shared, untag_resource,
      access_by_arn<shapes::UntagResourceInput>));
  rows.push_back(line<shapes::TagLogGroupInput, NoInput>("TagLogGroup", "logs:TagLogGroup", shared,
                                                         tag_group,
                                                         access_by_name<shapes::TagLogGroupInput>));
  rows.push_back(line<shapes::UntagLogGroupInput, NoInput>(
      "UntagLogGroup", "logs:UntagLogGroup", shared, untag_group,
      access_by_name<shapes::UntagLogGroupInput>));
  rows.push_back(line<shapes::ListTagsForResourceInput, shapes::ListTagsForResourceOutput>(
      "ListTagsForResource", "logs:ListTagsForResource", shared, list_of_resource,
      access_by_arn<shapes::ListTagsForResourceInput>));
  rows.push_back(line<shapes::ListTagsLogGroupInput, shapes::ListTagsLogGroupOutput>(
      "ListTagsLogGroup", "logs:ListTagsLogGroup", shared, list_of_group,
      access_by_name<shapes::ListTagsLogGroupInput>));
}

}  // namespace kansoku::api::aws::logs
