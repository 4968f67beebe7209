#include "api/prometheus/reply.h"

namespace kansoku::api::prometheus {
namespace {

struct ErrorRow {
  std::string_view type;
  int status;
};
// By ErrorCode, in its order (prometheus/web/api/v1: errorType and its status).
constexpr std::array<ErrorRow, 14> kErrors{{
    {"bad_data", 400},     // InvalidArgument
    {"bad_data", 400},     // OutOfRange
    {"not_found", 404},    // NotFound
    {"execution", 422},    // AlreadyExists
    {"execution", 422},    // FailedPrecondition
    {"bad_data", 403},     // PermissionDenied
    {"bad_data", 401},     // Unauthenticated
    {"unavailable", 429},  // ResourceExhausted
    {"unavailable", 503},  // Unavailable
    {"timeout", 503},      // DeadlineExceeded
    {"canceled", 499},     // Cancelled
    {"internal", 500},     // DataLoss
    {"unavailable", 501},  // Unimplemented
    {"internal", 500},     // Internal
}};

bool is_execution(ErrorCode code) {
  return code == ErrorCode::OutOfRange || code == ErrorCode::ResourceExhausted ||
         code == ErrorCode::FailedPrecondition || code == ErrorCode::DataLoss;
}

void append_texts(std::string& body, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  body += fmt::format(",\"{}\":", key);
  wire::JsonWriter json(body);
  json.begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

}  // namespace

std::string finish_success(std::string body, const Annotations& annotations) {
  append_texts(body, "warnings", annotations.warnings);
  append_texts(body, "infos", annotations.infos);
  body += '}';
  return body;
}

net::HttpResponse json_reply(std::string body, int status) {
  net::HttpResponse out{.status = status, .body = std::move(body)};
  out.headers.set("content-type", "application/json");
  out.headers.set("x-content-type-options", "nosniff");
  return out;
}

net::HttpResponse text_reply(int status, std::string body) {
  net::HttpResponse out{.status = status, .body = std::move(body)};
  out.headers.set("content-type", "text/plain; charset=utf-8");
  out.headers.set("x-content-type-options", "nosniff");
  return out;
}

net::HttpResponse error_reply(int status, std::string_view type, std::string_view message) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.key("status");
  json.string("error");
  json.key("errorType");
  json.string(type);
  json.key("error");
  json.string(message);
  json.end_object();
  return json_reply(std::move(body), status);
}

net::HttpResponse error_reply(const Error& error, bool executing) {
  ErrorRow row = kErrors[static_cast<size_t>(error.code)];
  if (executing && is_execution(error.code)) row = {"execution", 422};
  return error_reply(row.status, row.type, error.to_string());
}

void compress_reply(std::string_view accept_encoding, net::HttpResponse& response) {
  // Below this a packet is a packet.
  constexpr size_t kBytesMin = 1'400;
  if (response.body.size() < kBytesMin) return;
  size_t at = accept_encoding.find("gzip");
  if (at == std::string_view::npos || accept_encoding.substr(at).starts_with("gzip;q=0")) return;
  response.body = net::gzip_encode(response.body);
  response.headers.set("content-encoding", "gzip");
  response.headers.add("vary", "Accept-Encoding");
}

}  // namespace kansoku::api::prometheus
