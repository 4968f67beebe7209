// kansoku agent.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "app/agent.h"
#include "app/commands.h"
#include "app/flags.h"
#include "app/graph_files.h"
#include "app/signals.h"

namespace kansoku::app {
namespace {

struct AgentFlags {
  AgentOptions options;
  std::vector<std::string> files;
  std::string dialect;
};

Command agent_command(AgentFlags& flags) {
  return {.usage = "kansoku agent --config FILE... [options]",
          .summary =
              "Collects what its configuration names and sends it on, without a store of its own. "
              "Several files\n"
              "go together; the dialect of each is seen from its content. Prints the line \"ready "
              "http://ADDR:PORT/\"\n"
              "when it runs; that is the door for kansoku ctl where, /metrics and /-/ready.",
          .flags = {{"--config", "FILE", "configuration file; may be given several times",
                     [&flags](const std::string& v) -> Status {
                       flags.files.push_back(v);
                       return {};
                     }},
                    {"--dialect", "NAME", "whose files they are, where it shall not be guessed",
                     [&flags](const std::string& v) -> Status {
                       flags.dialect = v;
                       return {};
                     }},
                    {"--data", "DIR",
                     fmt::format("where offsets and the spool are kept (default {})",
                                 flags.options.data_directory),
                     [&flags](const std::string& v) -> Status {
                       flags.options.data_directory = v;
                       return {};
                     }},
                    {"--listen", "ADDR:PORT",
                     "the door, on loopback (default 127.0.0.1:0, a free port)",
                     [&flags](const std::string& v) -> Status {
                       KANSOKU_TRY(flags.options.listen, parse_listen(v));
                       return {};
                     }}},
          .examples =
              "  kansoku agent --config /etc/kansoku/agent.yaml\n"
              "  kansoku agent --config "
              "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json\n"
              "  kansoku ctl where /var/log/app.log:4096 --data /var/lib/kansoku/agent\n"};
}

// Becomes the user whom the configuration names.
Status become(const std::string& name) {
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) return not_found("run_as_user {}: there is no such user", quoted(name));
  if (user->pw_uid == ::geteuid()) return {};
  if (::geteuid() != 0)
    return failed_precondition("run_as_user {}: only root can become another user", quoted(name));
  if (::initgroups(name.c_str(), user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 ||
      ::setuid(user->pw_uid) != 0) {
    return internal_error("run_as_user {}: {}", quoted(name), std::strerror(errno));
  }
  return {};
}

// The log goes on where it is when the file cannot be had: a wrong path must not stop collection.
void log_into(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0)
    (void)env::real_files().create_directories(path.substr(0, slash));
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) {
    log_warn("agent", "logfile {} cannot be opened ({}); the log stays on stderr", path,
             std::strerror(errno));
    return;
  }
  ::dup2(file, STDERR_FILENO);
  ::close(file);
}

// What of the configuration is the process's own: its log, its user.
Status take_settings(const pipeline::AgentSettings& settings) {
  if (!settings.run_as_user.empty()) KANSOKU_RETURN_IF_ERROR(become(settings.run_as_user));
  if (!settings.log_file.empty()) log_into(settings.log_file);
  constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
      {{"debug", LogLevel::Debug},
       {"info", LogLevel::Info},
       {"warn", LogLevel::Warn},
       {"error", LogLevel::Error}}};
  for (const auto& [name, level] : kLevels) {
    if (settings.log_level == name) set_log(level, LogFormat::Text);
  }
  return {};
}

}  // namespace

int run_agent(const std::vector<std::string>& arguments) {
  AgentFlags flags;
  flags.options.data_directory = default_agent_directory();
  Command command = agent_command(flags);
  bool help = false;
  auto operands = parse_flags(command, arguments, help);
  if (help) {
    fmt::print("{}", help_text(command));
    return 0;
  }
  if (!operands) {
    fmt::print(stderr, "kansoku agent: {}; kansoku agent --help\n", operands.error().to_string());
    return 2;
  }
  // "--config A B" is taken like "--config A --config B".
  flags.files.insert(flags.files.end(), operands->begin(), operands->end());
  if (flags.files.empty()) {
    fmt::print(stderr, "kansoku agent: --config FILE is missing; kansoku agent --help\n");
    return 2;
  }
  sigset_t signals = block_signals();
  auto loops = net::EventLoops::start(1);
  auto read = read_graph_files(env::real_env(), *loops, flags.files, flags.dialect,
                               flags.options.data_directory);
  loops->stop();
  if (!read) {
    for (const wire::Problem& problem : read.error())
      fmt::print(stderr, "{}\n", problem.to_string());
    return 1;
  }
  if (Status taken = take_settings(read->graph.agent); !taken) {
    fmt::print(stderr, "kansoku agent: {}\n", taken.error().to_string());
    return 1;
  }
  for (const wire::Problem& notice : read->notices) log_info("agent", "{}", notice.to_string());
  auto agent = Agent::start(std::move(flags.options), std::move(read->graph));
  if (!agent) {
    fmt::print(stderr, "kansoku agent: {}\n", agent.error().to_string());
    return 1;
  }
  fmt::print("ready {}\n", (*agent)->url());
  std::fflush(stdout);
  int received = 0;
  while (sigwait(&signals, &received) != 0 || received == SIGHUP) {
    if (received == SIGHUP)
      log_info("agent", "a changed configuration needs a restart; SIGHUP is ignored");
  }
  (*agent)->stop();
  return 0;
}

}  // namespace kansoku::app
