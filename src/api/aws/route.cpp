#include "api/aws/route.h"

#include "net/auth/sigv4.h"

namespace kansoku::api::aws {
namespace {

using Tables = std::vector<std::unique_ptr<ServiceTable>>;

template <class Test>
const ServiceTable* find_table(const Tables& tables, Test test) {
  for (const auto& table : tables) {
    if (test(table->service)) return table.get();
  }
  return nullptr;
}
const ServiceTable* by_shape(const Tables& tables, std::string_view shape) {
  return find_table(tables, [&](const Service& s) { return !shape.empty() && s.shape == shape; });
}
const ServiceTable* by_name(const Tables& tables, std::string_view name) {
  return find_table(tables, [&](const Service& s) { return s.name == name; });
}
const ServiceTable* by_version(const Tables& tables, std::string_view version) {
  return find_table(tables, [&](const Service& s) { return s.version == version; });
}

bool is_form(std::string_view content_type) {
  return content_type.starts_with("application/x-www-form-urlencoded");
}

// "/service/GraniteServiceVersion20100801/operation/PutMetricData"
bool split_cbor_path(std::string_view path, std::string_view& shape, std::string_view& operation) {
  constexpr std::string_view kService = "/service/", kOperation = "/operation/";
  size_t service = path.find(kService);
  if (service == std::string_view::npos) return false;
  path.remove_prefix(service + kService.size());
  size_t at = path.find(kOperation);
  if (at == std::string_view::npos) return false;
  shape = path.substr(0, at);
  operation = path.substr(at + kOperation.size());
  return operation.find('/') == std::string_view::npos;
}

// The value of one field of a form, decoded; the first 64 KiB are looked at, since Action and
// Version come first with every client; the whole form where they are not there.
std::string form_field(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    size_t end = form.find('&');
    std::string_view item = form.substr(0, end);
    form = end == std::string_view::npos ? std::string_view{} : form.substr(end + 1);
    if (item.starts_with(name) && item.size() > name.size() && item[name.size()] == '=') {
      auto parsed = kansoku::aws::parse_form(item);
      return parsed && !parsed->empty() ? std::string((*parsed)[0].value) : std::string();
    }
  }
  return {};
}

// "monitoring.eu-west-1.example.com" → monitoring.
std::string_view host_service(const net::HttpRequest& request) {
  std::string_view host = request.headers.get("Host");
  return host.substr(0, host.find('.'));
}

}  // namespace

bool is_aws_request(const net::HttpRequest& request) {
  if (request.headers.has("X-Amz-Target") || request.headers.has("smithy-protocol")) return true;
  if (request.headers.get("Authorization").starts_with("AWS4-")) return true;
  std::string_view query = request.query();
  if (query.find("X-Amz-Algorithm=") != std::string_view::npos) return true;
  if (request.path().starts_with("/service/")) return true;
  if (request.path() != "/") return false;
  return (request.method == "POST" && is_form(request.headers.get("Content-Type"))) ||
         query.find("Action=") != std::string_view::npos;
}

Route route_request(const net::HttpRequest& request, const Tables& tables) {
  Route route;
  route.query_mode = request.headers.get("x-amzn-query-mode") == "true";
  std::string_view shape, operation;
  bool cbor_path = split_cbor_path(request.path(), shape, operation);
  if (cbor_path || request.headers.get("smithy-protocol") == "rpc-v2-cbor") {
    route.protocol = Protocol::Cbor;
    route.table = by_shape(tables, shape);
    route.operation = operation;
    return route;
  }
  std::string_view target = request.headers.get("X-Amz-Target");
  if (!target.empty()) {
    bool v10 = request.headers.get("Content-Type").starts_with("application/x-amz-json-1.0");
    route.protocol = v10 ? Protocol::Json10 : Protocol::Json11;
    size_t dot = target.rfind('.');
    if (dot != std::string_view::npos) {
      route.table = by_shape(tables, target.substr(0, dot));
      route.operation = target.substr(dot + 1);
    }
    return route;
  }
  auto scope = net::auth::claimed_scope(net::auth::signed_request(request));
  if (scope) route.table = by_name(tables, scope->service);
  if (route.table == nullptr && !scope) route.table = by_name(tables, host_service(request));
  route.protocol = Protocol::Query;
  route.form_in_query = !is_form(request.headers.get("Content-Type")) || request.body.empty();
  if (route.form_in_query) {
    route_form(route, request.query(), tables);
  } else if (!request.headers.has("Content-Encoding")) {
    route_form(route, request.body, tables);
  }
  return route;
}

void route_form(Route& route, std::string_view form, const Tables& tables) {
  route.operation = form_field(form, "Action");
  std::string version = form_field(form, "Version");
  if (route.table == nullptr) route.table = by_version(tables, version);
}

}  // namespace kansoku::api::aws
