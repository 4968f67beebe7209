// Types that several tables of CloudWatch Logs share. Internal to wire/aws/logs.
#pragma once

#include <algorithm>

#include "wire/aws/logs/shapes.h"

namespace kansoku::aws::logs {

using namespace kansoku::describe;

inline constexpr bool only(std::string_view value, bool (*good)(char)) {
  return std::ranges::all_of(value, good);
}
inline constexpr bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
inline constexpr Pattern kGroupNamePattern{R"([\.\-_/#A-Za-z0-9]+)", [](std::string_view value) {
                                             return !value.empty() && only(value, [](char c) {
                                               return is_alphanumeric(c) ||
                                                      std::string_view("._-/#").contains(c);
                                             });
                                           }};
inline constexpr Pattern kStreamNamePattern{
    "[^:*]*", [](std::string_view value) {
      return only(value, [](char c) { return c != ':' && c != '*'; });
    }};
inline constexpr Pattern kMetricNamePattern{
    "[^:*$]*", [](std::string_view value) {
      return only(value, [](char c) { return c != ':' && c != '*' && c != '$'; });
    }};
inline constexpr Pattern kIdentifierPattern{R"([\w#+=/:,.@-]*)", [](std::string_view value) {
                                              return only(value, [](char c) {
                                                return is_alphanumeric(c) ||
                                                       std::string_view("_#+=/:,.@-").contains(c);
                                              });
                                            }};

inline constexpr auto kLogGroupName =
    text("LogGroupName", {.min = 1, .max = 512, .pattern = kGroupNamePattern});
inline constexpr auto kKmsKeyId = text("KmsKeyId", {.max = 256});
inline constexpr auto kTagValue = text("TagValue", {.max = 256});
inline constexpr auto kTags = map_of("Tags", kTagValue, {.min = 1, .max = 50});
inline constexpr auto kLogStreamName =
    text("LogStreamName", {.min = 1, .max = 512, .pattern = kStreamNamePattern});
inline constexpr auto kAccountId = text("AccountId", {.min = 12, .max = 12});
inline constexpr auto kNextToken = text("NextToken", {.min = 1});
inline constexpr auto kDescribeLimit = number<int32_t>("DescribeLimit", {.min = 1, .max = 50});
inline constexpr auto kLogGroupIdentifier =
    text("LogGroupIdentifier", {.min = 1, .max = 2048, .pattern = kIdentifierPattern});
inline constexpr auto kTimestamp = number<int64_t>("Timestamp", {.min = 0});
inline constexpr auto kArn = text("Arn");
inline constexpr auto kSequenceToken = text("SequenceToken", {.min = 1});
inline constexpr auto kFilterPattern = text("FilterPattern", {.min = 0, .max = 1024});
inline constexpr auto kEventMessage = text("EventMessage", {.min = 1});
inline constexpr auto kField = text("Field");
inline constexpr auto kValue = text("Value");
inline constexpr auto kRoleArn = text("RoleArn", {.min = 1});

// The rows of each table, for operation_shapes().
std::span<const OperationShapes> group_operations();
std::span<const OperationShapes> event_operations();
std::span<const OperationShapes> filter_operations();
std::span<const OperationShapes> query_operations();

}  // namespace kansoku::aws::logs
