#include "api/console/console_api.h"

#include "api/console/cardinality.h"
#include "api/console/explore.h"
#include "api/console/log_compare.h"
#include "api/console/log_export.h"
#include "api/console/log_groups.h"
#include "api/console/log_patterns.h"
#include "api/console/log_search.h"
#include "api/console/log_tail.h"
#include "api/console/reply.h"
#include "base/text/ascii.h"
#include "base/text/percent.h"
#include "net/auth/identity.h"
#include "net/auth/sigv4.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {
namespace {

constexpr std::string_view kApiPrefix = "/ui/api/";
constexpr std::string_view kCookie = "kansoku_session";
// A watch lease; the Host page renews it every 10 s.
constexpr int64_t kWatchMs = 30'000;
constexpr size_t kMetricsPageMax = 500;
constexpr size_t kBodyBytesMax = 1U << 20;
// Operations of CloudWatch Logs that the pages of logs use as they are.
constexpr std::array<std::string_view, 12> kLogOperations{
    "CreateLogGroup",           "DeleteLogGroup",        "DescribeLogGroups",
    "DescribeLogStreams",       "PutRetentionPolicy",    "DeleteRetentionPolicy",
    "DescribeQueryDefinitions", "PutQueryDefinition",    "DeleteQueryDefinition",
    "GetLogGroupFields",        "DescribeMetricFilters", "DescribeSubscriptionFilters"};
// Hosts are found by this dimension in any namespace of these.
constexpr std::array<std::string_view, 2> kHostNamespaces{"CWAgent", "AWS/EC2"};

std::string_view cookie_of(const net::HttpRequest& request) {
  for (const net::Header& header : request.headers.list()) {
    if (!net::header_equals(header.name, "cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      size_t end = std::min(rest.find(';'), rest.size());
      std::string_view item = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (item.starts_with(' ')) item.remove_prefix(1);
      if (item.starts_with(kCookie) && item.substr(kCookie.size()).starts_with('=')) {
        return item.substr(kCookie.size() + 1);
      }
    }
  }
  return {};
}

std::string query_value(const net::HttpRequest& request, std::string_view name) {
  std::string_view rest = request.query();
  while (!rest.empty()) {
    size_t end = std::min(rest.find('&'), rest.size());
    std::string_view item = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    size_t equals = item.find('=');
    if (equals != std::string_view::npos && item.substr(0, equals) == name) {
      return form_decoded_leniently(item.substr(equals + 1));
    }
  }
  return {};
}

void append_host(wire::JsonWriter& json, const HostDescription& host) {
  json.begin_object();
  auto text = [&](std::string_view key, const std::string& value) {
    json.key(key);
    json.string(value);
  };
  text("id", host.id);
  text("name", host.name);
  text("os", host.os);
  text("kernel", host.kernel);
  text("arch", host.arch);
  json.key("cpus");
  json.unsigned_integer(host.cpus);
  json.key("memoryBytes");
  json.unsigned_integer(host.memory_bytes);
  json.key("bootTime");
  json.integer(host.boot_time_ms);
  json.key("lastSeen");
  json.integer(host.last_seen_ms);
  text("source", host.source);
  json.end_object();
}

// Everything a search can find in a series, in lower case.
std::string haystack(const signal::Labels& labels) {
  std::string out;
  signal::visit_labels(labels.canonical(), [&](signal::LabelView label) {
    if (!label.name.starts_with("__")) out += lower_ascii(label.name) + " ";
    out += lower_ascii(label.value) + " ";
  });
  return out;
}

bool has_all_words(const std::string& text, const std::string& words) {
  size_t at = 0;
  while (at < words.size()) {
    size_t end = std::min(words.find(' ', at), words.size());
    if (end > at && text.find(words.substr(at, end - at)) == std::string::npos) return false;
    at = end + 1;
  }
  return true;
}

void append_metric(wire::JsonWriter& json, const store::SeriesInfo& info) {
  json.begin_object();
  json.key("namespace");
  json.string(info.labels.get(signal::kNamespaceLabel));
  json.key("name");
  json.string(info.labels.get(signal::kNameLabel));
  json.key("dimensions");
  json.begin_object();
  signal::visit_labels(info.labels.canonical(), [&](signal::LabelView label) {
    if (label.name.starts_with("__")) return;
    json.key(label.name);
    json.string(label.value);
  });
  json.end_object();
  json.key("unit");
  json.string(info.labels.get(signal::kUnitLabel));
  json.key("lastActive");
  json.integer(info.last_ms);
  json.end_object();
}

// Smaller answers gain nothing.
constexpr size_t kCompressBytesMin = 1024;

void compress(const net::HttpRequest& request, net::HttpResponse& response) {
  if (response.body.size() < kCompressBytesMin || response.headers.has("content-encoding")) return;
  if (request.headers.get("accept-encoding").find("gzip") == std::string_view::npos) return;
  response.body = net::gzip_encode(response.body);
  response.headers.set("content-encoding", "gzip");
  response.headers.set("vary", "accept-encoding");
}

}  // namespace

void ConsoleApi::handle(net::HttpRequest request, net::HttpExchange exchange) {
  std::string_view path = request.path();
  if (path.starts_with(kApiPrefix) || path == "/ui/signin") {
    services_.executor->post(Lane::Query, [this, request = std::move(request),
                                           exchange = std::move(exchange)]() mutable {
      handle_api(std::move(request), std::move(exchange));
    });
    return;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    exchange.respond(error_reply(405, "MethodNotAllowed", "only GET and HEAD below /ui/"));
    return;
  }
  if (path == "/ui") {
    net::HttpResponse out{.status = 308};
    out.headers.set("location", "/ui/");
    exchange.respond(std::move(out));
    return;
  }
  exchange.respond(assets_.serve(request, *services_.env.random));
}

void ConsoleApi::handle_api(net::HttpRequest request, net::HttpExchange exchange) {
  std::string_view path = request.path();
  if (path == "/ui/signin") {
    exchange.respond(sign_in_link(request));
    return;
  }
  if (request.body.size() > kBodyBytesMax) {
    exchange.respond(
        error_reply(413, "TooLarge",
                    fmt::format("body of {} bytes, limit {}", request.body.size(), kBodyBytesMax)));
    return;
  }
  std::string_view name = path.substr(kApiPrefix.size());
  if (name == "session" && request.method == "POST") {
    exchange.respond(post_session(request));
    return;
  }
  std::string_view token = net::auth::bearer_token(request.headers.get("authorization"));
  bool by_token = !token.empty();
  auto session = by_token ? services_.token_session(token) : session_of(request);
  if (!session) {
    exchange.respond(error_reply(401, "NoSession", "sign in first"));
    return;
  }
  if (!by_token && request.method != "GET" &&
      !net::auth::constant_time_equal(request.headers.get("x-kansoku-csrf"), session->csrf)) {
    exchange.respond(
        error_reply(403, "CsrfMismatch",
                    "the x-kansoku-csrf header does not match the session; load the page again"));
    return;
  }
  if (name == "query" && request.method == "POST") {
    QueryServices queries{services_.env.clock,
                          services_.executor,
                          services_.metrics,
                          services_.query_limits,
                          services_.query_memory,
                          services_.promql,
                          {}};
    if (services_.logs.backend != nullptr) {
      queries.logs = [this, user = LogUser{scope_of(*session), session->principal}](
                         const wire::Node& item, LineSink sink) {
        return start_log_query(services_.logs, user, item, std::move(sink));
      };
    }
    stream_queries(queries, scope_of(*session), request, std::move(exchange));
    return;
  }
  if (name.starts_with("logs/") && route_logs(request, *session, exchange)) return;
  net::HttpResponse response = route(request, *session);
  compress(request, response);
  exchange.respond(std::move(response));
}

bool ConsoleApi::route_logs(net::HttpRequest& request, const Session& session,
                            net::HttpExchange& exchange) {
  constexpr std::string_view kCall = "logs/call/";
  const LogServices& logs = services_.logs;
  if (logs.backend == nullptr) return false;
  const LogUser user{scope_of(session), session.principal};
  const std::string_view name = request.path().substr(kApiPrefix.size());
  if (name == "logs/export" && request.method == "GET") {
    const auto asked = wire::parse_json(query_value(request, "ask"));
    if (!asked) {
      exchange.respond(error_reply(400, "InvalidRequest", asked.error().message));
    } else {
      export_logs(logs, user, *asked, query_value(request, "format"), std::move(exchange));
    }
    return true;
  }
  if (request.method != "POST") return false;
  if (name.starts_with(kCall)) {
    const std::string operation(name.substr(kCall.size()));
    if (std::ranges::find(kLogOperations, operation) == kLogOperations.end()) return false;
    auto held = std::make_shared<net::HttpExchange>(std::move(exchange));
    logs.call(operation, std::move(request.body), user,
              [held](net::HttpResponse response) { held->respond(std::move(response)); });
    return true;
  }
  using Handler =
      void (*)(const LogServices&, const LogUser&, const wire::Node&, net::HttpExchange);
  Handler handler = nullptr;
  if (name == "logs/search") handler = search_logs;
  if (name == "logs/context") handler = log_context;
  if (name == "logs/tail") handler = tail_logs;
  if (name == "logs/patterns") handler = log_patterns;
  if (name == "logs/groups") handler = list_log_groups;
  if (name == "logs/compare") handler = log_compare;
  if (handler == nullptr) return false;
  const auto body = wire::parse_json(request.body);
  if (!body) {
    exchange.respond(error_reply(400, "InvalidRequest", body.error().message));
  } else {
    handler(logs, user, *body, std::move(exchange));
  }
  return true;
}

net::HttpResponse ConsoleApi::route(const net::HttpRequest& request, const Session& session) {
  std::string_view name = request.path().substr(kApiPrefix.size());
  bool get = request.method == "GET";
  if (name == "session" && get) return describe_session(session);
  if (name == "session" && request.method == "DELETE") {
    services_.sessions->end(cookie_of(request));
    net::HttpResponse out{.status = 204};
    out.headers.add("set-cookie", cookie_header(request, "", 0));
    return out;
  }
  if (name == "hosts" && get) return hosts(session, {});
  if (name.starts_with("hosts/")) {
    std::string_view id = name.substr(6);
    if (request.method == "POST" && id.ends_with("/watch")) {
      id.remove_suffix(6);
      auto local = services_.local_host();
      if (local && local->id == id) services_.watch_local_host(kWatchMs);
      return {.status = 204};
    }
    if (get) return hosts(session, id);
  }
  if (name == "metrics/namespaces" && get) return namespaces(session);
  if (name == "metrics" && get) return metrics(request, session);
  if (name == "status" && get) return json_reply(services_.status_json());
  if (name == "cardinality" && get) {
    signal::Scope scope = scope_of(session);
    return cardinality_reply(*services_.metrics,
                             {.scope = scope,
                              .limit = query_value(request, "limit"),
                              .unread_days = query_value(request, "unreadDays"),
                              .metric = query_value(request, "metric"),
                              .now_ms = services_.env.clock->wall_now().ms(),
                              .series_max = services_.series_limit(scope.account)});
  }
  if (get) {
    if (auto response = explore(request, session)) return std::move(*response);
  }
  return error_reply(404, "NotFound",
                     fmt::format("no such API: {} {}", request.method, quoted(name)));
}

std::optional<net::HttpResponse> ConsoleApi::explore(const net::HttpRequest& request,
                                                     const Session& session) {
  constexpr std::string_view kLabels = "labels/";
  constexpr std::string_view kValues = "/values";
  std::string_view name = request.path().substr(kApiPrefix.size());
  ExploreRequest asked{services_.metrics, scope_of(session),
                       [&](std::string_view key) { return query_value(request, key); }};
  if (name == "labels") return labels_reply(asked);
  if (name == "metadata") return metadata_reply(asked);
  if (name == "languages") return languages_reply();
  if (name.starts_with(kLabels) && name.ends_with(kValues) &&
      name.size() > kLabels.size() + kValues.size()) {
    name.remove_prefix(kLabels.size());
    name.remove_suffix(kValues.size());
    return label_values_reply(asked, form_decoded_leniently(name));
  }
  return std::nullopt;
}

std::optional<Session> ConsoleApi::session_of(const net::HttpRequest& request) {
  if (auto session = services_.sessions->find(cookie_of(request))) return session;
  return services_.open_session;
}

signal::Scope ConsoleApi::scope_of(const Session& session) const {
  return {session.principal->account, services_.region};
}

std::string ConsoleApi::cookie_header(const net::HttpRequest& request, std::string_view value,
                                      int64_t max_age_s) {
  return fmt::format("{}={}; Path=/ui; HttpOnly; SameSite=Lax; Max-Age={}{}", kCookie, value,
                     max_age_s, request.peer.tls ? "; Secure" : "");
}

net::HttpResponse ConsoleApi::post_session(const net::HttpRequest& request) {
  auto body = wire::parse_json(request.body);
  if (!body) return error_reply(400, "InvalidRequest", body.error().message);
  std::string user(body->text_of("user"));
  std::string password(body->text_of("password"));
  if (user.empty() || password.empty() || user.size() > 256 || password.size() > 1024) {
    return error_reply(400, "InvalidRequest", "user and password are needed");
  }
  std::string keys[2] = {"user " + user, "address " + request.peer.address};
  int64_t wait_ms =
      std::max(services_.sessions->wait_ms(keys[0]), services_.sessions->wait_ms(keys[1]));
  if (wait_ms > 0) {
    auto out =
        error_reply(429, "TooManyAttempts",
                    fmt::format("too many wrong passwords; try again in {} s", wait_ms / 1000 + 1));
    out.headers.set("retry-after", fmt::format("{}", wait_ms / 1000 + 1));
    return out;
  }
  auto session = services_.sign_in(user, password);
  if (!session) {
    services_.sessions->attempt_failed(keys[0]);
    services_.sessions->attempt_failed(keys[1], kFreeAttemptsOfAddress);
    return error_reply(401, "InvalidCredentials", "user or password is wrong");
  }
  for (const std::string& key : keys) services_.sessions->attempt_succeeded(key);
  std::string cookie = services_.sessions->begin(std::move(*session));
  net::HttpResponse out = describe_session(*services_.sessions->find(cookie));
  out.headers.add("set-cookie", cookie_header(request, cookie, kSessionAgeMs / 1000));
  return out;
}

net::HttpResponse ConsoleApi::sign_in_link(const net::HttpRequest& request) {
  auto session = services_.sessions->take_one_time_token(query_value(request, "token"));
  if (!session) {
    net::HttpResponse out{
        .status = 403,
        .body =
            "this sign-in link was used already or is too old; make a new one with "
            "kansoku ctl users link\n"};
    out.headers.set("content-type", "text/plain; charset=utf-8");
    return out;
  }
  std::string cookie = services_.sessions->begin(std::move(*session));
  net::HttpResponse out{.status = 303};
  out.headers.set("location", "/ui/");
  out.headers.set("referrer-policy", "no-referrer");
  out.headers.add("set-cookie", cookie_header(request, cookie, kSessionAgeMs / 1000));
  return out;
}

net::HttpResponse ConsoleApi::describe_session(const Session& session) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  auto text = [&](std::string_view key, std::string_view value) {
    json.key(key);
    json.string(value);
  };
  text("user", session.user);
  text("role", session.role);
  text("account", session.principal->account);
  text("region", services_.region);
  text("csrf", session.csrf);
  text("version", services_.version);
  auto local = services_.local_host();
  text("hostId", local ? std::string_view(local->id) : std::string_view());
  text("auth", services_.open_session ? "open" : "strict");
  json.end_object();
  return json_reply(std::move(body));
}

