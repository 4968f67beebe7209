#include "app/listener_keys.h"

#include <algorithm>
#include <charconv>

#include "app/config_members.h"

namespace kansoku::app {
namespace {

using pipeline::ReceiverSpec;
using pipeline::emf_listener::EmfConfig;
using pipeline::forward::ForwardConfig;
using pipeline::syslog::SyslogConfig;

constexpr std::array<std::string_view, 3> kKinds{"syslog", "forward", "emf"};

template <class Config>
void read_listen(Reader& reader, std::string_view key, Config& config) {
  auto text = reader.text(key);
  if (!text) return;
  if (auto parsed = parse_listen(*text)) {
    config.address = parsed->address;
    config.port = parsed->port;
  } else {
    reader.problem(key, parsed.error().message);
  }
}

void read_tls(Reader& reader, std::string_view key, net::TlsFiles& tls) {
  const Node* node = reader.mapping(key);
  if (node == nullptr) return;
  const std::array<std::pair<std::string_view, std::string*>, 3> members{
      {{"certificate", &tls.certificate}, {"key", &tls.key}, {"client_ca", &tls.client_ca}}};
  for (const Node::Entry& entry : node->entries) {
    const auto member =
        std::ranges::find(members, entry.key, &std::pair<std::string_view, std::string*>::first);
    if (member == members.end())
      reader.problem(key, fmt::format("tls has no {}", quoted(entry.key)));
    else
      *member->second = entry.value.scalar;
  }
  if (tls.certificate.empty() || tls.key.empty())
    reader.problem(key, "certificate and key go together");
}

void read_users(Reader& reader, std::string_view key, std::map<std::string, std::string>& users) {
  const Node* node = reader.mapping(key);
  if (node == nullptr) return;
  for (const Node::Entry& entry : node->entries) users[entry.key] = entry.value.scalar;
}

const Member<SyslogConfig> kSyslogMembers[] = {
    {"listen", "ADDR:PORT", "127.0.0.1:5514", "UDP and TCP; port 0 picks a free one",
     [](Reader& r, std::string_view k, SyslogConfig& c) { read_listen(r, k, c); }},
    {"udp", "true, false", "true", "takes datagrams",
     [](Reader& r, std::string_view k, SyslogConfig& c) { c.udp = r.boolean(k).value_or(true); }},
    {"tcp", "true, false", "true", "takes streams, framed by lines or by counts of octets",
     [](Reader& r, std::string_view k, SyslogConfig& c) { c.tcp = r.boolean(k).value_or(true); }},
    {"tls", "{certificate, key, client_ca}", "",
     "streams are TLS only; with client_ca clients must show a certificate of it; SIGHUP",
     [](Reader& r, std::string_view k, SyslogConfig& c) { read_tls(r, k, c.tls); }},
    {"group", "text", "/kansoku/syslog",
     "log group; `{hostname}`, `{app_name}`, `{facility}`, `{severity}`, `{peer}` are replaced",
     [](Reader& r, std::string_view k, SyslogConfig& c) {
       if (auto v = r.text(k)) c.group = *v;
     }},
    {"stream", "text", "{hostname}", "log stream; replaced as in `group`",
     [](Reader& r, std::string_view k, SyslogConfig& c) {
       if (auto v = r.text(k)) c.stream = *v;
     }},
    {"timezone", "name, local", "UTC", "of times without an offset",
     [](Reader& r, std::string_view k, SyslogConfig& c) { read_zone(r, k, c.zone); }},
    {"message_bytes", "size, 1KiB to 8MiB", "64KiB",
     "of a message of a stream; longer lines are split",
     [](Reader& r, std::string_view k, SyslogConfig& c) {
       if (auto v = r.bytes(k, 1'024, 8 << 20)) c.message_bytes_max = *v;
     }},
    {"connections", "1 to 100000", "1000", "streams at a time",
     [](Reader& r, std::string_view k, SyslogConfig& c) {
       if (auto v = r.integer(k, 1, 100'000)) c.connections_max = *v;
     }},
    {"insecure", "true, false", "false",
     "listens beyond loopback also for senders that prove nothing",
     [](Reader& r, std::string_view k, SyslogConfig& c) {
       c.insecure = r.boolean(k).value_or(false);
     }},
};

const Member<ForwardConfig> kForwardMembers[] = {
    {"listen", "ADDR:PORT", "127.0.0.1:24224", "port 0 picks a free one",
     [](Reader& r, std::string_view k, ForwardConfig& c) { read_listen(r, k, c); }},
    {"tls", "{certificate, key, client_ca}", "",
     "TLS only; with client_ca clients must show a certificate of it; SIGHUP",
     [](Reader& r, std::string_view k, ForwardConfig& c) { read_tls(r, k, c.tls); }},
    {"shared_key", "text", "", "that senders must know",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       c.shared_key = r.text(k).value_or("");
     }},
    {"users", "{name: password}", "", "of which senders must be one",
     [](Reader& r, std::string_view k, ForwardConfig& c) { read_users(r, k, c.users); }},
    {"hostname", "text", "kansoku", "as the handshake names this server",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       if (auto v = r.text(k)) c.hostname = *v;
     }},
    {"group", "text", "/kansoku/forward", "log group; `{tag}`, `{peer}` are replaced",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       if (auto v = r.text(k)) c.group = *v;
     }},
    {"stream", "text", "{tag}", "log stream; replaced as in `group`",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       if (auto v = r.text(k)) c.stream = *v;
     }},
    {"message_bytes", "size, 1KiB to 256MiB", "16MiB", "of a message as it comes",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       if (auto v = r.bytes(k, 1'024, 256 << 20)) c.message_bytes_max = *v;
     }},
    {"expanded_bytes", "size, 1KiB to 1GiB", "64MiB", "of one that was compressed",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       if (auto v = r.bytes(k, 1'024, 1 << 30)) c.expanded_bytes_max = *v;
     }},
    {"connections", "1 to 100000", "1000", "at a time",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       if (auto v = r.integer(k, 1, 100'000)) c.connections_max = *v;
     }},
    {"insecure", "true, false", "false",
     "listens beyond loopback also for senders that prove nothing",
     [](Reader& r, std::string_view k, ForwardConfig& c) {
       c.insecure = r.boolean(k).value_or(false);
     }},
};

const Member<EmfConfig> kEmfMembers[] = {
    {"listen", "ADDR:PORT", "127.0.0.1:25888", "UDP and TCP; port 0 picks a free one",
     [](Reader& r, std::string_view k, EmfConfig& c) { read_listen(r, k, c); }},
    {"udp", "true, false", "true", "takes datagrams",
     [](Reader& r, std::string_view k, EmfConfig& c) { c.udp = r.boolean(k).value_or(true); }},
    {"tcp", "true, false", "true", "takes streams, a document a line",
     [](Reader& r, std::string_view k, EmfConfig& c) { c.tcp = r.boolean(k).value_or(true); }},
    {"group", "text", "emf/logs/default", "log group of documents that name none",
     [](Reader& r, std::string_view k, EmfConfig& c) {
       if (auto v = r.text(k)) c.group = *v;
     }},
    {"stream", "text", "the name of this host", "log stream of documents that name none",
     [](Reader& r, std::string_view k, EmfConfig& c) {
       if (auto v = r.text(k)) c.stream = *v;
     }},
    {"connections", "1 to 100000", "1000", "streams at a time",
     [](Reader& r, std::string_view k, EmfConfig& c) {
       if (auto v = r.integer(k, 1, 100'000)) c.connections_max = *v;
     }},
    {"insecure", "true, false", "false", "listens beyond loopback; senders cannot prove anything",
     [](Reader& r, std::string_view k, EmfConfig& c) {
       c.insecure = r.boolean(k).value_or(false);
     }},
};

bool is_kind(std::string_view name, std::string_view kind) {
  return name == kind || (name.starts_with(kind) && name.substr(kind.size()).starts_with('/'));
}

ReceiverSpec default_listener(std::string_view kind) {
  ReceiverSpec out{.name = std::string(kind), .config = SyslogConfig{}};
  if (kind == "forward") out.config = ForwardConfig{};
  if (kind == "emf") out.config = EmfConfig{.stream = "{host_name}"};
  return out;
}

// A listener that the configuration does not have, with a pipeline of its own into the store.
void add_listener(pipeline::GraphSpec& graph, ReceiverSpec receiver) {
  const auto is_store = [](const pipeline::ExporterSpec& e) { return e.name == "store"; };
  if (std::ranges::none_of(graph.exporters, is_store))
    graph.exporters.push_back({"store", pipeline::StoreConfig{}});
  graph.pipelines.push_back(
      {"logs/" + receiver.name, pipeline::SignalKind::Logs, {receiver.name}, {"store"}});
  graph.receivers.push_back(std::move(receiver));
}

void remove_listener(pipeline::GraphSpec& graph, std::string_view name) {
  std::erase_if(graph.receivers, [&](const ReceiverSpec& r) { return r.name == name; });
  for (pipeline::PipelineSpec& pipeline : graph.pipelines) std::erase(pipeline.receivers, name);
  std::erase_if(graph.pipelines, [](const auto& pipeline) { return pipeline.receivers.empty(); });
}

void set_port(ReceiverSpec& receiver, uint16_t port) {
  receiver.optional = false;
  if (auto* syslog = std::get_if<SyslogConfig>(&receiver.config)) syslog->port = port;
  if (auto* forward = std::get_if<ForwardConfig>(&receiver.config)) forward->port = port;
  if (auto* emf = std::get_if<EmfConfig>(&receiver.config)) emf->port = port;
}

}  // namespace

bool is_listener(std::string_view name) {
  return std::ranges::any_of(kKinds, [&](std::string_view kind) { return is_kind(name, kind); });
}

ReceiverSpec read_listener(const Node::Entry& entry, const std::string& file,
                           std::vector<Problem>& problems) {
  const std::string pointer = "/receivers/" + wire::escape_pointer(entry.key);
  ReceiverSpec out{.name = entry.key, .config = SyslogConfig{}};
  if (is_kind(entry.key, "forward")) {
    ForwardConfig config;
    read_members(entry.value, file, pointer, kForwardMembers, config, problems);
    out.config = std::move(config);
  } else if (is_kind(entry.key, "emf")) {
    EmfConfig config{.stream = "{host_name}"};
    read_members(entry.value, file, pointer, kEmfMembers, config, problems);
    if (!config.udp && !config.tcp)
      problems.push_back({file, entry.key_at, pointer, "needs udp or tcp"});
    out.config = std::move(config);
  } else {
    SyslogConfig config;
    read_members(entry.value, file, pointer, kSyslogMembers, config, problems);
    if (!config.udp && !config.tcp)
      problems.push_back({file, entry.key_at, pointer, "needs udp or tcp"});
    out.config = std::move(config);
  }
  if (Status good = check_listener(out); !good)
    problems.push_back({file, entry.key_at, pointer, good.error().message});
  return out;
}

std::string listener_reference() {
  return reference_of("receivers/syslog/NAME", kSyslogMembers) +
         reference_of("receivers/forward/NAME", kForwardMembers) +
         reference_of("receivers/emf/NAME", kEmfMembers);
}

void apply_listener_ports(Configuration& configuration, bool defaults) {
  pipeline::GraphSpec& graph = configuration.graph;
  for (const std::string_view kind : kKinds) {
    const auto asked = configuration.options.ports.find(std::string(kind));
    const auto is_named = [&](const ReceiverSpec& r) { return r.name == kind; };
    auto found = std::ranges::find_if(graph.receivers, is_named);
    if (asked == configuration.options.ports.end()) {
      if (!defaults || found != graph.receivers.end()) continue;
      ReceiverSpec receiver = default_listener(kind);
      receiver.optional = true;
      add_listener(graph, std::move(receiver));
    } else if (asked->second == "off") {
      remove_listener(graph, kind);
    } else {
      if (found == graph.receivers.end()) {
        add_listener(graph, default_listener(kind));
        found = std::prev(graph.receivers.end());
      }
      uint16_t port = 0;
      std::from_chars(asked->second.data(), asked->second.data() + asked->second.size(), port);
      set_port(*found, port);
    }
  }
}

const std::string* listener_address(const ReceiverSpec& receiver) {
  if (const auto* syslog = std::get_if<SyslogConfig>(&receiver.config)) return &syslog->address;
  if (const auto* forward = std::get_if<ForwardConfig>(&receiver.config)) return &forward->address;
  if (const auto* emf = std::get_if<EmfConfig>(&receiver.config)) return &emf->address;
  return nullptr;
}

Status check_listener(const ReceiverSpec& receiver) {
  const std::string* address = listener_address(receiver);
  if (address == nullptr || is_loopback(*address)) return {};
  if (const auto* c = std::get_if<SyslogConfig>(&receiver.config)) {
    if (c->insecure || (!c->tls.client_ca.empty() && !c->udp)) return {};
    return invalid_argument(
        "beyond loopback anybody could write: set tls with client_ca and udp: false, or insecure: "
        "true");
  }
  if (const auto* c = std::get_if<EmfConfig>(&receiver.config)) {
    if (c->insecure) return {};
    return invalid_argument("beyond loopback anybody could write: set insecure: true");
  }
  const auto& c = std::get<ForwardConfig>(receiver.config);
  if (c.insecure || !c.shared_key.empty() || !c.tls.client_ca.empty()) return {};
  return invalid_argument(
      "beyond loopback anybody could write: set shared_key, tls with client_ca, or insecure: true");
}

}  // namespace kansoku::app
