// Which log groups a page asks: named ones, or all that a prefix, a class and tags choose; and the
// list to choose from. Internal to api/console. Thread contract: free-threaded.
#pragma once

#include "api/console/logs.h"
#include "base/result.h"
#include "net/http/http.h"
#include "wire/document/document.h"

namespace kansoku::api::console {

inline constexpr size_t kGroupsListedMax = 1'000;
inline constexpr size_t kGroupTagsMax = 10;         // asked for at once
inline constexpr size_t kGroupTagsListedMax = 200;  // of the groups that are there

struct GroupChoice {
  std::string prefix;
  std::string group_class;
  std::vector<std::string> tags;  // "key=value", or "key" for any value; all hold

  bool everything() const { return prefix.empty() && group_class.empty() && tags.empty(); }
  bool takes(const aws::logs::Group& group) const;
};
// {"prefix","class","tags":[…]} of a body's "groupsBy".
Result<GroupChoice> read_group_choice(const wire::Node& body);

// Of a body's "groups" and "groupsBy", those that the user may read with an action. An empty list
// means all groups. PermissionDenied or NotFound where nothing is left.
Result<std::vector<std::string>> chosen_groups(const LogServices& services, const LogUser& user,
                                               std::string_view action, const wire::Node& body);

// POST logs/groups {"find","groupsBy","limit"}
void list_log_groups(const LogServices& services, const LogUser& user, const wire::Node& body,
                     net::HttpExchange exchange);

}  // namespace kansoku::api::console
