#include <unistd.h>

#include <cstdlib>

#include "app/graph_keys.h"
#include "app/options.h"
#include "app/tier_rules.h"
#include "base/env/env.h"
#include "pipeline/graph/explain.h"

namespace kansoku::app {
namespace {

using wire::Node;
using wire::Problem;
using wire::Reader;

constexpr std::array<std::string_view, 10> kPortNames{"otlp-grpc", "otlp-http", "syslog", "emf",
                                                      "statsd",    "collectd",  "xray",   "forward",
                                                      "node",      "imds"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// One key of the file. Parsing, unknown-key guesses and the reference page come from this table.
struct ConfigKey {
  std::string_view section;  // JSON pointer of its mapping
  std::string_view key;
  std::string_view values;     // for people
  std::string_view otherwise;  // the default, for people
  std::string_view doc;
  void (*read)(Reader& reader, std::string_view key, ServerOptions& options);
};

// Sets `into` when the text is one of `words`; the index in the list is the value.
template <size_t N>
std::optional<size_t> one_of(Reader& reader, std::string_view key,
                             const std::array<std::string_view, N>& words) {
  auto text = reader.text(key);
  if (!text) return std::nullopt;
  auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  std::string list;
  for (std::string_view word : words) list += fmt::format("{}{}", list.empty() ? "" : ", ", word);
  reader.problem(key, fmt::format("{} is none of {}", quoted(*text), list));
  return std::nullopt;
}

constexpr std::array<std::string_view, 3> kEndpointServices{"kinesis", "firehose", "lambda"};
constexpr std::array<std::string_view, 2> kAuthModes{"strict", "open"};
constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> kLogFormats{"text", "json"};

const ConfigKey kKeys[] = {
    {"/server", "data", "directory", "/var/lib/kansoku as root, else $XDG_DATA_HOME/kansoku",
     "where everything is kept; one process at a time",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.text(k)) o.data_directory = *v;
     }},
    {"/server", "listen", "ADDR:PORT", "127.0.0.1:8470",
     "the main listener; port 0 picks a free one",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       auto v = r.text(k);
       if (!v) return;
       if (auto parsed = parse_listen(*v)) {
         o.listen = *parsed;
       } else {
         r.problem(k, parsed.error().message);
       }
     }},
    {"/server", "auth", "strict, open", "strict",
     "open: requests without a credential are the administrator; loopback only",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = one_of(r, k, kAuthModes)) o.auth_open = *v == 1;
     }},
    {"/server", "insecure_http", "true, false", "false", "allows plain HTTP beyond loopback",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.boolean(k)) o.insecure_http = *v;
     }},
    {"/server", "account_id", "12 digits", "000000000000", "the account of this server's data",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       auto v = r.text(k);
       if (!v) return;
       bool digits = v->size() == 12 && v->find_first_not_of("0123456789") == std::string::npos;
       if (!digits) r.problem(k, fmt::format("{} is not 12 digits", quoted(*v)));
       o.account = *v;
     }},
    {"/server", "region", "text", "AWS_REGION, AWS_DEFAULT_REGION, else us-east-1",
     "the region of what is collected here, and of the console",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.text(k)) o.region = *v;
     }},
    {"/server", "memory_limit", "size, 128MiB to 4TiB", "512MiB",
     "of requests in flight (a quarter) and queries (a half)",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.bytes(k, 128LL << 20, 1LL << 42)) {
         o.memory_bytes_max = static_cast<uint64_t>(*v);
       }
     }},
    {"/server", "workers", "1 to 256", "2", "threads that queries, ingest and merges share",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.integer(k, 1, 256)) o.workers = static_cast<size_t>(*v);
     }},
    {"/server", "query_concurrency", "1 to 1000", "20",
     "PromQL queries evaluated side by side, in steps; 20 more wait",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.integer(k, 1, 1'000)) o.query_concurrency = static_cast<size_t>(*v);
     }},
    {"/server", "aws_endpoints", "map of service: URL",
     "AWS_ENDPOINT_URL_KINESIS and the like, AWS_ENDPOINT_URL, else the service's own",
     "where kinesis, firehose and lambda are reached, e.g. an emulator or another kansoku",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       const Node* map = r.mapping(k);
       if (map == nullptr) return;
       for (const Node::Entry& entry : map->entries) {
         const bool known =
             std::ranges::find(kEndpointServices, entry.key) != kEndpointServices.end();
         const std::string& url = entry.value.scalar;
         if (!known)
           r.problem(k, fmt::format("{} is none of kinesis, firehose, lambda", quoted(entry.key)));
         if (!url.starts_with("http://") && !url.starts_with("https://"))
           r.problem(k, fmt::format("{} is no URL", quoted(url)));
         o.aws_endpoints[entry.key] = url;
       }
     }},
    {"/server/metrics", "prometheus_retention", "duration, 1d to 36500d", "15d",
     "how long Prometheus series are kept; an import takes samples of this age",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       constexpr int64_t kDay = 86'400'000;
       if (auto v = r.duration_ms(k, kDay, 36'500 * kDay)) o.prometheus_retention_ms = *v;
     }},
    {"/server/metrics", "prometheus_tiers", "list of {match, raw, tiers}", "",
     "what is kept of which Prometheus series when their points go: cells of 1m, 5m, 1h; see below",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       const Node* list = r.any(k);
       if (list == nullptr) return;
       std::vector<std::string> wrong;
       o.prometheus_tiers = read_tier_rules(*list, wrong);
       for (std::string& message : wrong) r.problem(k, std::move(message));
     }},
    {"/server/metrics", "exemplars_per_account", "0 to 1000000", "100000",
     "exemplars that are kept of an account (2 KiB of memory each at most); the oldest go first",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.integer(k, 0, 1'000'000)) {
         o.exemplars_per_account_max = static_cast<size_t>(*v);
       }
     }},
    {"/server/metrics", "series_per_tenant", "1 to 4000000000", "2000000",
     "series that an account may have; `kansoku ctl limits` sets it for one",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.integer(k, 1, 4'000'000'000)) {
         o.series_per_tenant_max = static_cast<uint64_t>(*v);
       }
     }},
    {"/server/tls", "certificate", "file", "", "certificate chain (PEM); read again at SIGHUP",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       o.tls_certificate_file = r.text(k).value_or("");
     }},
    {"/server/tls", "key", "file", "", "its private key (PEM)",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       o.tls_key_file = r.text(k).value_or("");
       if (o.tls_certificate_file.empty() != o.tls_key_file.empty()) {
         r.problem(k, "certificate and key go together");
       }
     }},
    {"/server/tls", "client_ca", "file", "", "clients must show a certificate of this authority",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       o.tls_client_ca_file = r.text(k).value_or("");
     }},
    {"/server/log", "level", "debug, info, warn, error", "info", "the least that is logged; SIGHUP",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = one_of(r, k, kLogLevels)) o.log_level = static_cast<LogLevel>(*v);
     }},
    {"/server/log", "format", "text, json", "text", "how a line of the log looks; SIGHUP",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = one_of(r, k, kLogFormats)) o.log_format = static_cast<LogFormat>(*v);
     }},
    {"/server/elasticsearch", "group", "text", "{index}",
     "log group of bulk requests; `{index}`, `{peer}` are replaced",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.text(k)) o.elasticsearch.group = *v;
     }},
    {"/server/elasticsearch", "stream", "text", "{peer}", "log stream; replaced as in `group`",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.text(k)) o.elasticsearch.stream = *v;
     }},
    {"/receivers/host", "interval", "duration, 1s to 1h", "10s", "spacing of samples",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.duration_ms(k, 1'000, 3'600'000)) o.host.interval_ms = *v;
     }},
    {"/receivers/host", "fast_interval", "duration, 1s to 1m", "1s",
     "spacing at first and while a Host page is open",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.duration_ms(k, 1'000, 60'000)) o.host.fast_interval_ms = *v;
     }},
    {"/receivers/host", "fast_start", "duration, 0s to 1h", "60s",
     "how long after the start the fast spacing holds",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.duration_ms(k, 0, 3'600'000)) o.host.fast_start_ms = *v;
     }},
    {"/receivers/host", "detailed_monitoring", "true, false", "false",
     "AWS/EC2 metrics every minute instead of every five; SIGHUP",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.boolean(k)) o.host.detailed_monitoring = *v;
     }},
    {"/receivers/host", "instance_id", "text", "i- and a hash of the machine id",
     "the dimension InstanceId of this host's metrics",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.text(k)) o.host.instance_id = *v;
     }},
    {"/receivers/host", "proc", "directory", "/proc", "where the kernel's process files are",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.text(k)) o.host.proc = *v;
     }},
    {"/receivers/host", "sys", "directory", "/sys", "where the kernel's device files are",
     [](Reader& r, std::string_view k, ServerOptions& o) {
       if (auto v = r.text(k)) o.host.sys = *v;
     }},
};

