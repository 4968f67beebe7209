// Condition operators of IAM policies. Internal to net/auth.
#pragma once

#include <span>
#include <string_view>

#include "net/auth/policy.h"

namespace kansoku::net::auth {

struct PolicyOperator {
  std::string_view name;
  Policy::Compare compare;  // null: Null
  bool negated;
  bool (*valid)(std::string_view policy_value);  // whether a value of the policy can be compared
};

// Without quantifier and IfExists; null when there is no such operator.
const PolicyOperator* find_policy_operator(std::string_view name);

}  // namespace kansoku::net::auth
