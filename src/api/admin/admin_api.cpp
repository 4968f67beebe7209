#include "api/admin/admin_api.h"

#include "api/admin/exposition.h"
#include "api/console/reply.h"
#include "net/auth/identity.h"
#include "net/auth/policy.h"
#include "net/auth/sigv4.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::api {
namespace {

using console::error_reply;
using console::json_reply;

net::HttpResponse text_reply(int status, std::string body) {
  net::HttpResponse out{.status = status, .body = std::move(body)};
  out.headers.set("content-type", "text/plain; charset=utf-8");
  out.headers.set("cache-control", "no-store");
  return out;
}

void append_members(wire::JsonWriter& json, const KeyInfo& key) {
  json.key("accessKeyId");
  json.string(key.access_key_id);
  json.key("user");
  json.string(key.user);
  json.key("role");
  json.string(key.role);
  json.key("createdMs");
  json.integer(key.created_ms);
  json.key("disabled");
  json.boolean(key.disabled);
}

void append(wire::JsonWriter& json, const KeyInfo& key) {
  json.begin_object();
  append_members(json, key);
  json.end_object();
}

// The one answer that shows the secret.
void append(wire::JsonWriter& json, const NewKey& key) {
  json.begin_object();
  append_members(json, key.info);
  json.key("secretAccessKey");
  json.string(key.secret_access_key);
  json.end_object();
}

void append(wire::JsonWriter& json, const UserInfo& user) {
  json.begin_object();
  json.key("user");
  json.string(user.user);
  json.key("role");
  json.string(user.role);
  json.key("createdMs");
  json.integer(user.created_ms);
  json.key("hasPassword");
  json.boolean(user.has_password);
  json.end_object();
}

template <class T>
std::string to_json(const T& item) {
  std::string out;
  wire::JsonWriter json(out);
  append(json, item);
  return out;
}

template <class T>
std::string list_to_json(std::string_view name, const std::vector<T>& items) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key(name);
  json.begin_array();
  for (const T& item : items) append(json, item);
  json.end_array();
  json.end_object();
  return out;
}

template <class T>
auto answer(net::HttpExchange exchange) {
  return [exchange = std::move(exchange)](Result<T> result) mutable {
    exchange.respond(result ? json_reply(to_json(*result)) : error_reply(result.error()));
  };
}

}  // namespace

bool AdminApi::is_administrator(const net::HttpRequest& request) const {
  if (services_.open) return true;
  auto principal =
      services_.access->tokens().find(net::auth::bearer_token(request.headers.get("authorization")),
                                      services_.env.clock->wall_now());
  return principal != nullptr;
}

void AdminApi::handle(net::HttpRequest request, net::HttpExchange exchange) {
  std::string_view path = request.path();
  bool get = request.method == "GET" || request.method == "HEAD";
  if (path == "/-/ready" && get) {
    bool ready = services_.ready();
    exchange.respond(text_reply(ready ? 200 : 503, ready ? "ready\n" : "not ready\n"));
    return;
  }
  if (path == "/-/healthy" && get) {
    exchange.respond(text_reply(200, "healthy\n"));
    return;
  }
  services_.executor->post(
      Lane::Query, [this, request = std::move(request), exchange = std::move(exchange)]() mutable {
        handle_protected(std::move(request), std::move(exchange));
      });
}

void AdminApi::handle_protected(net::HttpRequest request, net::HttpExchange exchange) {
  std::string path(request.path());
  bool open_to_loopback = path == "/metrics" && request.peer.loopback;
  if (!open_to_loopback && !is_administrator(request)) {
    auto out =
        error_reply(401, "Unauthenticated",
                    "send an administrator's token as authorization: Bearer TOKEN; it stands in "
                    "the credentials file of the data directory");
    out.headers.set("www-authenticate", "Bearer realm=\"kansoku\"");
    exchange.respond(std::move(out));
    return;
  }
  if (path == "/metrics") {
    if (request.method != "GET" && request.method != "HEAD") {
      exchange.respond(error_reply(405, "MethodNotAllowed", "only GET"));
      return;
    }
    net::HttpResponse out{.body = services_.metrics_text()};
    out.headers.set("content-type", std::string(kOpenMetricsType));
    exchange.respond(std::move(out));
    return;
  }
  if (path == "/-/flush") {
    flush(request, std::move(exchange));
    return;
  }
  if (path.starts_with("/-/admin/")) {
    admin(request, std::move(exchange));
    return;
  }
  if (services_.more) {
    if (auto answer = services_.more(request)) return exchange.respond(std::move(*answer));
  }
  exchange.respond(error_reply(404, "NotFound", fmt::format("no such path: {}", quoted(path))));
}

