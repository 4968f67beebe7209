// Elasticsearch's bulk API as an input of logs. See README.md.
//
// Thread contract: handle() may be called on a loop; it authenticates there and does the rest on
// the pool. Everything in the services outlives the API.
#pragma once

#include <memory>

#include "api/event_input/event_input.h"

namespace kansoku::api::elasticsearch {

inline constexpr const char* kReceiver = "elasticsearch";

struct ElasticsearchSettings {
  std::string group = "{index}";  // {index}, {peer}
  std::string stream = "{peer}";
};

class ElasticsearchApi {
 public:
  // InvalidArgument for a template that is none.
  static Result<std::unique_ptr<ElasticsearchApi>> make(EventInputServices services,
                                                        const ElasticsearchSettings& settings);
  ~ElasticsearchApi();
  ElasticsearchApi(const ElasticsearchApi&) = delete;
  ElasticsearchApi& operator=(const ElasticsearchApi&) = delete;

  static bool is_mine(const net::HttpRequest& request);
  void handle(net::HttpRequest request, net::HttpExchange exchange);

  struct State;

 private:
  explicit ElasticsearchApi(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kansoku::api::elasticsearch
