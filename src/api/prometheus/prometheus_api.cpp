#include "api/prometheus/prometheus_api.h"

#include "api/prometheus/routes.h"
#include "api/prometheus/values.h"
#include "net/auth/policy.h"

namespace kansoku::api::prometheus {
namespace {

constexpr std::string_view kPrefix = "/prometheus";
constexpr std::string_view kWorkspaces = "/workspaces/";

// A path without the prefixes under which the same API stands; the workspace, when it names one.
struct InnerPath {
  std::string_view path;
  std::string_view workspace;
  bool has_workspace = false;
};
InnerPath inner_path(std::string_view path) {
  InnerPath out{.path = path};
  if (path.starts_with(kPrefix) && path.substr(kPrefix.size()).starts_with('/')) {
    out.path = path.substr(kPrefix.size());
    return out;
  }
  if (!path.starts_with(kWorkspaces)) return out;
  std::string_view rest = path.substr(kWorkspaces.size());
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return out;
  return {rest.substr(slash), rest.substr(0, slash), true};
}

bool matches(std::string_view pattern, std::string_view path, std::string_view& value) {
  size_t open = pattern.find("{}");
  if (open == std::string_view::npos) return pattern == path;
  std::string_view before = pattern.substr(0, open);
  std::string_view after = pattern.substr(open + 2);
  if (!path.starts_with(before) || !path.ends_with(after)) return false;
  if (path.size() <= before.size() + after.size()) return false;
  value = path.substr(before.size(), path.size() - before.size() - after.size());
  return value.find('/') == std::string_view::npos;
}

const Route* find_route(std::string_view path, std::string_view& value) {
  for (const Route& route : routes()) {
    if (matches(route.path, path, value)) return &route;
  }
  return nullptr;
}

uint8_t method_bit(std::string_view method) {
  if (method == "GET" || method == "HEAD") return kGet;
  if (method == "POST") return kPost;
  return method == "PUT" ? kPut : 0;
}

std::string allowed_methods(uint8_t methods) {
  std::string out;
  for (auto [bit, name] : {std::pair{kGet, "GET, HEAD"}, {kPost, "POST"}, {kPut, "PUT"}}) {
    if ((methods & bit) == 0) continue;
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

// A path segment: percent encoding only, '+' is itself.
std::string decode_segment(std::string_view segment) {
  std::string escaped = "v=";
  for (char c : segment) {
    if (c == '+') {
      escaped += "%2B";
    } else if (c == '&') {
      escaped += "%26";
    } else {
      escaped += c;
    }
  }
  auto form = kansoku::aws::parse_form(escaped);
  return form && !form->empty() ? std::move((*form)[0].value) : std::string(segment);
}

Status read_form(const Route& route, Call& call) {
  bool is_form =
      call.request.headers.get("content-type").starts_with("application/x-www-form-urlencoded");
  // The bodies of the others are samples, or a message that asks for them.
  if (route.body == Body::Form && call.request.method != "GET" && is_form) {
    KANSOKU_TRY(call.form, kansoku::aws::parse_form(call.request.body));
  }
  KANSOKU_TRY(auto query, kansoku::aws::parse_form(call.request.query()));
  std::move(query.begin(), query.end(), std::back_inserter(call.form));
  return {};
}

// As managed Prometheus answers, with its exception's name in the header and its members in the
// body; beside them those that Prometheus' own clients read.
net::HttpResponse workspace_not_found(std::string_view workspace) {
  std::string message = fmt::format("Workspace not found: {}", quoted(workspace));
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  for (auto [key, value] : {std::pair<std::string_view, std::string_view>{"message", message},
                            {"resourceId", workspace},
                            {"resourceType", "workspace"},
                            {"status", "error"},
                            {"errorType", "not_found"},
                            {"error", message}}) {
    json.key(key);
    json.string(value);
  }
  json.end_object();
  net::HttpResponse out = json_reply(std::move(body), 404);
  out.headers.set("x-amzn-errortype", "ResourceNotFoundException");
  return out;
}

// The answer that ends the request here, or nothing.
std::optional<net::HttpResponse> refuse(const Route* route, const InnerPath& inner, Call& call,
                                        const AuthenticationParts& parts) {
  auto caller = authenticate(call.request, parts);
  if (!caller) return std::move(caller).error();
  call.caller = std::move(*caller);
  const std::string& account = call.caller.scope.account;
  std::string workspace = default_workspace_id(call.caller.scope);
  if (inner.has_workspace && inner.workspace != workspace) {
    return workspace_not_found(inner.workspace);
  }
  if (route == nullptr) {
    return error_reply(404, "not_found", fmt::format("no such path: {}", quoted(inner.path)));
  }
  if ((route->methods & method_bit(call.request.method)) == 0) {
    auto out = error_reply(
        405, "bad_data", fmt::format("method {} is not served here", quoted(call.request.method)));
    out.headers.set("allow", allowed_methods(route->methods));
    return out;
  }
  std::string resource =
      fmt::format("arn:aws:aps:{}:{}:workspace/{}", call.caller.scope.region, account, workspace);
  if (!net::auth::is_allowed(*call.caller.principal,
                             {.action = route->action, .resource = resource})) {
    auto out = error_reply(403, "bad_data",
                           fmt::format("User: {} is not authorized to perform: {} on resource: {}",
                                       call.caller.principal->arn, route->action, resource));
    out.headers.set("x-amzn-errortype", "AccessDeniedException");
    return out;
  }
  return std::nullopt;
}

}  // namespace

struct PrometheusApi::State {
  Context context;
};

PrometheusApi::PrometheusApi(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrometheusApi::~PrometheusApi() = default;

Result<std::unique_ptr<PrometheusApi>> PrometheusApi::open(PrometheusServices services) {
  auto state = std::make_unique<State>();
  KANSOKU_TRY(state->context.metadata, MetadataStore::open(services.catalog));
  state->context.services = std::move(services);
  const RemoteReadLimits& reads = state->context.services.remote_read;
  state->context.read_gate = std::make_unique<ReadGate>(reads.concurrent_max, reads.waiting_max);
  return std::unique_ptr<PrometheusApi>(new PrometheusApi(std::move(state)));
}

bool PrometheusApi::is_mine(const net::HttpRequest& request) {
  std::string_view path = inner_path(request.path()).path;
  return path.starts_with("/api/v1/") || path == "/federate";
}

void PrometheusApi::handle(net::HttpRequest request, net::HttpExchange exchange) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->exchange = std::move(exchange);
  InnerPath inner = inner_path(call->request.path());
  std::string_view value;
  const Route* route = find_route(inner.path, value);
  if (auto answer = refuse(route, inner, *call, state_->context.services.authentication)) {
    call->answer(std::move(*answer));
    return;
  }
  if (auto status = read_form(*route, *call); !status) {
    call->answer(error_reply(status.error()));
    return;
  }
  call->path_value = decode_segment(value);
  route->handler(state_->context, std::move(call));
}

// ---------------------------------------------------------------------------------------------

std::vector<std::string_view> Call::values(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const kansoku::aws::FormField& field : form) {
    if (field.name == name) out.push_back(field.value);
  }
  return out;
}

Result<int64_t> Call::time_ms(std::string_view name, int64_t otherwise) const {
  std::string_view text = value(name);
  if (text.empty()) return otherwise;
  auto time = parse_time_ms(text);
  if (!time) {
    return invalid_argument("invalid parameter \"{}\": {}", name, time.error().message);
  }
  return time;
}

Result<size_t> Call::limit(std::string_view name) const {
  std::string_view text = value(name);
  if (text.empty()) return 0;
  size_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) {
    return invalid_argument("invalid parameter \"{}\": {} is no number of 0 or more", name,
                            quoted(text));
  }
  return out;
}

void Call::answer(net::HttpResponse response) {
  compress_reply(request.headers.get("accept-encoding"), response);
  exchange.respond(std::move(response));
}

void append_labels(wire::JsonWriter& json, const signal::Labels& labels) {
  json.begin_object();
  signal::visit_labels(labels.canonical(), [&](signal::LabelView label) {
    json.key(label.name);
    json.string(label.value);
  });
  json.end_object();
}

}  // namespace kansoku::api::prometheus
