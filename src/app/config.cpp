#include <unistd.h>

#include <cstdlib>

#include "app/options.h"

namespace kansoku::app {
namespace {

using wire::Node;
using wire::Problem;
using wire::Reader;

constexpr std::array<std::string_view, 10> kPortNames{
    "otlp-grpc", "otlp-http", "syslog", "emf", "statsd", "collectd", "xray", "forward", "node", "imds"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

void read_tls(const Node& node, const std::string& file, ServerOptions& options,
              std::vector<Problem>& problems) {
  Reader tls(node, file, "/server/tls", problems);
  options.tls_certificate_file = tls.text("certificate").value_or("");
  options.tls_key_file = tls.text("key").value_or("");
  options.tls_client_ca_file = tls.text("client_ca").value_or("");
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    tls.problem("key", "certificate and key go together");
  }
  tls.finish();
}

void read_log(const Node& node, const std::string& file, ServerOptions& options,
              std::vector<Problem>& problems) {
  Reader log(node, file, "/server/log", problems);
  constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warn", "error"};
  if (auto level = log.text("level")) {
    auto found = std::find(kLevels.begin(), kLevels.end(), *level);
    if (found == kLevels.end()) {
      log.problem("level", fmt::format("{} is none of debug, info, warn, error", quoted(*level)));
    } else {
      options.log_level = static_cast<LogLevel>(found - kLevels.begin());
    }
  }
  if (auto format = log.text("format")) {
    if (*format != "text" && *format != "json") {
      log.problem("format", fmt::format("{} is neither text nor json", quoted(*format)));
    }
    options.log_format = *format == "json" ? LogFormat::Json : LogFormat::Text;
  }
  log.finish();
}

void read_server(const Node& node, const std::string& file, ServerOptions& options,
                 std::vector<Problem>& problems) {
  Reader server(node, file, "/server", problems);
  if (auto data = server.text("data")) options.data_directory = *data;
  if (auto listen = server.text("listen")) {
    auto parsed = parse_listen(*listen);
    if (parsed) {
      options.listen = *parsed;
    } else {
      server.problem("listen", parsed.error().message);
    }
  }
  if (auto auth = server.text("auth")) {
    if (*auth != "strict" && *auth != "open") {
      server.problem("auth", fmt::format("{} is neither strict nor open", quoted(*auth)));
    }
    options.auth_open = *auth == "open";
  }
  if (auto insecure = server.boolean("insecure_http")) options.insecure_http = *insecure;
  if (const Node* tls = server.mapping("tls")) read_tls(*tls, file, options, problems);
  if (auto account = server.text("account_id")) {
    bool digits = account->size() == 12 && account->find_first_not_of("0123456789") == std::string::npos;
    if (!digits) server.problem("account_id", fmt::format("{} is not 12 digits", quoted(*account)));
    options.account = *account;
  }
  if (auto region = server.text("region")) options.region = *region;
  if (auto bytes = server.bytes("memory_limit", 128LL << 20, 1LL << 42)) {
    options.memory_bytes_max = static_cast<uint64_t>(*bytes);
  }
  if (auto workers = server.integer("workers", 1, 256)) {
    options.workers = static_cast<size_t>(*workers);
  }
  if (const Node* log = server.mapping("log")) read_log(*log, file, options, problems);
  server.finish();
}

void read_host(const Node& node, const std::string& file, ServerOptions& options,
               std::vector<Problem>& problems) {
  Reader host(node, file, "/receivers/host", problems);
  auto& config = options.host;
  if (auto v = host.duration_ms("interval", 1'000, 3'600'000)) config.interval_ms = *v;
  if (auto v = host.duration_ms("fast_interval", 1'000, 60'000)) config.fast_interval_ms = *v;
  if (auto v = host.duration_ms("fast_start", 0, 3'600'000)) config.fast_start_ms = *v;
  if (auto v = host.boolean("detailed_monitoring")) config.detailed_monitoring = *v;
  if (auto v = host.text("instance_id")) config.instance_id = *v;
  if (auto v = host.text("proc")) config.proc = *v;
  if (auto v = host.text("sys")) config.sys = *v;
  host.finish();
}

// Keys of a section of components, e.g. receivers; each key is "type" or "type/name".
std::vector<std::string> read_components(Reader& root, std::string_view section,
                                         const std::vector<std::string>& types,
                                         const std::function<void(const Node&)>& read,
                                         const std::string& file, std::vector<Problem>& problems) {
  std::vector<std::string> out;
  const Node* node = root.mapping(section);
  if (node == nullptr) return out;
  for (const Node::Entry& entry : node->entries) {
    if (std::find(types.begin(), types.end(), entry.key) == types.end()) {
      std::string message = fmt::format("no {} named {}", section.substr(0, section.size() - 1),
                                        quoted(entry.key));
      if (auto guess = wire::did_you_mean(entry.key, types)) {
        message += fmt::format(", did you mean \"{}\"?", *guess);
      }
      problems.push_back({file, entry.key_at, fmt::format("/{}/{}", section, entry.key), message});
      continue;
    }
    out.push_back(entry.key);
    if (read) read(entry.value);
  }
  return out;
}

void check_names(Reader& pipeline, std::string_view key, const std::vector<std::string>& names,
                 const std::vector<std::string>& defined) {
  if (names.empty()) pipeline.problem(key, "needs at least one");
  for (const std::string& name : names) {
    if (std::find(defined.begin(), defined.end(), name) == defined.end()) {
      pipeline.problem(key, fmt::format("{} is not defined under {}", quoted(name), key));
    }
  }
}

std::vector<PipelineSpec> read_pipelines(Reader& root, const std::vector<std::string>& receivers,
                                         const std::vector<std::string>& exporters,
                                         const std::string& file, std::vector<Problem>& problems) {
  std::vector<PipelineSpec> out;
  const Node* service = root.mapping("service");
  if (service == nullptr) return out;
  Reader service_reader(*service, file, "/service", problems);
  if (const Node* pipelines = service_reader.mapping("pipelines")) {
    for (const Node::Entry& entry : pipelines->entries) {
      std::string pointer = fmt::format("/service/pipelines/{}", entry.key);
      if (entry.key != "metrics" && !entry.key.starts_with("metrics/")) {
        problems.push_back({file, entry.key_at, pointer,
                            fmt::format("pipelines of {} are not served; there is metrics",
                                        quoted(entry.key.substr(0, entry.key.find('/'))))});
        continue;
      }
      Reader pipeline(entry.value, file, pointer, problems);
      PipelineSpec spec{entry.key, pipeline.text_list("receivers"), pipeline.text_list("exporters")};
      if (!pipeline.text_list("processors").empty()) {
        pipeline.problem("processors", "there are no processors in this version");
      }
      check_names(pipeline, "receivers", spec.receivers, receivers);
      check_names(pipeline, "exporters", spec.exporters, exporters);
      pipeline.finish();
      out.push_back(std::move(spec));
    }
  }
  service_reader.finish();
  return out;
}

}  // namespace

bool is_known_port_name(std::string_view name) {
  return std::find(kPortNames.begin(), kPortNames.end(), name) != kPortNames.end();
}

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

Result<ListenAddress> parse_listen(std::string_view text) {
  size_t colon = text.rfind(':');
  ListenAddress out;
  if (colon == std::string_view::npos) {
    return invalid_argument("{} is not ADDR:PORT, e.g. 127.0.0.1:8470", quoted(text));
  }
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  std::string_view port = text.substr(colon + 1);
  int value = -1;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || end != port.data() + port.size() || value < 0 || value > 65'535) {
    return invalid_argument("port {} is not a number from 0 to 65535", quoted(port));
  }
  out.address = address.empty() ? "0.0.0.0" : std::string(address);
  if (out.address == "localhost") out.address = "127.0.0.1";
  out.port = static_cast<uint16_t>(value);
  return out;
}

ServerOptions default_options() {
  ServerOptions out;
  std::string data_home = environment("XDG_DATA_HOME");
  std::string home = environment("HOME");
  if (::geteuid() == 0) {
    out.data_directory = "/var/lib/kansoku";
  } else if (!data_home.empty()) {
    out.data_directory = data_home + "/kansoku";
  } else {
    out.data_directory = (home.empty() ? std::string("/tmp") : home) + "/.local/share/kansoku";
  }
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = environment(name); !region.empty()) {
      out.region = region;
      break;
    }
  }
  return out;
}