std::vector<HostDescription> ConsoleApi::all_hosts(const Session& session) {
  std::map<std::string, HostDescription> found;
  for (std::string_view metric_namespace : kHostNamespaces) {
    store::SeriesSelector selector{.scope = scope_of(session)};
    selector.matchers = {{std::string(signal::kNamespaceLabel), store::MatchOp::Equal,
                          std::string(metric_namespace)},
                         {"InstanceId", store::MatchOp::NotEqual, ""}};
    auto series = services_.metrics->select(selector);
    if (!series) continue;
    for (const store::SeriesInfo& info : *series) {
      HostDescription& host = found[std::string(info.labels.get("InstanceId"))];
      if (host.source.empty()) host.source = metric_namespace;
      host.last_seen_ms = std::max(host.last_seen_ms, info.last_ms);
    }
  }
  if (auto local = services_.local_host()) {
    HostDescription& host = found[local->id];
    local->last_seen_ms = host.last_seen_ms;
    host = std::move(*local);
  }
  std::vector<HostDescription> out;
  for (auto& [id, host] : found) {
    host.id = id;
    if (host.name.empty()) host.name = id;
    out.push_back(std::move(host));
  }
  return out;
}

net::HttpResponse ConsoleApi::hosts(const Session& session, std::string_view id) {
  std::string body;
  wire::JsonWriter json(body);
  std::vector<HostDescription> all = all_hosts(session);
  if (id.empty()) {
    json.begin_object();
    json.key("hosts");
    json.begin_array();
    for (const HostDescription& host : all) append_host(json, host);
    json.end_array();
    json.end_object();
    return json_reply(std::move(body));
  }
  for (const HostDescription& host : all) {
    if (host.id != id) continue;
    append_host(json, host);
    return json_reply(std::move(body));
  }
  return error_reply(404, "HostNotFound", fmt::format("no data of a host {}", quoted(id)));
}

