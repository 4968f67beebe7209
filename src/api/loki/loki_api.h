// Loki's push API as an input of logs. See README.md.
//
// Thread contract: handle() may be called on a loop; it authenticates there and does the rest on
// the pool. Everything in the services outlives the API.
#pragma once

#include "api/event_input/event_input.h"

namespace kansoku::api::loki {

inline constexpr const char* kReceiver = "loki";

class LokiApi {
 public:
  explicit LokiApi(EventInputServices services) : services_(std::move(services)) {}
  static bool is_mine(const net::HttpRequest& request);
  void handle(net::HttpRequest request, net::HttpExchange exchange);

 private:
  EventInputServices services_;
};

}  // namespace kansoku::api::loki