std::expected<Configuration, std::vector<Problem>> read_configuration(
    const std::string& text, const std::string& file, const ServerOptions& defaults) {
  auto document = wire::parse_yaml(text, file);
  if (!document) return std::unexpected(std::vector<Problem>{document.error()});
  std::vector<Problem> problems;
  Configuration out;
  out.options = defaults;
  out.options.config_file = file;
  Reader root(*document, file, "", problems);
  if (const Node* server = root.mapping("server")) read_server(*server, file, out.options, problems);
  auto receivers = read_components(
      root, "receivers", {"host"},
      [&](const Node& node) { read_host(node, file, out.options, problems); }, file, problems);
  auto exporters = read_components(root, "exporters", {"store"}, nullptr, file, problems);
  out.pipelines = read_pipelines(root, receivers, exporters, file, problems);
  root.finish();
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return out;
}

std::string explain(const Configuration& configuration) {
  const ServerOptions& o = configuration.options;
  std::string out = fmt::format("server: listens on {}:{}, data in {}, account {}, region {}, auth {}\n",
                                o.listen.address, o.listen.port, o.data_directory, o.account, o.region,
                                o.auth_open ? "open" : "strict");
  for (const PipelineSpec& pipeline : configuration.pipelines) {
    out += fmt::format("pipeline {}:", pipeline.name);
    for (const std::string& receiver : pipeline.receivers) {
      out += " " + receiver;
      if (receiver == "host") {
        out += fmt::format("(every {} s, first {} s every {} s, AWS/EC2 every {} s)",
                           o.host.interval_ms / 1000, o.host.fast_start_ms / 1000,
                           o.host.fast_interval_ms / 1000,
                           o.host.detailed_monitoring ? 60 : 300);
      }
    }
    out += " ->";
    for (const std::string& exporter : pipeline.exporters) out += " " + exporter;
    out += '\n';
  }
  return out;
}

}  // namespace kansoku::app