// Reads the keys of one section, and the sections below it.
void read_section(const Node& node, const std::string& file, std::string_view section,
                  ServerOptions& options, std::vector<Problem>& problems) {
  Reader reader(node, file, std::string(section), problems);
  std::set<std::string_view> below;
  for (const ConfigKey& key : kKeys) {
    if (key.section == section) key.read(reader, key.key, options);
    if (key.section.size() > section.size() && key.section.starts_with(section) &&
        key.section[section.size()] == '/') {
      below.insert(key.section);
    }
  }
  for (std::string_view child : below) {
    std::string_view name = child.substr(section.size() + 1);
    if (const Node* mapping = reader.mapping(name)) {
      read_section(*mapping, file, child, options, problems);
    }
  }
  reader.finish();
}

// Keys of a section of components, e.g. receivers; each key is "type" or "type/name". `read` says
// false of one that is not known; `types` are for a guess.
std::vector<std::string> read_components(Reader& root, std::string_view section,
                                         const std::vector<std::string>& types,
                                         const std::function<bool(const Node::Entry&)>& read,
                                         const std::string& file, std::vector<Problem>& problems) {
  std::vector<std::string> out;
  const Node* node = root.mapping(section);
  if (node == nullptr) return out;
  for (const Node::Entry& entry : node->entries) {
    if (!read(entry)) {
      std::string message =
          fmt::format("no {} named {}", section.substr(0, section.size() - 1), quoted(entry.key));
      if (auto guess = wire::did_you_mean(entry.key, types)) {
        message += fmt::format(", did you mean \"{}\"?", *guess);
      }
      problems.push_back({file, entry.key_at, fmt::format("/{}/{}", section, entry.key), message});
      continue;
    }
    out.push_back(entry.key);
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

// A receiver that reaches an exporter by two pipelines would deliver everything twice.
void check_doubles(const std::vector<PipelineSpec>& pipelines, const Node& node,
                   const std::string& file, std::vector<Problem>& problems) {
  std::map<std::pair<std::string, std::string>, std::string> first;
  for (const PipelineSpec& pipeline : pipelines) {
    for (const std::string& receiver : pipeline.receivers) {
      for (const std::string& exporter : pipeline.exporters) {
        auto [known, fresh] = first.try_emplace({receiver, exporter}, pipeline.name);
        if (fresh) continue;
        const Node* at = node.find(pipeline.name);
        problems.push_back(
            {file, at != nullptr ? at->at : node.at, "/service/pipelines/" + pipeline.name,
             fmt::format("receiver {} reaches exporter {} by pipeline {} already; everything would "
                         "be stored twice",
                         receiver, exporter, known->second)});
      }
    }
  }
}

// A component belongs to pipelines of one signal.
bool is_logs_only(std::string_view name) {
  return is_graph_receiver(name) || is_graph_exporter(name);
}

void check_signal(Reader& pipeline, std::string_view key, const std::vector<std::string>& names,
                  bool logs) {
  for (const std::string& name : names) {
    const bool fits = name == "store" || is_logs_only(name) == logs;
    if (!fits)
      pipeline.problem(key, fmt::format("{} has no {}", quoted(name), logs ? "logs" : "metrics"));
  }
}

void read_pipelines(Reader& root, const std::vector<std::string>& receivers,
                    const std::vector<std::string>& exporters, const std::string& file,
                    Configuration& out, std::vector<Problem>& problems) {
  const Node* service = root.mapping("service");
  if (service == nullptr) return;
  Reader service_reader(*service, file, "/service", problems);
  if (const Node* pipelines = service_reader.mapping("pipelines")) {
    std::vector<PipelineSpec> all;
    for (const Node::Entry& entry : pipelines->entries) {
      std::string pointer = fmt::format("/service/pipelines/{}", entry.key);
      const std::string_view signal = std::string_view(entry.key).substr(0, entry.key.find('/'));
      if (signal != "metrics" && signal != "logs") {
        problems.push_back(
            {file, entry.key_at, pointer,
             fmt::format("pipelines of {} are not served; there are metrics and logs",
                         quoted(signal))});
        continue;
      }
      Reader pipeline(entry.value, file, pointer, problems);
      PipelineSpec spec{entry.key, pipeline.text_list("receivers"),
                        pipeline.text_list("exporters")};
      if (!pipeline.text_list("processors").empty()) {
        pipeline.problem("processors", "there are no processors in this version");
      }
      check_names(pipeline, "receivers", spec.receivers, receivers);
      check_names(pipeline, "exporters", spec.exporters, exporters);
      check_signal(pipeline, "receivers", spec.receivers, signal == "logs");
      check_signal(pipeline, "exporters", spec.exporters, signal == "logs");
      pipeline.finish();
      all.push_back(spec);
      if (signal == "metrics") {
        out.pipelines.push_back(std::move(spec));
      } else {
        out.graph.pipelines.push_back(
            {spec.name, pipeline::SignalKind::Logs, spec.receivers, spec.exporters});
      }
    }
    check_doubles(all, *pipelines, file, problems);
  }
  service_reader.finish();
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
  if (const Node* server = root.mapping("server")) {
    read_section(*server, file, "/server", out.options, problems);
  }
  if (const Node* agent = root.mapping("agent"))
    read_agent_settings(*agent, file, out.graph.agent, problems);
  const auto receivers = read_components(
      root, "receivers", {"host", "filelog", "journald", "syslog", "forward", "emf"},
      [&](const Node::Entry& entry) {
        if (is_graph_receiver(entry.key))
          read_graph_receiver(entry, file, out.graph, problems);
        else if (entry.key == "host")
          read_section(entry.value, file, "/receivers/host", out.options, problems);
        else
          return false;
        return true;
      },
      file, problems);
  const auto exporters = read_components(
      root, "exporters", {"store", "cloudwatch_logs", "discard"},
      [&](const Node::Entry& entry) {
        if (is_graph_exporter(entry.key)) {
          read_graph_exporter(entry, file, out.graph, problems);
        } else if (entry.key == "store") {
          Reader(entry.value, file, "/exporters/store", problems).finish();
          out.graph.exporters.push_back({entry.key, pipeline::StoreConfig{}});
        } else {
          return false;
        }
        return true;
      },
      file, problems);
  read_pipelines(root, receivers, exporters, file, out, problems);
  root.finish();
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return out;
}

std::string explain(const Configuration& configuration) {
  const ServerOptions& o = configuration.options;
  std::string out = fmt::format(
      "server: listens on {}:{}, data in {}, account {}, region {}, auth {}\n", o.listen.address,
      o.listen.port, o.data_directory, o.account, o.region, o.auth_open ? "open" : "strict");
  for (const PipelineSpec& pipeline : configuration.pipelines) {
    out += fmt::format("pipeline {}:", pipeline.name);
    for (const std::string& receiver : pipeline.receivers) {
      out += " " + receiver;
      if (receiver == "host") {
        out += fmt::format("(every {} s, first {} s every {} s, AWS/EC2 every {} s)",
                           o.host.interval_ms / 1000, o.host.fast_start_ms / 1000,
                           o.host.fast_interval_ms / 1000, o.host.detailed_monitoring ? 60 : 300);
      }
    }
    out += " ->";
    for (const std::string& exporter : pipeline.exporters) out += " " + exporter;
    out += '\n';
  }
  return out +
         pipeline::explain(configuration.graph, env::real_clock().wall_now().ns / env::kNsPerS);
}

std::string config_reference() {
  std::string out;
  std::string_view section;
  for (const ConfigKey& key : kKeys) {
    if (key.section != section) {
      section = key.section;
      out += fmt::format(
          "{}### `{}`\n\n| key | values | default | meaning |\n| --- | --- | --- | --- |\n",
          out.empty() ? "" : "\n", section.substr(1));
    }
    out += fmt::format("| `{}` | {} | {} | {} |\n", key.key, key.values,
                       key.otherwise.empty() ? "none" : key.otherwise, key.doc);
  }
  return out + graph_reference();
}

}  // namespace kansoku::app
