// kansoku ctl: access keys and users, on a running server.
#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "app/flags.h"
#include "app/options.h"
#include "app/tool_client.h"
#include "base/time/iso8601.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

struct CtlFlags {
  std::string data = default_options().data_directory;
  std::optional<std::string> endpoint;
  std::optional<std::string> token;
  std::string user = "root";
  std::string role = "administrator";
  bool password_stdin = false;
};

Command ctl_command(CtlFlags& flags) {
  auto text = [](std::string& into) {
    return [&into](const std::string& value) -> Status {
      into = value;
      return {};
    };
  };
  return {
      .usage =
          "kansoku ctl keys create|list|disable ID|enable ID|delete ID [options]\n"
          "       kansoku ctl users create NAME|list|delete NAME|link NAME [options]",
      .summary =
          "Manages access keys (for AWS clients) and users (of the console) on a running server.\n"
          "A secret is shown once, when its key is made.",
      .flags = {{"--data", "DIR",
                 fmt::format("data directory of the server (default {})", flags.data),
                 text(flags.data)},
                {"--endpoint", "URL", "the server, where it is another host's",
                 [&flags](const std::string& v) -> Status {
                   flags.endpoint = v;
                   return {};
                 }},
                {"--token", "TOKEN", "bearer token (default: of the data directory)",
                 [&flags](const std::string& v) -> Status {
                   flags.token = v;
                   return {};
                 }},
                {"--user", "NAME", "keys create: whose key it is (default root)", text(flags.user)},
                {"--role", "ROLE",
                 "keys: administrator (default) or agent; users: administrator (default) or viewer",
                 text(flags.role)},
                {"--password-stdin", "", "users create: reads a password of at least 8 characters",
                 [&flags](const std::string&) -> Status {
                   flags.password_stdin = true;
                   return {};
                 }}},
      .examples =
          "  kansoku ctl keys create --user web-01 --role agent\n"
          "  echo \"$PASSWORD\" | kansoku ctl users create sato --password-stdin\n"
          "  kansoku ctl users link sato\n"};
}

struct Call {
  std::string method;
  std::string path;
  std::string body;
};

std::string create_body(const CtlFlags& flags, const std::string& user) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("user");
  json.string(user);
  json.key("role");
  json.string(flags.role);
  if (flags.password_stdin) {
    char line[1026] = {};
    std::string password = std::fgets(line, sizeof(line), stdin) == nullptr ? "" : line;
    while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
    json.key("password");
    json.string(password);
  }
  json.end_object();
  return out;
}

// The request of a command line, or why there is none.
Result<Call> plan(const CtlFlags& flags, const std::vector<std::string>& operands) {
  std::string what = operands.empty() ? "" : operands[0];
  std::string verb = operands.size() > 1 ? operands[1] : "";
  std::string name = operands.size() > 2 ? operands[2] : "";
  if (what != "keys" && what != "users") {
    return invalid_argument("{} is neither keys nor users", quoted(what));
  }
  std::string base = "/-/admin/" + what;
  bool needs_name = verb != "list" && !(what == "keys" && verb == "create");
  if (needs_name && name.empty()) return invalid_argument("{} {} needs a name", what, quoted(verb));
  if (verb == "list") return Call{"GET", base, ""};
  if (verb == "delete") return Call{"DELETE", base + "/" + name, ""};
  if (verb == "create") {
    return Call{"POST", base, create_body(flags, what == "keys" ? flags.user : name)};
  }
  if (what == "keys" && (verb == "disable" || verb == "enable")) {
    return Call{"POST", fmt::format("{}/{}/{}", base, name, verb), ""};
  }
  if (what == "users" && verb == "link") return Call{"POST", base + "/" + name + "/link", ""};
  return invalid_argument("{} is nothing that ctl {} does", quoted(verb), what);
}

std::string day_of(const wire::Node& item) {
  return iso8601_date(static_cast<int64_t>(item.number_of("createdMs").value_or(0)));
}

void print_answer(const wire::Node& answer, const ToolEndpoint& endpoint) {
  if (const wire::Node* keys = answer.find("keys")) {
    for (const wire::Node& key : keys->items) {
      fmt::print("{}  {:<13}  {}  {}  {}\n", key.text_of("accessKeyId"), key.text_of("role"),
                 day_of(key), key.text_of("disabled") == "true" ? "disabled" : "active",
                 key.text_of("user"));
    }
  } else if (const wire::Node* users = answer.find("users")) {
    for (const wire::Node& user : users->items) {
      fmt::print("{}  {:<13}  {}  {}\n", user.text_of("user"), user.text_of("role"), day_of(user),
                 user.text_of("hasPassword") == "true" ? "password" : "no password");
    }
  } else if (answer.find("secretAccessKey") != nullptr) {
    fmt::print("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
               answer.text_of("accessKeyId"), answer.text_of("secretAccessKey"));
  } else if (answer.find("path") != nullptr) {
    fmt::print("{}{}\n", endpoint.url, answer.text_of("path"));
  } else {
    fmt::print("{} done\n", answer.find("accessKeyId") != nullptr ? answer.text_of("accessKeyId")
                                                                  : answer.text_of("user"));
  }
}

}  // namespace

int run_ctl(const std::vector<std::string>& arguments) {
  CtlFlags flags;
  Command command = ctl_command(flags);
  bool help = false;
  auto operands = parse_flags(command, arguments, help);
  if (help) {
    fmt::print("{}", help_text(command));
    return 0;
  }
  if (!operands) {
    fmt::print(stderr, "kansoku ctl: {}\n", operands.error().to_string());
    return 2;
  }
  auto request = plan(flags, *operands);
  if (!request) {
    fmt::print(stderr, "kansoku ctl: {}; kansoku ctl --help\n", request.error().to_string());
    return 2;
  }
  auto endpoint = find_endpoint(flags.data, flags.endpoint, flags.token);
  if (!endpoint) {
    fmt::print(stderr, "kansoku ctl: {}\n", endpoint.error().to_string());
    return 1;
  }
  auto answer = call(*endpoint, request->method, request->path, std::move(request->body));
  if (!answer) {
    fmt::print(stderr, "kansoku ctl: {}\n", answer.error().to_string());
    return 1;
  }
  auto body = wire::parse_json(answer->body);
  if (answer->status != 200 || !body) {
    const wire::Node* error = body ? body->find("error") : nullptr;
    fmt::print(stderr, "kansoku ctl: {}\n",
               error != nullptr ? std::string(error->text_of("message"))
                                : fmt::format("status {}", answer->status));
    return 1;
  }
  print_answer(*body, *endpoint);
  return 0;
}

}  // namespace kansoku::app
