// kansoku up and kansoku server.
#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "app/flags.h"
#include "app/listener_keys.h"
#include "app/server.h"
#include "app/signals.h"

namespace kansoku::app {
namespace {

struct ServeFlags {
  ServerOptions options = default_options();
  std::optional<ListenAddress> listen;
  std::optional<std::string> data;
  std::optional<bool> auth_open;
  std::string config_file;
  bool no_agent = false;
  bool detailed = false;
};

Command serve_command(ServeFlags& flags, bool is_up) {
  Command out;
  out.usage = is_up ? "kansoku up [options]" : "kansoku server --config FILE [options]";
  out.summary = is_up ? "Runs the server and observes this host. Everything is kept in one data "
                        "directory. Prints the\n"
                        "line \"ready http://ADDR:PORT/\" when it serves."
                      : "Runs the server from a configuration file (the OpenTelemetry Collector's "
                        "grammar for pipelines\n"
                        "and a server section). Flags win over the file.";
  auto text = [](std::string& into) {
    return [&into](const std::string& value) -> Status {
      into = value;
      return {};
    };
  };
  ServerOptions& o = flags.options;
  out.flags = {
      {"--data", "DIR", fmt::format("data directory (default {})", o.data_directory),
       [&flags](const std::string& v) -> Status {
         flags.data = v;
         return {};
       }},
      {"--listen", "ADDR:PORT", "main listener (default 127.0.0.1:8470); port 0 picks a free one",
       [&flags](const std::string& v) -> Status {
         KANSOKU_TRY(flags.listen, parse_listen(v));
         return {};
       }},
      {"--auth", "strict|open", "open: anonymous requests are the administrator; loopback only",
       [&flags](const std::string& v) -> Status {
         if (v != "strict" && v != "open") {
           return invalid_argument("{} is neither strict nor open", quoted(v));
         }
         flags.auth_open = v == "open";
         return {};
       }},
      {"--port", "NAME=N|off", "port of a further listener; may be given several times",
       [&o](const std::string& v) -> Status {
         size_t equals = v.find('=');
         if (equals == std::string::npos)
           return invalid_argument("{} is not NAME=N or NAME=off", quoted(v));
         std::string name = v.substr(0, equals);
         if (!is_known_port_name(name))
           return invalid_argument("no listener named {}", quoted(name));
         std::string port = v.substr(equals + 1);
         if (port != "off") {
           KANSOKU_TRY(auto parsed, parse_listen("127.0.0.1:" + port));
           port = fmt::format("{}", parsed.port);
         }
         o.ports[name] = port;
         return {};
       }},
      {"--tls-cert", "FILE", "certificate chain (PEM) of the main listener",
       text(o.tls_certificate_file)},
      {"--tls-key", "FILE", "its key", text(o.tls_key_file)},
      {"--tls-client-ca", "FILE", "asks clients for a certificate of this authority",
       text(o.tls_client_ca_file)},
      {"--insecure-http", "", "allows plain HTTP beyond loopback",
       [&o](const std::string&) -> Status {
         o.insecure_http = true;
         return {};
       }},
      {"--config", "FILE", "configuration file", text(flags.config_file)},
      {"--no-agent", "", "does not observe this host",
       [&flags](const std::string&) -> Status {
         flags.no_agent = true;
         return {};
       }},
      {"--detailed-monitoring", "", "AWS/EC2 metrics every minute instead of every five",
       [&flags](const std::string&) -> Status {
         flags.detailed = true;
         return {};
       }},
  };
  out.examples = is_up ? "  kansoku up\n"
                         "  kansoku up --data ./data --listen 127.0.0.1:0 --auth open\n"
                         "  export AWS_SHARED_CREDENTIALS_FILE=/var/lib/kansoku/credentials "
                         "AWS_DEFAULT_REGION=us-east-1\n"
                         "  aws --endpoint-url http://127.0.0.1:8470 cloudwatch list-metrics "
                         "--namespace CWAgent\n"
                       : "  kansoku server --config /etc/kansoku/kansoku.yaml\n";
  return out;
}

// The file, then the flags over it.
Result<Configuration> configure(ServeFlags& flags, bool is_up) {
  Configuration configuration;
  configuration.options = flags.options;
  if (!flags.config_file.empty()) {
    KANSOKU_TRY(std::string text, env::real_files().read_all(flags.config_file));
    auto read = read_configuration(text, flags.config_file, flags.options);
    if (!read) {
      std::string all;
      for (const wire::Problem& problem : read.error()) all += problem.to_string() + "\n";
      all.pop_back();
      return fail(ErrorCode::InvalidArgument, all);
    }
    configuration = std::move(*read);
    // Flags that the file has overwritten win again.
    const ServerOptions& o = flags.options;
    if (!o.tls_certificate_file.empty())
      configuration.options.tls_certificate_file = o.tls_certificate_file;
    if (!o.tls_key_file.empty()) configuration.options.tls_key_file = o.tls_key_file;
    if (!o.tls_client_ca_file.empty()) {
      configuration.options.tls_client_ca_file = o.tls_client_ca_file;
    }
    if (o.insecure_http) configuration.options.insecure_http = true;
  } else if (is_up) {
    configuration.pipelines.push_back({"metrics/host", {"host"}, {"store"}});
  }
  ServerOptions& options = configuration.options;
  if (flags.data) options.data_directory = *flags.data;
  if (flags.listen) options.listen = *flags.listen;
  if (flags.auth_open) options.auth_open = *flags.auth_open;
  if (flags.no_agent) configuration.pipelines.clear();
  apply_listener_ports(configuration, is_up && flags.config_file.empty());
  if (flags.detailed) options.host.detailed_monitoring = true;
  options.with_agent = !flags.no_agent;
  return configuration;
}

int serve(const std::vector<std::string>& arguments, bool is_up) {
  ServeFlags flags;
  Command command = serve_command(flags, is_up);
  bool help = false;
  auto operands = parse_flags(command, arguments, help);
  if (help) {
    fmt::print("{}", help_text(command));
    return 0;
  }
  std::string_view name = is_up ? "up" : "server";
  if (!operands || !operands->empty()) {
    std::string why = operands ? fmt::format("unexpected argument {}", quoted(operands->front()))
                               : operands.error().to_string();
    fmt::print(stderr, "kansoku {}: {}; kansoku {} --help\n", name, why, name);
    return 2;
  }
  if (!is_up && flags.config_file.empty()) {
    fmt::print(stderr, "kansoku server: --config FILE is missing; kansoku up needs none\n");
    return 2;
  }
  auto configuration = configure(flags, is_up);
  if (!configuration) {
    fmt::print(stderr, "{}\n", configuration.error().to_string());
    return 1;
  }
  sigset_t signals = block_signals();
  auto server = Server::start(std::move(*configuration));
  if (!server) {
    fmt::print(stderr, "kansoku {}: {}\n", name, server.error().to_string());
    return 1;
  }
  fmt::print("ready {}\n", (*server)->url());
  std::fflush(stdout);
  if (::isatty(STDERR_FILENO) != 0) {
    fmt::print(stderr, "sign in once: {}\n", (*server)->sign_in_link());
  }
  for (;;) {
    int received = 0;
    if (sigwait(&signals, &received) != 0) continue;
    if (received != SIGHUP) break;
    (*server)->reload();
  }
  (*server)->stop();
  return 0;
}

}  // namespace

int run_up(const std::vector<std::string>& arguments) { return serve(arguments, true); }
int run_server(const std::vector<std::string>& arguments) { return serve(arguments, false); }

}  // namespace kansoku::app
