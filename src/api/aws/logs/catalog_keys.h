// Keys of the catalog's records of CloudWatch Logs: account/region/group, and behind a ':' (which
// no name has) what belongs to the group.
#pragma once

#include <string>
#include <string_view>

#include "signal/delivery.h"

namespace kansoku::api::aws::logs {

inline std::string catalog_prefix(const signal::Scope& scope) {
  return scope.account + "/" + scope.region + "/";
}
inline std::string catalog_key(const signal::Scope& scope, std::string_view group) {
  return catalog_prefix(scope).append(group);
}
inline std::string catalog_key(const signal::Scope& scope, std::string_view group,
                               std::string_view name) {
  return catalog_key(scope, group).append(":").append(name);
}

// False when the key is of another form; `rest` is what stands behind the region.
inline bool split_key(const std::string& key, signal::Scope& scope, std::string& rest) {
  const size_t first = key.find('/');
  const size_t second = first == std::string::npos ? first : key.find('/', first + 1);
  if (second == std::string::npos) return false;
  scope = {key.substr(0, first), key.substr(first + 1, second - first - 1)};
  rest = key.substr(second + 1);
  return true;
}

}  // namespace kansoku::api::aws::logs