void AdminApi::flush(const net::HttpRequest& request, net::HttpExchange exchange) {
  if (request.method != "POST") {
    auto out = error_reply(405, "MethodNotAllowed", "flush is a POST");
    out.headers.set("allow", "POST");
    exchange.respond(std::move(out));
    return;
  }
  std::string_view query = request.query();
  if (!query.empty() && query != "merge=all") {
    exchange.respond(
        error_reply(400, "InvalidArgument",
                    fmt::format("unknown option {}; there is merge=all", quoted(query))));
    return;
  }
  services_.flush(query == "merge=all", [exchange = std::move(exchange)](Status status) mutable {
    exchange.respond(status ? text_reply(200, "flushed\n") : error_reply(status.error()));
  });
}

void AdminApi::admin(const net::HttpRequest& request, net::HttpExchange exchange) {
  std::string rest(request.path().substr(std::string_view("/-/admin/").size()));
  size_t slash = rest.find('/');
  std::string what = rest.substr(0, slash);
  std::string name = slash == std::string::npos ? std::string() : rest.substr(slash + 1);
  if (what == "keys") {
    keys(request, name, std::move(exchange));
  } else if (what == "users") {
    users(request, name, std::move(exchange));
  } else if (what == "limits") {
    limits(request, name, std::move(exchange));
  } else if (what == "snapshots" && services_.take_snapshot) {
    snapshots(request, name, std::move(exchange));
  } else {
    exchange.respond(error_reply(404, "NotFound", fmt::format("no such path: {}", quoted(rest))));
  }
}

void AdminApi::keys(const net::HttpRequest& request, const std::string& name,
                    net::HttpExchange exchange) {
  AccessControl& access = *services_.access;
  if (request.method == "GET" && name.empty()) {
    exchange.respond(json_reply(list_to_json("keys", access.list_keys())));
    return;
  }
  // Whoever signed in with the key is signed out with it.
  auto ended = [this](net::HttpExchange to) {
    return [this, to = std::move(to)](Result<KeyInfo> key) mutable {
      if (key && (key->disabled || services_.access->keys().find(key->access_key_id) == nullptr)) {
        services_.sessions->end_user(key->access_key_id);
      }
      answer<KeyInfo>(std::move(to))(std::move(key));
    };
  };
  if (request.method == "DELETE") {
    access.delete_key(name, ended(std::move(exchange)));
    return;
  }
  if (request.method == "POST" && (name.ends_with("/disable") || name.ends_with("/enable"))) {
    bool disable = name.ends_with("/disable");
    access.set_key_disabled(name.substr(0, name.rfind('/')), disable, ended(std::move(exchange)));
    return;
  }
  if (request.method == "POST" && name.empty()) {
    auto body = wire::parse_json(request.body);
    if (!body) {
      exchange.respond(error_reply(body.error()));
      return;
    }
    access.create_key(std::string(body->text_of("user")), std::string(body->text_of("role")),
                      answer<NewKey>(std::move(exchange)));
    return;
  }
  exchange.respond(error_reply(405, "MethodNotAllowed", "keys: GET, POST, DELETE"));
}

void AdminApi::users(const net::HttpRequest& request, const std::string& name,
                     net::HttpExchange exchange) {
  AccessControl& access = *services_.access;
  if (request.method == "GET" && name.empty()) {
    exchange.respond(json_reply(list_to_json("users", access.list_users())));
    return;
  }
  if (request.method == "DELETE") {
    access.delete_user(name, [this, exchange = std::move(exchange)](Result<UserInfo> user) mutable {
      if (user) services_.sessions->end_user(user->user);
      answer<UserInfo>(std::move(exchange))(std::move(user));
    });
    return;
  }
  if (request.method == "POST" && name.ends_with("/link")) {
    std::string user = name.substr(0, name.rfind('/'));
    auto found = access.user(user);
    if (!found) {
      exchange.respond(error_reply(404, "NotFound", fmt::format("no user {}", quoted(user))));
      return;
    }
    std::string token = services_.sessions->make_one_time_token(
        {.user = found->user, .role = found->role, .csrf = {}, .principal = found->principal});
    std::string out;
    wire::JsonWriter json(out);
    json.begin_object();
    json.key("path");
    json.string("/ui/signin?token=" + token);
    json.end_object();
    exchange.respond(json_reply(std::move(out)));
    return;
  }
  if (request.method == "POST" && name.empty()) {
    auto body = wire::parse_json(request.body);
    if (!body) {
      exchange.respond(error_reply(body.error()));
      return;
    }
    std::optional<std::string> password;
    if (body->find("password") != nullptr) password = std::string(body->text_of("password"));
    access.put_user(std::string(body->text_of("user")), std::string(body->text_of("role")),
                    password, answer<UserInfo>(std::move(exchange)));
    return;
  }
  exchange.respond(error_reply(405, "MethodNotAllowed", "users: GET, POST, DELETE"));
}

}  // namespace kansoku::api
