#include "pipeline/graph/explain.h"

#include <cstdlib>

namespace kansoku::pipeline {
namespace {

constexpr std::array<std::string_view, 8> kPriorities{"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};
constexpr std::array<std::string_view, 5> kCharsets{"utf-8", "utf-16le", "utf-16be", "iso-8859-1",
                                                    "windows-1252"};

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += between;
    out += part;
  }
  return out;
}

std::string seconds(int64_t ms) {
  return ms % 1'000 == 0 ? fmt::format("{} s", ms / 1'000) : fmt::format("{} ms", ms);
}

std::string offset(const Zone& zone, int64_t now_s) {
  const int32_t s = zone.offset_s(now_s);
  if (s == 0) return "UTC";
  return fmt::format("UTC{}{:02}:{:02}", s < 0 ? '-' : '+', std::abs(s) / 3'600,
                     std::abs(s) / 60 % 60);
}

class Explained {
 public:
  explicit Explained(int64_t now_s) : now_s_(now_s) {}

  std::string take() { return std::move(out_); }

  void agent(const AgentSettings& s) {
    line(0, "agent: region {}, log {} at level {}{}{}",
         s.region.empty() ? "found at start" : s.region,
         s.log_file.empty() ? "on stderr" : s.log_file, s.log_level.empty() ? "info" : s.log_level,
         s.run_as_user.empty() ? "" : ", runs as " + s.run_as_user,
         s.dual_stack ? ", endpoints with IPv4 and IPv6" : "");
    std::vector<std::string> parts;
    if (!s.role_arn.empty()) parts.push_back("role " + s.role_arn);
    if (!s.profile.empty()) {
      parts.push_back(
          fmt::format("profile {}{}", s.profile, s.profile_is_default ? " where it exists" : ""));
    }
    if (!s.credentials_file.empty()) parts.push_back("file " + s.credentials_file);
    if (!parts.empty()) line(1, "credentials: {}", joined(parts, ", "));
    parts.clear();
    if (!s.http_proxy.empty()) parts.push_back("http " + s.http_proxy);
    if (!s.https_proxy.empty()) parts.push_back("https " + s.https_proxy);
    if (!s.no_proxy.empty()) parts.push_back("none for " + s.no_proxy);
    if (!parts.empty()) line(1, "proxies: {}", joined(parts, ", "));
    if (!s.ca_bundle_file.empty()) line(1, "servers are checked against {}", s.ca_bundle_file);
  }

  void receiver(const ReceiverSpec& spec) {
    std::visit([&](const auto& config) { this->config(spec.name, config); }, spec.config);
  }
  void exporter(const ExporterSpec& spec) {
    std::visit([&](const auto& config) { this->config(spec.name, config); }, spec.config);
  }
  void pipeline(const PipelineSpec& spec) {
    line(0, "pipeline {}: {} -> {}", spec.name, joined(spec.receivers, ", "),
         joined(spec.exporters, ", "));
  }

