#include "api/console/reply.h"

#include "wire/json/json_writer.h"

namespace kansoku::api::console {

std::string_view api_error_code(ErrorCode code) {
  constexpr std::array<std::string_view, 14> kNames{
      "InvalidArgument",  "OutOfRange",      "NotFound",      "AlreadyExists", "Conflict",
      "PermissionDenied", "Unauthenticated", "LimitExceeded", "Unavailable",   "DeadlineExceeded",
      "Cancelled",        "DataLoss",        "NotSupported",  "InternalError"};
  return kNames[static_cast<size_t>(code)];
}

net::HttpResponse json_reply(std::string body, int status) {
  net::HttpResponse out{.status = status, .body = std::move(body)};
  out.headers.set("content-type", "application/json");
  out.headers.set("cache-control", "no-store");
  out.headers.set("x-content-type-options", "nosniff");
  return out;
}

net::HttpResponse error_reply(int status, std::string_view code, std::string_view message) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.key("error");
  json.begin_object();
  json.key("code");
  json.string(code);
  json.key("message");
  json.string(message);
  json.end_object();
  json.end_object();
  return json_reply(std::move(body), status);
}

net::HttpResponse error_reply(const Error& error) {
  return error_reply(error_code_http_status(error.code), api_error_code(error.code),
                     error.to_string());
}

}  // namespace kansoku::api::console
