#include "wire/aws/sts/shapes.h"

#include <doctest/doctest.h>

#include "conformance/aws/model_value.h"

namespace kansoku::aws::sts {
namespace {

using test::JsonValue;

TEST_CASE("requests_of_every_sts_operation_decode") {
  auto folder = test::conformance("aws/request-decode");
  if (!folder) return test::skip("requests_of_every_sts_operation");
  int cases = 0;
  for (const JsonValue& one : test::read_json_lines(*folder / "sts.query.jsonl")) {
    INFO(one["id"].text);
    const OperationShapes* row = find_operation(operation_shapes(), one["operation"].text);
    REQUIRE(row != nullptr);
    auto form = parse_form(one["request"]["body"].text);
    REQUIRE(form.has_value());
    auto input = row->make_input();
    REQUIRE(decode_query(*form, *row->input, input.get()).has_value());
    CHECK(test::differs(*row->input, input.get(), one["params"]) == "");
    ++cases;
  }
  CHECK(cases >= 8);
}

TEST_CASE("a_role_request_decodes_with_lists_and_tags") {
  auto form = parse_form(
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam&"
      "RoleSessionName=s&Tags.member.1.Key=k&Tags.member.1.Value=v&"
      "TransitiveTagKeys.member.1=k&DurationSeconds=900");
  const OperationShapes* row = find_operation(operation_shapes(), "AssumeRole");
  AssumeRoleRequest request;
  REQUIRE(decode_query(*form, *row->input, &request).has_value());
  CHECK(*request.role_arn == "arn:aws:iam");
  CHECK(*request.duration_seconds == 900);
  REQUIRE(request.tags.has_value());
  CHECK(*(*request.tags)[0].value == "v");
  CHECK(request.transitive_tag_keys->size() == 1);
}

}  // namespace
}  // namespace kansoku::aws::sts
