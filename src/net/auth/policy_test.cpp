#include "net/auth/policy.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

namespace kansoku::net::auth {
namespace {

Decision decide(std::string_view json, AccessRequest request) {
  auto policy = Policy::parse(json);
  if (!policy) MESSAGE(policy.error().to_string());
  REQUIRE(policy.has_value());
  return (*policy)->evaluate(request);
}
std::string statement(std::string_view rest) {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{}}}]}})", rest);
}
bool allowed_if(std::string_view condition, std::vector<ConditionValue> context) {
  return decide(statement(fmt::format(R"("Action":"*","Resource":"*","Condition":{})", condition)),
                {"s:A", "*", context}) == Decision::Allow;
}
std::string pointer_of_error(std::string_view json) {
  auto policy = Policy::parse(json);
  REQUIRE_FALSE(policy.has_value());
  return policy.error().object;
}

TEST_CASE("nothing_is_allowed_by_default_and_a_deny_wins") {
  std::string json = R"({"Statement":[
      {"Effect":"Allow","Action":"cloudwatch:*","Resource":"*"},
      {"Effect":"Deny","Action":"cloudwatch:Delete*","Resource":"*"}]})";
  CHECK(decide(json, {"cloudwatch:PutMetricData", "*"}) == Decision::Allow);
  CHECK(decide(json, {"CloudWatch:putmetricdata", "*"}) == Decision::Allow);
  CHECK(decide(json, {"cloudwatch:DeleteAlarms", "*"}) == Decision::Deny);
  CHECK(decide(json, {"logs:PutLogEvents", "*"}) == Decision::NotApplicable);
  Principal nobody;
  CHECK_FALSE(is_allowed(nobody, {"sts:GetCallerIdentity", "*"}));
  Principal both;
  both.policies = {
      built_in_policy("administrator"),
      *Policy::parse(R"({"Statement":{"Effect":"Deny","Action":"a:B","Resource":"*"}})")};
  CHECK(is_allowed(both, {"a:C", "*"}));
  CHECK_FALSE(is_allowed(both, {"a:B", "*"}));
}

TEST_CASE("not_action_and_not_resource_turn_the_match_around") {
  std::string json = statement(R"("NotAction":"iam:*","NotResource":"arn:x:*")");
  CHECK(decide(json, {"sts:Get", "arn:y:1"}) == Decision::Allow);
  CHECK(decide(json, {"iam:Get", "arn:y:1"}) == Decision::NotApplicable);
  CHECK(decide(json, {"sts:Get", "arn:x:1"}) == Decision::NotApplicable);
}

