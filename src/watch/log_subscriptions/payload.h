// What subscribers of log groups get: CloudWatch Logs' messages ("Log group-level subscription
// filters", user guide). Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kansoku::watch::log_subscriptions {

struct PayloadEvent {
  std::string id;
  int64_t timestamp_ms = 0;
  std::string message;
};

struct PayloadHead {
  std::string_view owner;
  std::string_view group;
  std::string_view stream;
  std::string_view filter;
};

// As destinations get it: gzip of JSON; for a function that in base64, in {"awslogs": {"data"}}.
std::string data_message(const PayloadHead& head, std::span<const PayloadEvent> events,
                         bool for_function);
// `destination`: "Kinesis", "Firehose", "Lambda".
std::string control_message(std::string_view destination, int64_t now_ms, bool for_function);

}  // namespace kansoku::watch::log_subscriptions
