// The paths of the API: who serves them, who may, what they take. Routing, the permissions and the
// OpenAPI document read this table. Internal to this folder.
#pragma once

#include <span>

#include "api/prometheus/call.h"

namespace kansoku::api::prometheus {

enum Method : uint8_t { kGet = 1, kPost = 2, kPut = 4 };
// What POST and PUT bring: parameters, or a message of their own.
enum class Body : uint8_t { Form, Message };

struct Route {
  std::string_view path;  // `{}` at one place stands for a label name
  uint8_t methods = 0;
  std::string_view action;  // of policies, in managed Prometheus' names
  Handler handler = nullptr;
  std::string_view summary;
  // Names apart by spaces; one that has to be there ends with '!'.
  std::string_view parameters = {};
  Body body = Body::Form;
};

std::span<const Route> routes();

}  // namespace kansoku::api::prometheus