 private:
  template <class... Args>
  void line(size_t depth, fmt::format_string<Args...> format, Args&&... args) {
    out_.append(2 * depth, ' ');
    out_ += fmt::format(format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  void destination(const std::string& group, const std::string& stream) {
    line(2, "to group {}, stream {}", group, stream);
  }

  void filters(const std::vector<pipeline::FilterRule>& rules) {
    for (const pipeline::FilterRule& rule : rules) {
      line(2, "{} events that match {}", rule.include ? "only" : "without", rule.pattern);
    }
  }

  void saved_state(const std::string& path) {
    if (!path.empty()) line(1, "what was read is remembered in {}", path);
  }

  void config(const std::string& name, const filelog::FilelogConfig& config) {
    line(0, "receiver {}: log files", name);
    saved_state(config.state_path);
    for (const filelog::SourceConfig& source : config.sources) file(source);
  }

  void file(const filelog::SourceConfig& s) {
    line(1, "{}", joined(s.include, " "));
    std::vector<std::string> rules;
    if (s.newest_only) rules.emplace_back("of those that match the one that changed last");
    if (!s.exclude.empty()) rules.push_back("without " + joined(s.exclude, " "));
    if (!s.exclude_name_pattern.empty()) {
      rules.push_back("without names that match " + s.exclude_name_pattern);
    }
    rules.emplace_back(s.start_at == filelog::StartAt::End ? "from the end on"
                                                           : "from the beginning");
    if (s.remove_finished) rules.emplace_back("finished files are deleted");
    if (s.release_blocked_ms > 0) {
      rules.push_back(
          fmt::format("closed while nothing can be sent for {}", seconds(s.release_blocked_ms)));
    }
    line(2, "{}", joined(rules, "; "));
    destination(s.group, s.stream);
    event(s);
    if (s.timestamp_format.empty()) {
      line(2, "time: when it is read");
    } else {
      line(2, "time: {}, without an offset {}{}", s.timestamp_format, offset(s.zone, now_s_),
           s.trim_timestamp ? ", cut from the text" : "");
    }
    if (s.charset != Charset::Utf8) {
      line(2, "encoding: {}", kCharsets.at(static_cast<size_t>(s.charset)));
    }
    filters(s.filters);
  }

  void event(const filelog::SourceConfig& s) {
    std::string begin = "each line";
    if (!s.multiline.start_pattern.empty()) {
      begin = "begins with a line that matches " + s.multiline.start_pattern;
    } else if (s.multiline.start_is_timestamp) {
      begin = "begins with a line that has a timestamp";
    } else if (!s.multiline.continuation_pattern.empty()) {
      begin = "goes on with lines that match " + s.multiline.continuation_pattern;
    }
    line(2, "event: {}; ends after {} of silence; over {} bytes {}", begin, seconds(s.flush_ms),
         s.event_bytes_max, s.long_events == filelog::LongEvents::Split ? "split" : "cut");
  }

  void config(const std::string& name, const journald::JournaldConfig& config) {
    line(0, "receiver {}: the journal of systemd, {}", name,
         config.from_beginning ? "from its beginning" : "from now on");
    saved_state(config.state_path);
    for (const journald::SourceConfig& s : config.sources) {
      line(1, "{}, {} and more severe",
           s.units.empty() ? "all units" : "units " + joined(s.units, " "),
           kPriorities.at(static_cast<size_t>(std::clamp(s.priority_max, 0, 7))));
      std::vector<std::string> alternatives;
      for (const auto& match : s.matches) {
        std::vector<std::string> fields;
        for (const auto& [field, value] : match) fields.push_back(field + "=" + value);
        alternatives.push_back(joined(fields, " and "));
      }
      if (!alternatives.empty()) line(2, "where {}", joined(alternatives, ", or "));
      destination(s.group, s.stream);
      filters(s.filters);
    }
  }

  void config(const std::string& name, const emf_listener::EmfConfig& config) {
    line(0, "receiver {}: embedded metric format on {}:{} by {}", name, config.address, config.port,
         config.tcp && config.udp ? "tcp and udp" : (config.tcp ? "tcp" : "udp"));
    line(1, "to the group and stream of the document, else group {}, stream {}", config.group,
         config.stream);
  }

  void config(const std::string& name, const syslog::SyslogConfig& config) {
    const std::string_view tcp = config.tls.certificate.empty() ? "TCP" : "TLS";
    line(0, "receiver {}: syslog on {}:{} by {}{}{}", name, config.address, config.port,
         config.udp ? "UDP" : "", config.udp && config.tcp ? " and " : "", config.tcp ? tcp : "");
    destination(config.group, config.stream);
  }

  void config(const std::string& name, const forward::ForwardConfig& config) {
    line(0, "receiver {}: Fluent forward on {}:{} by {}{}", name, config.address, config.port,
         config.tls.certificate.empty() ? "TCP" : "TLS",
         config.shared_key.empty() ? "" : ", with a shared key");
    destination(config.group, config.stream);
  }

  void config(const std::string& name, const StoreConfig&) {
    line(0, "exporter {}: into the store of this server", name);
  }
  void config(const std::string& name, const DiscardConfig&) {
    line(0, "exporter {}: nothing is kept", name);
  }

  void config(const std::string& name, const cloudwatch_logs::CloudWatchLogsConfig& config) {
    line(0, "exporter {}: PutLogEvents to {}, region {}", name,
         config.endpoint.empty() ? "the region's endpoint" : config.endpoint,
         config.region.empty() ? "found at start" : config.region);
    line(1, "events wait {} at most; {} {} in flight{}", seconds(config.flush_interval_ms),
         config.concurrency, config.concurrency == 1 ? "request" : "requests",
         config.gzip ? ", by gzip" : "");
    if (!config.role_arn.empty()) line(1, "role {}", config.role_arn);
    for (const cloudwatch_logs::GroupSettings& group : config.groups) {
      line(1, "{} {}: class {}, retention {}", group.is_glob ? "groups" : "group", group.group,
           group.log_class.empty() ? "as the service has it" : group.log_class,
           group.retention_days < 1 ? "left as it is"
                                    : fmt::format("{} days", group.retention_days));
    }
  }

  int64_t now_s_;
  std::string out_;
};

}  // namespace

std::string explain(const GraphSpec& graph, int64_t now_s) {
  Explained out(now_s);
  // Its settings are for what is sent elsewhere.
  const bool sends = std::ranges::any_of(graph.exporters, [](const ExporterSpec& spec) {
    return std::holds_alternative<cloudwatch_logs::CloudWatchLogsConfig>(spec.config);
  });
  if (sends) out.agent(graph.agent);
  for (const ReceiverSpec& spec : graph.receivers) out.receiver(spec);
  for (const ExporterSpec& spec : graph.exporters) out.exporter(spec);
  for (const PipelineSpec& spec : graph.pipelines) out.pipeline(spec);
  return out.take();
}

}  // namespace kansoku::pipeline
