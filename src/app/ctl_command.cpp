// kansoku ctl: access keys and users, on a running server.
#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "app/ctl_commands.h"
#include "app/flags.h"
#include "app/options.h"
#include "app/tool_client.h"
#include "base/env/env.h"
#include "base/text/percent.h"
#include "base/time/iso8601.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

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
          "       kansoku ctl users create NAME|list|delete NAME|link NAME [options]\n"
          "       kansoku ctl import FILE|BLOCK|FOLDER... [--dry-run] [options]\n"
          "       kansoku ctl backup FOLDER [options]\n"
          "       kansoku ctl restore FOLDER --data DIR\n"
          "       kansoku ctl limits list|set ACCOUNT series=N|unset ACCOUNT [options]\n"
          "       kansoku ctl workspace [options]\n"
          "       kansoku ctl where FILE[:OFFSET] [options]\n"
          "       kansoku ctl files [options]",
      .summary =
          "Manages access keys (for AWS clients) and users (of the console) on a running server.\n"
          "A secret is shown once, when its key is made.\n\n"
          "import reads exposition text, OpenMetrics and blocks of Prometheus' TSDB and sends "
          "them\n"
          "to the server, samples as old as it keeps any. backup copies a running server's data\n"
          "directory (on the same host); restore puts such a copy back, checksums verified. "
          "limits\n"
          "sets how many series an account may have. workspace prints the id and the URLs under\n"
          "which clients of managed Prometheus find this server. where says what became of a byte "
          "of "
          "a\n"
          "file that is followed: queued, sent and when, or dropped and by which rule; files lists "
          "them.\n"
          "Both ask the server, or the agent whose directory --data names.",
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
                 }},
                {"--dry-run", "", "import: reads and checks everything, sends nothing",
                 [&flags](const std::string&) -> Status {
                   flags.dry_run = true;
                   return {};
                 }}},
      .examples =
          "  kansoku ctl keys create --user web-01 --role agent\n"
          "  kansoku ctl where /var/log/app.log:4096\n"
          "  kansoku ctl import /var/lib/prometheus/snapshots/20261122T120000Z-1c2d3e4f\n"
          "  kansoku ctl backup /backup/2026-11-22\n"
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

Result<Call> plan_limits(const std::vector<std::string>& operands) {
  const std::string base = "/-/admin/limits";
  if (operands.size() == 2 && operands[1] == "list") return Call{"GET", base, ""};
  if (operands.size() == 3 && operands[1] == "unset") {
    return Call{"DELETE", base + "/" + operands[2], ""};
  }
  constexpr std::string_view kSeries = "series=";
  bool sets = operands.size() == 4 && operands[1] == "set" && operands[3].starts_with(kSeries);
  if (!sets) return invalid_argument("limits: list, set ACCOUNT series=N, or unset ACCOUNT");
  std::string number = operands[3].substr(kSeries.size());
  if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) {
    return invalid_argument("{} is no number of series", quoted(number));
  }
  return Call{"PUT", base + "/" + operands[2], fmt::format("{{\"series\":{}}}", number)};
}

// where FILE[:OFFSET]; the last ':' followed by digits alone is the offset's.
Result<Call> plan_where(const std::vector<std::string>& operands) {
  if (operands.size() != 2) return invalid_argument("where: give FILE or FILE:OFFSET");
  std::string file = operands[1];
  std::string offset = "0";
  const size_t colon = file.rfind(':');
  if (colon != std::string::npos && colon + 1 < file.size() &&
      file.find_first_not_of("0123456789", colon + 1) == std::string::npos) {
    offset = file.substr(colon + 1);
    file.resize(colon);
  }
  if (!file.starts_with('/')) {
    std::array<char, 4'096> here{};
    if (::getcwd(here.data(), here.size()) != nullptr) file = env::join_path(here.data(), file);
  }
  std::string path = "/-/where?file=";
  append_percent_encoded(path, file, "/");
  return Call{"GET", path + "&offset=" + offset, ""};
}

// The request of a command line, or why there is none.
Result<Call> plan(const CtlFlags& flags, const std::vector<std::string>& operands) {
  std::string what = operands.empty() ? "" : operands[0];
  std::string verb = operands.size() > 1 ? operands[1] : "";
  std::string name = operands.size() > 2 ? operands[2] : "";
  if (what == "limits") return plan_limits(operands);
  if (what == "where") return plan_where(operands);
  if (what == "files") return Call{"GET", "/-/files", ""};
  if (what == "workspace") return Call{"GET", "/api/v1/status/flags", ""};
  if (what != "keys" && what != "users") {
    return invalid_argument(
        "{} is nothing that ctl does; keys, users, import, backup, restore, limits, workspace, "
        "where, files are",
        quoted(what));
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
  } else if (const wire::Node* limits = answer.find("limits")) {
    fmt::print("default  series={}\n", answer.text_of("seriesDefault"));
    for (const wire::Node& one : limits->items) {
      fmt::print("{}  series={}\n", one.text_of("account"), one.text_of("series"));
    }
  } else if (const wire::Node* flags = answer.find("data")) {
    std::string_view id = flags->text_of("kansoku.workspace");
    std::string base = fmt::format("{}/workspaces/{}", endpoint.url, id);
    fmt::print("{}  region {}\nremote write  {}/api/v1/remote_write\nqueries       {}\n", id,
               flags->text_of("kansoku.region"), base, base);
  } else if (const wire::Node* answers = answer.find("answers")) {
    if (answers->items.empty()) {
      fmt::print("{}: no receiver follows it, or reading began behind byte {}\n",
                 answer.text_of("file"), answer.text_of("offset"));
    }
    for (const wire::Node& one : answers->items) {
      fmt::print("{}:{}  {}: {}\n", answer.text_of("file"), answer.text_of("offset"),
                 one.text_of("receiver"), one.text_of("text"));
    }
  } else if (const wire::Node* files = answer.find("files")) {
    if (files->items.empty()) fmt::print("no file is followed\n");
    for (const wire::Node& one : files->items) {
      fmt::print(
          "{}  {}: {} of {} bytes read, {} acknowledged, {} in flight, {} filtered, {} "
          "dropped\n",
          one.text_of("path"), one.text_of("receiver"), one.text_of("read"), one.text_of("size"),
          one.text_of("acknowledged"), one.text_of("inFlight"), one.text_of("filtered"),
          one.text_of("dropped"));
    }
  } else if (answer.find("path") != nullptr) {
    fmt::print("{}{}\n", endpoint.url, answer.text_of("path"));
  } else {
    fmt::print("{} done\n", answer.find("accessKeyId") != nullptr ? answer.text_of("accessKeyId")
                                                                  : answer.text_of("user"));
  }
}

}  // namespace

int run_ctl(const std::vector<std::string>& arguments) {
  CtlFlags flags{.data = default_options().data_directory};
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
  using Run = int (*)(const CtlFlags&, const std::vector<std::string>&);
  constexpr std::array<std::pair<std::string_view, Run>, 3> kLonger{
      {{"import", run_ctl_import}, {"backup", run_ctl_backup}, {"restore", run_ctl_restore}}};
  for (const auto& [name, run] : kLonger) {
    if (!operands->empty() && operands->front() == name) {
      return run(flags, {operands->begin() + 1, operands->end()});
    }
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
