#include "net/auth/policy.h"

#include <fmt/core.h>

#include <algorithm>

#include "net/auth/canonical.h"
#include "net/auth/policy_operators.h"
#include "wire/document/document.h"

namespace kansoku::net::auth {
namespace {

using wire::Node;

// AWS's limit of a managed policy is 6,144 characters; the rest is room for our own.
constexpr size_t kPolicyBytesMax = 64 * 1024;

std::unexpected<Error> wrong(const std::string& pointer, std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message), pointer.empty() ? "/" : pointer);
}

// A string or an array of strings; numbers and booleans of conditions count as their text.
Result<std::vector<std::string>> texts(const Node& node, const std::string& pointer,
                                       bool text_only) {
  auto one = [&](const Node& item, const std::string& at) -> Result<std::string> {
    if (item.kind != Node::Kind::Scalar || (text_only && !item.quoted)) {
      return wrong(at, "must be a string");
    }
    if (item.scalar.find("${") != std::string::npos) {
      return wrong(at, "policy variables are not supported");
    }
    return item.scalar;
  };
  std::vector<std::string> out;
  if (node.kind != Node::Kind::Sequence) {
    KANSOKU_TRY(std::string text, one(node, pointer));
    out.push_back(std::move(text));
    return out;
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    KANSOKU_TRY(std::string text, one(node.items[i], fmt::format("{}/{}", pointer, i)));
    out.push_back(std::move(text));
  }
  if (out.empty()) return wrong(pointer, "must not be empty");
  return out;
}

struct OperatorName {
  std::string_view name;
  Policy::Quantifier quantifier = Policy::Quantifier::None;
  bool if_exists = false;
};
OperatorName split_operator(std::string_view name) {
  OperatorName out;
  for (auto [prefix, quantifier] : {std::pair{"ForAllValues:", Policy::Quantifier::ForAllValues},
                                    {"ForAnyValue:", Policy::Quantifier::ForAnyValue}}) {
    if (!name.starts_with(prefix)) continue;
    out.quantifier = quantifier;
    name.remove_prefix(std::string_view(prefix).size());
  }
  if (name.ends_with("IfExists")) {
    out.if_exists = true;
    name.remove_suffix(8);
  }
  out.name = name;
  return out;
}

Result<std::vector<Policy::Condition>> parse_conditions(const Node& node,
                                                        const std::string& pointer) {
  if (node.kind != Node::Kind::Mapping) return wrong(pointer, "must be an object");
  std::vector<Policy::Condition> out;
  for (const Node::Entry& entry : node.entries) {
    std::string at = pointer + "/" + entry.key;
    OperatorName name = split_operator(entry.key);
    const PolicyOperator* found = find_policy_operator(name.name);
    if (found == nullptr) return wrong(at, fmt::format("unknown operator {}", quoted(entry.key)));
    if (found->compare == nullptr &&
        (name.if_exists || name.quantifier != Policy::Quantifier::None)) {
      return wrong(at, "Null takes neither IfExists nor a quantifier");
    }
    if (entry.value.kind != Node::Kind::Mapping || entry.value.entries.empty()) {
      return wrong(at, "must be an object of condition keys");
    }
    for (const Node::Entry& key : entry.value.entries) {
      std::string key_at = at + "/" + key.key;
      KANSOKU_TRY(auto values, texts(key.value, key_at, false));
      for (const std::string& value : values) {
        if (!found->valid(value)) {
          return wrong(key_at, fmt::format("{} is no value for {}", quoted(value), name.name));
        }
      }
      out.push_back({lower_ascii(key.key), found->compare, found->negated, name.if_exists,
                     name.quantifier, std::move(values)});
    }
  }
  return out;
}

class StatementParser {
 public:
  explicit StatementParser(std::string pointer) : pointer_(std::move(pointer)) {}