TEST_CASE("condition_operators_compare") {
  struct Row {
    const char* condition;
    const char* value;
    bool expected;
  };
  const Row rows[] = {
      {R"({"StringEquals":{"k":"a"}})", "a", true},
      {R"({"StringEquals":{"k":"a"}})", "A", false},
      {R"({"StringEquals":{"k":["a","b"]}})", "b", true},
      {R"({"StringNotEquals":{"k":["a","b"]}})", "b", false},
      {R"({"StringNotEquals":{"k":["a","b"]}})", "c", true},
      {R"({"StringEqualsIgnoreCase":{"k":"a"}})", "A", true},
      {R"({"StringNotEqualsIgnoreCase":{"k":"a"}})", "A", false},
      {R"({"StringLike":{"k":"AWS/*"}})", "AWS/EC2", true},
      {R"({"StringNotLike":{"k":"AWS/*"}})", "AWS/EC2", false},
      {R"({"ArnLike":{"k":"arn:aws:sns:*:1:t*"}})", "arn:aws:sns:r:1:topic", true},
      {R"({"ArnLike":{"k":"arn:aws:sns:*:t*"}})", "arn:aws:sns:r:1:topic", false},
      {R"({"ArnNotEquals":{"k":"arn:aws:sns:r:1:t"}})", "arn:aws:sns:r:1:t", false},
      {R"({"NumericLessThan":{"k":"10"}})", "9.5", true},
      {R"({"NumericLessThan":{"k":10}})", "10", false},
      {R"({"NumericGreaterThanEquals":{"k":10}})", "10", true},
      {R"({"NumericNotEquals":{"k":10}})", "10.0", false},
      {R"({"DateGreaterThan":{"k":"2026-01-01T00:00:00Z"}})", "2026-06-01T00:00:00Z", true},
      {R"({"DateLessThan":{"k":"2026-01-01"}})", "2026-06-01T00:00:00Z", false},
      {R"({"Bool":{"k":true}})", "true", true},
      {R"({"Bool":{"k":"false"}})", "true", false},
      {R"({"IpAddress":{"k":"10.1.0.0/16"}})", "10.1.2.3", true},
      {R"({"IpAddress":{"k":"10.1.0.0/16"}})", "10.2.2.3", false},
      {R"({"NotIpAddress":{"k":"10.1.0.0/16"}})", "10.2.2.3", true},
      {R"({"IpAddress":{"k":"2001:db8::/32"}})", "2001:db8::1", true},
      {R"({"IpAddress":{"k":"0.0.0.0/0"}})", "::1", false},
      {R"({"Null":{"k":"true"}})", "x", false},
      {R"({"Null":{"k":"false"}})", "x", true},
  };
  for (const Row& row : rows) {
    INFO(std::string(row.condition), " ", std::string(row.value));
    CHECK(allowed_if(row.condition, {{"K", row.value}}) == row.expected);
  }
}

TEST_CASE("an_absent_key_fails_unless_the_operator_says_otherwise") {
  CHECK_FALSE(allowed_if(R"({"StringEquals":{"k":"a"}})", {}));
  CHECK(allowed_if(R"({"StringEqualsIfExists":{"k":"a"}})", {}));
  CHECK_FALSE(allowed_if(R"({"StringEqualsIfExists":{"k":"a"}})", {{"k", "b"}}));
  CHECK(allowed_if(R"({"StringNotEquals":{"k":"a"}})", {}));
  CHECK(allowed_if(R"({"Null":{"k":"true"}})", {}));
}

TEST_CASE("quantifiers_look_at_every_value") {
  std::vector<ConditionValue> ab{{"k", "a"}, {"k", "b"}};
  CHECK(allowed_if(R"({"ForAllValues:StringEquals":{"k":["a","b","c"]}})", ab));
  CHECK_FALSE(allowed_if(R"({"ForAllValues:StringEquals":{"k":["a"]}})", ab));
  CHECK(allowed_if(R"({"ForAllValues:StringEquals":{"k":["a"]}})", {}));
  CHECK(allowed_if(R"({"ForAnyValue:StringEquals":{"k":["b"]}})", ab));
  CHECK_FALSE(allowed_if(R"({"ForAnyValue:StringEquals":{"k":["z"]}})", ab));
  CHECK_FALSE(allowed_if(R"({"ForAnyValue:StringEquals":{"k":["a"]}})", {}));
}

TEST_CASE("what_is_not_understood_is_refused_with_its_pointer") {
  CHECK(pointer_of_error(R"({"Statement":[],"Extra":1})") == "/Extra");
  CHECK(pointer_of_error(R"({"Version":"2020-01-01","Statement":[]})") == "/Version");
  CHECK(pointer_of_error(R"({"Statement":[{"Effect":"Maybe"}]})") == "/Statement/0/Effect");
  CHECK(pointer_of_error(statement(R"("Action":"*","Resource":"*","Principal":"*")")) ==
        "/Statement/0/Principal");
  CHECK(pointer_of_error(statement(R"("Action":"*","NotAction":"a:b","Resource":"*")")) ==
        "/Statement/0");
  CHECK(pointer_of_error(statement(R"("Action":["a:b","c"],"Resource":"*")")) ==
        "/Statement/0/Action");
  CHECK(pointer_of_error(statement(R"("Action":"*","Resource":"${aws:username}")")) ==
        "/Statement/0/Resource");
  CHECK(pointer_of_error(
            statement(R"("Action":"*","Resource":"*","Condition":{"StringSame":{"k":"v"}})")) ==
        "/Statement/0/Condition/StringSame");
  CHECK(pointer_of_error(statement(
            R"("Action":"*","Resource":"*","Condition":{"IpAddress":{"k":"10.0.0.0/99"}})")) ==
        "/Statement/0/Condition/IpAddress/k");
  CHECK_FALSE(Policy::parse("{").has_value());
}

TEST_CASE("built_in_policies_hold_what_they_promise") {
  Principal agent;
  agent.policies = {built_in_policy("agent")};
  CHECK(is_allowed(agent, {"cloudwatch:PutMetricData", "*"}));
  CHECK(is_allowed(agent, {"logs:CreateLogGroup", "*"}));
  CHECK(
      is_allowed(agent, {"ssm:GetParameter", "arn:aws:ssm:r:1:parameter/AmazonCloudWatch-linux"}));
  CHECK_FALSE(is_allowed(agent, {"ssm:GetParameter", "arn:aws:ssm:r:1:parameter/secret"}));
  CHECK_FALSE(is_allowed(agent, {"cloudwatch:GetMetricData", "*"}));
  std::vector<ConditionValue> ec2{{"cloudwatch:namespace", "AWS/EC2"}};
  std::vector<ConditionValue> sqs{{"cloudwatch:namespace", "AWS/SQS"}};
  std::string_view key = "cloudwatch:namespace";
  CHECK(is_allowed(agent, {"cloudwatch:PutMetricData", "*", ec2, key}));
  CHECK_FALSE(is_allowed(agent, {"cloudwatch:PutMetricData", "*", sqs, key}));
  CHECK(is_allowed(agent, {"cloudwatch:PutMetricData", "*", sqs}));
  Principal administrator;
  administrator.policies = {built_in_policy("administrator")};
  CHECK(is_allowed(administrator, {"cloudwatch:PutMetricData", "*", sqs, key}));
  CHECK(built_in_policy("nobody") == nullptr);
}

TEST_CASE("wildcards_match_in_linear_time") {
  CHECK(wildcard_match("a*b?c", "axxbyc"));
  CHECK_FALSE(wildcard_match("a*b?c", "axxbc"));
  CHECK(wildcard_match("*", ""));
  CHECK_FALSE(wildcard_match(std::string(40, '*') + "b", std::string(100'000, 'a')));
}

}  // namespace
}  // namespace kansoku::net::auth
