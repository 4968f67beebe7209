// IAM policies: the JSON language of AWS (IAM user guide, "IAM JSON policy element reference"),
// identity policies only. Deny by default, an explicit deny wins over every allow.
//
// What this evaluator does not know is refused at parsing with its JSON pointer: unknown elements
// and operators, resource-policy elements (Principal), policy variables. Nothing is accepted and
// ignored. Thread contract: a Policy is immutable.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/auth/identity.h"

namespace kansoku::net::auth {

// One condition key of a request, such as cloudwatch:namespace. Several entries of one key are its
// values. Keys compare without case.
struct ConditionValue {
  std::string_view key;
  std::string_view value;
};

struct AccessRequest {
  std::string_view action;    // cloudwatch:PutMetricData
  std::string_view resource;  // an ARN, or "*"
  std::span<const ConditionValue> context = {};
  // Not empty: an allow counts only from a statement that has a condition on this key or allows
  // every action. This is how namespaces that begin with AWS/ need to be allowed by name.
  std::string_view named_key = {};
};

enum class Decision : uint8_t { NotApplicable, Allow, Deny };

class Policy {
 public:
  // InvalidArgument; `object` is the JSON pointer of what is wrong.
  static Result<std::shared_ptr<const Policy>> parse(std::string_view json);

  Decision evaluate(const AccessRequest& request) const;

  // A test that one operator applies to one value of the policy and one of the request.
  using Compare = bool (*)(std::string_view policy_value, std::string_view request_value);
  enum class Quantifier : uint8_t { None, ForAllValues, ForAnyValue };
  struct Condition {
    std::string key;            // lower-case
    Compare compare = nullptr;  // null: the Null operator
    bool negated = false;
    bool if_exists = false;
    Quantifier quantifier = Quantifier::None;
    std::vector<std::string> values;
  };
  struct Statement {
    bool allow = false;
    bool not_action = false;
    bool not_resource = false;
    std::vector<std::string> actions;  // lower-case patterns
    std::vector<std::string> resources;
    std::vector<Condition> conditions;
  };

 private:
  std::vector<Statement> statements_;
};

// The decision of all policies of a principal: allowed only when one allows and none denies.
bool is_allowed(const Principal& principal, const AccessRequest& request);

// Built in: "administrator" (everything) and "agent" (what CloudWatchAgentServerPolicy allows, plus
// the namespace AWS/EC2). Null for other names.
std::shared_ptr<const Policy> built_in_policy(std::string_view name);

// '*' any run, '?' one character.
bool wildcard_match(std::string_view pattern, std::string_view text);

}  // namespace kansoku::net::auth