  Result<Policy::Statement> parse(const Node& node) {
    if (node.kind != Node::Kind::Mapping) return wrong(pointer_, "must be an object");
    for (const Node::Entry& entry : node.entries) {
      KANSOKU_RETURN_IF_ERROR(element(entry));
    }
    if (!effect_) return wrong(pointer_, "Effect is missing");
    if (actions_ != 1) return wrong(pointer_, "needs exactly one of Action and NotAction");
    if (resources_ != 1) return wrong(pointer_, "needs exactly one of Resource and NotResource");
    return std::move(out_);
  }

 private:
  Status element(const Node::Entry& entry) {
    std::string at = pointer_ + "/" + entry.key;
    const std::string& key = entry.key;
    if (key == "Sid") {
      KANSOKU_TRY(auto sid, texts(entry.value, at, true));
    } else if (key == "Effect") {
      if (entry.value.scalar != "Allow" && entry.value.scalar != "Deny") {
        return wrong(at, "must be Allow or Deny");
      }
      out_.allow = entry.value.scalar == "Allow";
      effect_ = true;
    } else if (key == "Action" || key == "NotAction") {
      ++actions_;
      out_.not_action = key == "NotAction";
      KANSOKU_TRY(auto actions, texts(entry.value, at, true));
      for (const std::string& action : actions) {
        if (action != "*" && action.find(':') == std::string::npos) {
          return wrong(at, fmt::format("{} is no action, expected service:Name", quoted(action)));
        }
        out_.actions.push_back(lower_ascii(action));
      }
    } else if (key == "Resource" || key == "NotResource") {
      ++resources_;
      out_.not_resource = key == "NotResource";
      KANSOKU_TRY(out_.resources, texts(entry.value, at, true));
    } else if (key == "Condition") {
      KANSOKU_TRY(out_.conditions, parse_conditions(entry.value, at));
    } else if (key == "Principal" || key == "NotPrincipal") {
      return wrong(at, "not allowed in an identity policy");
    } else {
      return wrong(at, fmt::format("unknown element {}", quoted(key)));
    }
    return {};
  }

  std::string pointer_;
  Policy::Statement out_;
  bool effect_ = false;
  int actions_ = 0;
  int resources_ = 0;
};

bool holds(const Policy::Condition& condition, std::span<const ConditionValue> context) {
  std::vector<std::string_view> present;
  for (const ConditionValue& one : context) {
    if (equals_ignore_case(one.key, condition.key)) present.push_back(one.value);
  }
  if (condition.compare == nullptr) {  // Null: "true" wants the key absent
    return std::ranges::any_of(condition.values, [&](const std::string& value) {
      return equals_ignore_case(value, "true") == present.empty();
    });
  }
  auto passes = [&](std::string_view value) {
    bool any = std::ranges::any_of(condition.values, [&](const std::string& wanted) {
      return condition.compare(wanted, value);
    });
    return any != condition.negated;
  };
  switch (condition.quantifier) {
    case Policy::Quantifier::ForAllValues:
      return std::ranges::all_of(present, passes);
    case Policy::Quantifier::ForAnyValue:
      return present.empty() ? condition.if_exists : std::ranges::any_of(present, passes);
    case Policy::Quantifier::None:
      break;
  }
  if (present.empty()) return condition.if_exists || condition.negated;
  // A negated operator must hold for every value of the key, a plain one for any.
  return condition.negated ? std::ranges::all_of(present, passes)
                           : std::ranges::any_of(present, passes);
}

bool applies(const Policy::Statement& statement, const AccessRequest& request,
             std::string_view lower_action) {
  bool action = std::ranges::any_of(statement.actions, [&](const std::string& pattern) {
    return wildcard_match(pattern, lower_action);
  });
  if (action == statement.not_action) return false;
  bool resource = std::ranges::any_of(statement.resources, [&](const std::string& pattern) {
    return wildcard_match(pattern, request.resource);
  });
  if (resource == statement.not_resource) return false;
  return std::ranges::all_of(statement.conditions, [&](const Policy::Condition& condition) {
    return holds(condition, request.context);
  });
}

