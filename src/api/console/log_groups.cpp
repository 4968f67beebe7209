#include "api/console/log_groups.h"

#include <algorithm>
#include <map>

#include "api/console/log_ask.h"
#include "api/console/reply.h"
#include "base/text/ascii.h"
#include "net/auth/policy.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {
namespace {

using aws::logs::Group;

bool may(const LogUser& user, std::string_view action, std::string_view group) {
  const std::string resource = fmt::format("arn:aws:logs:{}:{}:log-group:{}:*", user.scope.region,
                                           user.scope.account, group);
  return net::auth::is_allowed(*user.principal, {.action = action, .resource = resource});
}

void append_group(wire::JsonWriter& json, const Group& group, bool with_tags) {
  json.begin_object();
  json.key("name");
  json.string(group.name);
  json.key("class");
  json.string(group.group_class);
  json.key("tags");
  json.begin_array();
  if (with_tags) {
    for (const auto& [key, value] : group.tags) json.string(key + "=" + value);
  }
  json.end_array();
  json.end_object();
}

void append_counts(wire::JsonWriter& json, std::string_view key,
                   const std::map<std::string, size_t>& counts) {
  json.key(key);
  json.begin_array();
  size_t left = kGroupTagsListedMax;
  for (const auto& [value, count] : counts) {
    if (left-- == 0) break;
    json.begin_object();
    json.key("value");
    json.string(value);
    json.key("count");
    json.unsigned_integer(count);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

bool GroupChoice::takes(const Group& group) const {
  if (!group.name.starts_with(prefix)) return false;
  if (!group_class.empty() && group.group_class != group_class) return false;
  return std::ranges::all_of(tags, [&](std::string_view tag) {
    // A key may have a '=' in it: every place is tried.
    if (group.tags.contains(std::string(tag))) return true;
    for (size_t at = tag.find('='); at != std::string_view::npos; at = tag.find('=', at + 1)) {
      const auto found = group.tags.find(std::string(tag.substr(0, at)));
      if (found != group.tags.end() && found->second == tag.substr(at + 1)) return true;
    }
    return false;
  });
}

Result<GroupChoice> read_group_choice(const wire::Node& body) {
  GroupChoice out;
  const wire::Node* by = body.find("groupsBy");
  if (by == nullptr || by->kind != wire::Node::Kind::Mapping) return out;
  out.prefix = by->text_of("prefix");
  out.group_class = by->text_of("class");
  out.tags = texts_of(*by, "tags");
  if (out.tags.size() > kGroupTagsMax) {
    return invalid_argument("{} tags, limit {}", out.tags.size(), kGroupTagsMax);
  }
  return out;
}

Result<std::vector<std::string>> chosen_groups(const LogServices& services, const LogUser& user,
                                               std::string_view action, const wire::Node& body) {
  KANSOKU_TRY(const GroupChoice choice, read_group_choice(body));
  KANSOKU_TRY(std::vector<std::string> readable,
              readable_groups(services, user, action, texts_of(body, "groups")));
  if (choice.everything()) return readable;
  const std::vector<Group> groups = services.groups->list(user.scope);
  std::vector<std::string> out;
  for (const Group& group : groups) {
    const bool may_be =
        readable.empty() || std::ranges::find(readable, group.name) != readable.end();
    if (may_be && choice.takes(group)) out.push_back(group.name);
  }
  // An empty list would mean all.
  if (out.empty()) return not_found("no log group has this prefix, class and tags");
  return out;
}

void list_log_groups(const LogServices& services, const LogUser& user, const wire::Node& body,
                     net::HttpExchange exchange) {
  const auto choice = read_group_choice(body);
  if (!choice) return exchange.respond(error_reply(choice.error()));
  const std::string find = lower_ascii(body.text_of("find"));
  const auto limit = static_cast<size_t>(
      std::clamp<double>(body.number_of("limit").value_or(200), 1, kGroupsListedMax));
  std::map<std::string, size_t> classes, tags;
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("groups");
  json.begin_array();
  size_t total = 0;
  for (const Group& group : services.groups->list(user.scope)) {
    if (!may(user, "logs:DescribeLogGroups", group.name)) continue;
    const bool with_tags = may(user, "logs:ListTagsForResource", group.name);
    ++classes[group.group_class];
    if (with_tags) {
      for (const auto& [key, value] : group.tags) ++tags[key + "=" + value];
    }
    if (!choice->takes(group) || !lower_ascii(group.name).contains(find)) continue;
    if (++total <= limit) append_group(json, group, with_tags);
  }
  json.end_array();
  json.key("total");
  json.unsigned_integer(total);
  append_counts(json, "classes", classes);
  append_counts(json, "tags", tags);
  json.end_object();
  exchange.respond(json_reply(std::move(out)));
}

}  // namespace kansoku::api::console
