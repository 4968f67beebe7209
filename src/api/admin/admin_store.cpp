// Paths below /-/admin/ that concern the store: limits of tenants, snapshots.
#include "api/admin/admin_api.h"
#include "api/console/reply.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::api {
namespace {

using console::error_reply;
using console::json_reply;

std::string limits_json(const TenantLimits& limits) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("seriesDefault");
  json.unsigned_integer(limits.series_default());
  json.key("limits");
  json.begin_array();
  for (const auto& [account, series] : limits.series()) {
    json.begin_object();
    json.key("account");
    json.string(account);
    json.key("series");
    json.unsigned_integer(series);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

std::string name_json(std::string_view name) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("name");
  json.string(name);
  json.end_object();
  return out;
}

}  // namespace

void AdminApi::limits(const net::HttpRequest& request, const std::string& name,
                      net::HttpExchange exchange) {
  if (request.method == "GET" && name.empty()) {
    exchange.respond(json_reply(limits_json(*services_.limits)));
    return;
  }
  uint64_t series = 0;
  if (request.method == "PUT") {
    auto body = wire::parse_json(request.body);
    auto number = body ? body->number_of("series") : std::nullopt;
    // Ids are 32 bits wide.
    if (!number || !(*number >= 1 && *number <= 4e9) || *number != std::floor(*number)) {
      exchange.respond(error_reply(400, "InvalidArgument",
                                   "{\"series\": N} with a whole number from 1 to 4,000,000,000"));
      return;
    }
    series = static_cast<uint64_t>(*number);
  } else if (request.method != "DELETE") {
    exchange.respond(error_reply(405, "MethodNotAllowed", "limits: GET, PUT, DELETE"));
    return;
  }
  services_.limits->set_series(
      name, series, [this, exchange = std::move(exchange)](Status status) mutable {
        exchange.respond(status ? json_reply(limits_json(*services_.limits))
                                : error_reply(status.error()));
      });
}

void AdminApi::snapshots(const net::HttpRequest& request, const std::string& name,
                         net::HttpExchange exchange) {
  if (request.method == "POST" && name.empty()) {
    services_.take_snapshot([exchange = std::move(exchange)](Result<std::string> taken) mutable {
      exchange.respond(taken ? json_reply(name_json(*taken)) : error_reply(taken.error()));
    });
    return;
  }
  if (request.method == "DELETE") {
    Status removed = services_.remove_snapshot(name);
    exchange.respond(removed ? json_reply(name_json(name)) : error_reply(removed.error()));
    return;
  }
  if (request.method != "GET" || !name.empty()) {
    exchange.respond(error_reply(405, "MethodNotAllowed", "snapshots: GET, POST, DELETE"));
    return;
  }
  auto names = services_.list_snapshots();
  if (!names) {
    exchange.respond(error_reply(names.error()));
    return;
  }
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("snapshots");
  json.begin_array();
  for (const std::string& one : *names) json.string(one);
  json.end_array();
  json.end_object();
  exchange.respond(json_reply(std::move(out)));
}

}  // namespace kansoku::api