net::HttpResponse ConsoleApi::namespaces(const Session& session) {
  auto series = services_.metrics->select({.scope = scope_of(session)});
  if (!series) return error_reply(series.error());
  std::map<std::string, uint64_t> counts;
  for (const store::SeriesInfo& info : *series) {
    std::string_view metric_namespace = info.labels.get(signal::kNamespaceLabel);
    counts[std::string(metric_namespace.empty() ? "Prometheus" : metric_namespace)] += 1;
  }
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.key("namespaces");
  json.begin_array();
  for (const auto& [metric_namespace, count] : counts) {
    json.begin_object();
    json.key("namespace");
    json.string(metric_namespace);
    json.key("metrics");
    json.unsigned_integer(count);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json_reply(std::move(body));
}

net::HttpResponse ConsoleApi::metrics(const net::HttpRequest& request, const Session& session) {
  store::SeriesSelector selector{.scope = scope_of(session)};
  auto equal = [&](std::string_view label, std::string value) {
    if (!value.empty())
      selector.matchers.push_back({std::string(label), store::MatchOp::Equal, value});
  };
  equal(signal::kNamespaceLabel, query_value(request, "namespace"));
  equal(signal::kNameLabel, query_value(request, "name"));
  auto series = services_.metrics->select(selector);
  if (!series) return error_reply(series.error());
  std::string words = lower_ascii(query_value(request, "q"));
  auto number = [&](std::string_view name, size_t otherwise) {
    std::string text = query_value(request, name);
    size_t value = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  size_t limit = std::clamp<size_t>(number("limit", kMetricsPageMax), 1, kMetricsPageMax);
  size_t after = number("after", 0);
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.key("metrics");
  json.begin_array();
  size_t total = 0;
  for (const store::SeriesInfo& info : *series) {
    if (!words.empty() && !has_all_words(haystack(info.labels), words)) continue;
    if (total >= after && total < after + limit) append_metric(json, info);
    ++total;
  }
  json.end_array();
  json.key("next");
  if (after + limit < total) {
    json.string(fmt::format("{}", after + limit));
  } else {
    json.null();
  }
  json.key("total");
  json.unsigned_integer(total);
  json.end_object();
  return json_reply(std::move(body));
}

}  // namespace kansoku::api::console
