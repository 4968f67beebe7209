// Subscription filters over memory: definitions, limits, cursors.
#include <doctest/doctest.h>

#include "api/aws/logs/test_server.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr const char* kStream = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs";

std::string put_body(std::string_view name, std::string_view destination = kStream,
                     std::string_view more = "") {
  return fmt::format(
      R"({{"logGroupName":"g","filterName":"{}","filterPattern":"ERROR","destinationArn":"{}"{}}})",
      name, destination, more);
}

}  // namespace

TEST_CASE("subscription filters are put, described and gone with their group") {
  TestServer server;
  server.ok("CreateLogGroup", R"({"logGroupName":"g"})");
  server.ok("PutSubscriptionFilter",
            put_body("b", kStream, R"(,"roleArn":"arn:role","distribution":"Random")"));
  server.ok("PutSubscriptionFilter",
            put_body("a", "arn:aws:lambda:eu-west-1:123456789012:function:f"));
  CHECK(server.announced == std::vector<std::string>{"b Kinesis", "a Lambda"});
  CHECK(server.error("PutSubscriptionFilter", put_body("c")).starts_with("LimitExceededException"));
  auto all = server.ok("DescribeSubscriptionFilters", R"({"logGroupName":"g"})");
  REQUIRE(all["subscriptionFilters"].list.size() == 2);
  const test::JsonValue& b = all["subscriptionFilters"].list[1];
  CHECK(b["filterName"].text == "b");
  CHECK(b["logGroupName"].text == "g");
  CHECK(b["filterPattern"].text == "ERROR");
  CHECK(b["destinationArn"].text == kStream);
  CHECK(b["roleArn"].text == "arn:role");
  CHECK(b["distribution"].text == "Random");
  CHECK(b["creationTime"].number == 1'795'348'800'000);
  CHECK(all["subscriptionFilters"].list[0]["distribution"].text == "ByLogStream");
  // One that is changed keeps its creation, and is not announced again.
  server.clock.advance(env::kNsPerS);
  server.ok("PutSubscriptionFilter", put_body("b", kStream));
  CHECK(server.announced.size() == 2);
  all = server.ok("DescribeSubscriptionFilters", R"({"logGroupName":"g","filterNamePrefix":"b"})");
  REQUIRE(all["subscriptionFilters"].list.size() == 1);
  CHECK(all["subscriptionFilters"].list[0]["distribution"].text == "ByLogStream");
  CHECK(all["subscriptionFilters"].list[0]["creationTime"].number == 1'795'348'800'000);
  const auto page = server.ok("DescribeSubscriptionFilters", R"({"logGroupName":"g","limit":1})");
  CHECK(page["subscriptionFilters"].list[0]["filterName"].text == "a");
  const auto next = server.ok(
      "DescribeSubscriptionFilters",
      fmt::format(R"({{"logGroupName":"g","limit":1,"nextToken":"{}"}})", page["nextToken"].text));
  CHECK(next["subscriptionFilters"].list[0]["filterName"].text == "b");
  server.ok("DeleteSubscriptionFilter", R"({"logGroupName":"g","filterName":"a"})");
  CHECK(server.error("DeleteSubscriptionFilter", R"({"logGroupName":"g","filterName":"a"})") ==
        "ResourceNotFoundException: The specified subscription filter does not exist.");
  server.ok("DeleteLogGroup", R"({"logGroupName":"g"})");
  CHECK(server.subscriptions->none());
  CHECK((*SubscriptionStore::open(server.catalog))->none());
}

TEST_CASE("subscription filters are refused with their reason") {
  TestServer server;
  server.ok("CreateLogGroup", R"({"logGroupName":"g"})");
  server.ok("CreateLogGroup", R"({"logGroupName":"i","logGroupClass":"INFREQUENT_ACCESS"})");
  const auto refused = [&](std::string body) {
    return server.error("PutSubscriptionFilter", std::move(body));
  };
  CHECK(refused(put_body("a", "arn:aws:sqs:eu-west-1:123456789012:q"))
            .starts_with("InvalidParameterException"));
  CHECK(refused(put_body("a", kStream, R"(,"applyOnTransformedLogs":true)"))
            .find("applyOnTransformedLogs") != std::string::npos);
  CHECK(refused(put_body("a", kStream, R"(,"fieldSelectionCriteria":"x = 1")"))
            .find("fieldSelectionCriteria") != std::string::npos);
  CHECK(refused(put_body("a", kStream, R"(,"emitSystemFields":["@aws.account"])"))
            .find("emitSystemFields") != std::string::npos);
  CHECK(
      refused(R"({"logGroupName":"g","filterName":"a","filterPattern":"{ $.a","destinationArn":")" +
              std::string(kStream) + R"("})")
          .find("Invalid filter pattern") != std::string::npos);
  CHECK(refused(R"({"logGroupName":"i","filterName":"a","filterPattern":"","destinationArn":")" +
                std::string(kStream) + R"("})")
            .find("INFREQUENT_ACCESS") != std::string::npos);
  CHECK(refused(R"({"logGroupName":"none","filterName":"a","filterPattern":"","destinationArn":")" +
                std::string(kStream) + R"("})")
            .starts_with("ResourceNotFoundException"));
  CHECK(server.announced.empty());
}

TEST_CASE("subscription filters and their cursors outlive a restart, and go together") {
  TestServer server;
  server.ok("CreateLogGroup", R"({"logGroupName":"g"})");
  server.ok("PutSubscriptionFilter", put_body("a"));
  const signal::Scope scope{"123456789012", "eu-west-1"};
  auto one = server.subscriptions->subscriptions_of(scope, "g")->front();
  CHECK_FALSE(server.subscriptions->cursor_of(*one).has_value());
  server.subscriptions->save_cursors({{one, 123}});
  const auto again = *SubscriptionStore::open(server.catalog);
  REQUIRE(again->all().size() == 1);
  CHECK(again->all()[0]->created_ns == one->created_ns);
  CHECK(again->cursor_of(*again->all()[0]) == 123);
  server.ok("DeleteSubscriptionFilter", R"({"logGroupName":"g","filterName":"a"})");
  server.subscriptions->save_cursors({{one, 456}});
  CHECK_FALSE(server.subscriptions->cursor_of(*one).has_value());
}

}  // namespace kansoku::api::aws::logs