bool names_key(const Policy::Statement& statement, std::string_view key) {
  if (key.empty()) return true;
  if (!statement.not_action &&
      std::ranges::find(statement.actions, "*") != statement.actions.end()) {
    return true;
  }
  return std::ranges::any_of(statement.conditions, [&](const Policy::Condition& condition) {
    return equals_ignore_case(condition.key, key);
  });
}

// AWS's managed policy CloudWatchAgentServerPolicy (CloudWatch user guide), and the service
// namespace that our agent feeds for hosts.
constexpr std::string_view kAgentPolicy = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow",
     "Action": ["cloudwatch:PutMetricData", "ec2:DescribeVolumes", "ec2:DescribeTags",
                "logs:PutLogEvents", "logs:PutRetentionPolicy", "logs:DescribeLogStreams",
                "logs:DescribeLogGroups", "logs:CreateLogStream", "logs:CreateLogGroup",
                "xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
                "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": "ssm:GetParameter",
     "Resource": "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"},
    {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*",
     "Condition": {"StringEquals": {"cloudwatch:namespace": "AWS/EC2"}}}
  ]
})";
constexpr std::string_view kAdministratorPolicy =
    R"({"Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})";

}  // namespace

Result<std::shared_ptr<const Policy>> Policy::parse(std::string_view json) {
  if (json.size() > kPolicyBytesMax) {
    return wrong("", fmt::format("policy of {} bytes, limit {}", json.size(), kPolicyBytesMax));
  }
  KANSOKU_TRY(Node root, wire::parse_json(json));
  if (root.kind != Node::Kind::Mapping) return wrong("", "must be an object");
  auto policy = std::make_shared<Policy>();
  const Node* statements = nullptr;
  for (const Node::Entry& entry : root.entries) {
    std::string at = "/" + entry.key;
    if (entry.key == "Version") {
      if (entry.value.scalar != "2012-10-17" && entry.value.scalar != "2008-10-17") {
        return wrong(at, "must be 2012-10-17 or 2008-10-17");
      }
    } else if (entry.key == "Id") {
      KANSOKU_TRY(auto id, texts(entry.value, at, true));
    } else if (entry.key == "Statement") {
      statements = &entry.value;
    } else {
      return wrong(at, fmt::format("unknown element {}", quoted(entry.key)));
    }
  }
  if (statements == nullptr) return wrong("", "Statement is missing");
  if (statements->kind == Node::Kind::Mapping) {
    KANSOKU_TRY(Statement one, StatementParser("/Statement").parse(*statements));
    policy->statements_.push_back(std::move(one));
  } else if (statements->kind == Node::Kind::Sequence) {
    for (size_t i = 0; i < statements->items.size(); ++i) {
      KANSOKU_TRY(Statement one,
                  StatementParser(fmt::format("/Statement/{}", i)).parse(statements->items[i]));
      policy->statements_.push_back(std::move(one));
    }
  } else {
    return wrong("/Statement", "must be an object or an array");
  }
  return policy;
}

Decision Policy::evaluate(const AccessRequest& request) const {
  std::string action = lower_ascii(request.action);
  Decision decision = Decision::NotApplicable;
  for (const Statement& statement : statements_) {
    if (!applies(statement, request, action)) continue;
    if (!statement.allow) return Decision::Deny;
    if (!names_key(statement, request.named_key)) continue;
    decision = Decision::Allow;
  }
  return decision;
}

bool is_allowed(const Principal& principal, const AccessRequest& request) {
  bool allowed = false;
  for (const auto& policy : principal.policies) {
    switch (policy->evaluate(request)) {
      case Decision::Deny:
        return false;
      case Decision::Allow:
        allowed = true;
        break;
      case Decision::NotApplicable:
        break;
    }
  }
  return allowed;
}

std::shared_ptr<const Policy> built_in_policy(std::string_view name) {
  static const std::shared_ptr<const Policy> administrator = *Policy::parse(kAdministratorPolicy);
  static const std::shared_ptr<const Policy> agent = *Policy::parse(kAgentPolicy);
  if (name == "administrator") return administrator;
  if (name == "agent") return agent;
  return nullptr;
}

}  // namespace kansoku::net::auth
