#include "watch/log_subscriptions/payload.h"

#include "base/text/base64.h"
#include "net/http/http.h"
#include "wire/json/json_writer.h"

namespace kansoku::watch::log_subscriptions {
namespace {

std::string packed(std::string_view json, bool for_function) {
  std::string bytes = net::gzip_encode(json);
  if (!for_function) return bytes;
  std::string out;
  wire::JsonWriter writer(out);
  writer.begin_object();
  writer.key("awslogs");
  writer.begin_object();
  writer.key("data");
  writer.string(base64_encode(bytes));
  writer.end_object();
  writer.end_object();
  return out;
}

std::string message(std::string_view type, const PayloadHead& head,
                    std::span<const PayloadEvent> events) {
  std::string out;
  wire::JsonWriter json(out);
  const auto text = [&](std::string_view key, std::string_view value) {
    json.key(key);
    json.string(value);
  };
  json.begin_object();
  text("messageType", type);
  text("owner", head.owner);
  text("logGroup", head.group);
  text("logStream", head.stream);
  json.key("subscriptionFilters");
  json.begin_array();
  if (!head.filter.empty()) json.string(head.filter);
  json.end_array();
  json.key("logEvents");
  json.begin_array();
  for (const PayloadEvent& event : events) {
    json.begin_object();
    text("id", event.id);
    json.key("timestamp");
    json.integer(event.timestamp_ms);
    text("message", event.message);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace

std::string data_message(const PayloadHead& head, std::span<const PayloadEvent> events,
                         bool for_function) {
  return packed(message("DATA_MESSAGE", head, events), for_function);
}

std::string control_message(std::string_view destination, int64_t now_ms, bool for_function) {
  const PayloadEvent event{
      .id = "",
      .timestamp_ms = now_ms,
      .message =
          fmt::format("CWL CONTROL MESSAGE: Checking health of destination {}.", destination)};
  return packed(
      message("CONTROL_MESSAGE",
              {.owner = "CloudwatchLogs", .group = "", .stream = "", .filter = ""}, {&event, 1}),
      for_function);
}

}  // namespace kansoku::watch::log_subscriptions
