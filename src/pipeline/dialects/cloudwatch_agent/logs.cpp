#include "pipeline/dialects/cloudwatch_agent/logs.h"

#include "base/text/ascii.h"

namespace kansoku::pipeline::cloudwatch_agent {
namespace {

constexpr std::string_view kFilesPointer = "/logs/logs_collected/files/collect_list";
constexpr std::string_view kJournaldPointer = "/logs/logs_collected/journald/collect_list";
constexpr std::string_view kTimestampPattern = "{timestamp_format}";
// A line that begins with no blank begins an event, where the configuration names no pattern.
constexpr std::string_view kDefaultStartPattern = "^\\S";
// PutLogEvents takes 1 MiB; the agent keeps 200 bytes of it for itself.
constexpr int64_t kEventBytesMax = (1 << 20) - 200;
constexpr std::string_view kTruncatedSuffix = "[Truncated...]";
constexpr int64_t kReleaseBlockedMs = 3'000;
constexpr std::string_view kWildcards = "*?[]{},!\\";

// Settings of groups, one a group; what two entries want of one group must agree.
class Groups {
 public:
  explicit Groups(Findings& findings) : findings_(findings) {}

  void add(cloudwatch_logs::GroupSettings settings, wire::Position at, const std::string& pointer) {
    auto [known, fresh] = known_.try_emplace(lower_ascii(settings.group), list_.size(), at);
    if (fresh) {
      list_.push_back(std::move(settings));
      return;
    }
    cloudwatch_logs::GroupSettings& first = list_[known->second.first];
    if (settings.retention_days >= 1 && first.retention_days >= 1 &&
        settings.retention_days != first.retention_days) {
      conflict("retention_in_days", first.group, fmt::format("{}", settings.retention_days),
               fmt::format("{}", first.retention_days), at, known->second.second, pointer);
    }
    if (!settings.log_class.empty() && !first.log_class.empty() &&
        settings.log_class != first.log_class) {
      conflict("log_group_class", first.group, settings.log_class, first.log_class, at,
               known->second.second, pointer);
    }
    if (first.retention_days < 1) first.retention_days = settings.retention_days;
    if (first.log_class.empty()) first.log_class = settings.log_class;
  }

  std::vector<cloudwatch_logs::GroupSettings> take() {
    std::erase_if(list_, [](const cloudwatch_logs::GroupSettings& group) {
      return group.retention_days < 1 && group.log_class.empty();
    });
    return std::move(list_);
  }

 private:
  void conflict(std::string_view key, const std::string& group, const std::string& here,
                const std::string& there, wire::Position at, wire::Position first,
                const std::string& pointer) {
    findings_.problem(at, wire::join_pointer(pointer, key),
                      fmt::format("different values for group {}: {} here, {} at {}", quoted(group),
                                  here, there, findings_.place(first)));
  }

  Findings& findings_;
  std::vector<cloudwatch_logs::GroupSettings> list_;
  std::unordered_map<std::string, std::pair<size_t, wire::Position>> known_;
};

class LogsBuilder {
 public:
  LogsBuilder(const LogsSection& section, const LogsContext& context, GraphSpec& graph)
      : section_(section),
        context_(context),
        graph_(graph),
        names_(context.facts, graph.agent.region),
        groups_(context.findings) {}

  void run() {
    if (!section_.log_stream_name.empty()) {
      stream_ = names_.resolve(section_.log_stream_name, at(*section_.node, "log_stream_name"),
                               "/logs/log_stream_name", context_.findings);
    } else {
      stream_ = own_stream(context_.facts.in_container, section_.node->at, "/logs");
    }
    add_files();
    add_journald();
    add_emf();
    if (!pipeline_.receivers.empty()) add_exporter();
  }

 private:
  static wire::Position at(const Node& node, std::string_view key) {
    const Node* value = node.find(key);
    return value != nullptr ? value->at : node.at;
  }

  // The stream of what names none.
  std::string own_stream(bool in_container, wire::Position place, const std::string& pointer) {
    if (in_container && !context_.facts.container_stream.empty()) {
      std::string out = context_.facts.container_stream;
      std::ranges::replace(out, ':', '_');
      return out;
    }
    return names_.resolve(context_.mode == Mode::Ec2 ? "{instance_id}" : "{hostname}", place,
                          pointer, context_.findings);
  }

  // A name that stands beside those of configurations of other dialects.
  template <class Config>
  void add_receiver(std::string_view kind, Config config) {
    std::string name = named(kind);
    pipeline_.receivers.push_back(name);
    graph_.receivers.push_back({std::move(name), std::move(config)});
  }

  static std::string named(std::string_view kind) {
    return fmt::format("{}/cloudwatch_agent", kind);
  }

  std::string state_path(std::string_view name) const {
    const std::string& directory = context_.options.state_directory;
    return directory.empty() ? std::string() : fmt::format("{}/{}", directory, name);
  }

  // ---- files

  void add_files() {
    filelog::FilelogConfig config;
    config.state_path = state_path("filelog.state");
    std::map<std::string, int> times_of;
    const auto& list = section_.logs_collected.files.collect_list;
    for (size_t i = 0; i < list.size(); ++i) {
      filelog::SourceConfig source = file_source(list[i], fmt::format("{}/{}", kFilesPointer, i));
      // Two entries may read one file; the name of the first stays what it is without the second.
      if (int times = ++times_of[source.name]; times > 1) source.name += fmt::format("#{}", times);
      config.sources.push_back(std::move(source));
    }
    if (!config.sources.empty()) add_receiver("filelog", std::move(config));
  }

  filelog::SourceConfig file_source(const FileEntry& entry, const std::string& pointer) {
    filelog::SourceConfig out;
    out.name = entry.file_path;
    out.include = {entry.file_path};
    if (!entry.file_path.starts_with('/')) {
      context_.findings.notice(at(*entry.node, "file_path"), pointer + "/file_path",
                               fmt::format("{} is no absolute path of this system; no file will "
                                           "match",
                                           quoted(entry.file_path)));
    }
    if (!context_.options.state_directory.empty()) {
      out.exclude.push_back(context_.options.state_directory + "/**");
    }
    out.exclude_name_pattern = entry.blacklist;
    out.newest_only =
        !entry.publish_multi_logs && entry.file_path.find_first_of("*?[{") != std::string::npos;
    out.remove_finished = entry.auto_removal;
    out.charset = charset_of(entry.encoding).value_or(Charset::Utf8);
    out.event_bytes_max = kEventBytesMax;
    out.long_events = filelog::LongEvents::Truncate;
    out.truncated_suffix = kTruncatedSuffix;
    set_backpressure(entry, out);
    set_destination(entry, pointer, out);
    set_times(entry, pointer, out);
    for (size_t i = 0; i < entry.filters.size(); ++i) {
      const Filter& filter = entry.filters[i];
      out.filters.push_back(
          {fmt::format("filters/{}", i), filter.type == "include", filter.expression});
    }
    return out;
  }

  void set_backpressure(const FileEntry& entry, filelog::SourceConfig& out) {
    std::string mode = entry.backpressure_mode;
    if (mode.empty()) mode = context_.variables("CWAGENT_LOGS_BACKPRESSURE_MODE").value_or("");
    if (mode == "fd_release" && !entry.auto_removal) out.release_blocked_ms = kReleaseBlockedMs;
  }

  void set_destination(const FileEntry& entry, const std::string& pointer,
                       filelog::SourceConfig& out) {
    out.stream = entry.log_stream_name.empty()
                     ? stream_
                     : names_.resolve(entry.log_stream_name, at(*entry.node, "log_stream_name"),
                                      pointer + "/log_stream_name", context_.findings);
    const bool has_group = !entry.log_group_name.empty();
    cloudwatch_logs::GroupSettings group{
        .log_class = entry.log_group_class,
        .retention_days = static_cast<int>(entry.retention_in_days)};
    if (has_group) {
      out.group = names_.resolve(entry.log_group_name, at(*entry.node, "log_group_name"),
                                 pointer + "/log_group_name", context_.findings);
      group.group = out.group;
      if (entry.publish_multi_logs) out.stream += "_{file_path_flat}";
    } else if (entry.publish_multi_logs) {
      out.group = "{file_path_group}";
      group.group = group_from_path(entry.file_path, kWildcards);
      group.is_glob = true;
    } else {
      out.group = group_from_path(without_extension(entry.file_path));
      group.group = out.group;
    }
    groups_.add(std::move(group), entry.node->at, pointer);
  }

  static std::string_view without_extension(std::string_view path) {
    const size_t dot = path.rfind('.');
    const size_t slash = path.rfind('/');
    if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) {
      return path;
    }
    return path.substr(0, dot);
  }

  void set_times(const FileEntry& entry, const std::string& pointer, filelog::SourceConfig& out) {
    // The agent's own log would be read by its own format.
    const bool own_log = entry.file_path == graph_.agent.log_file;
    if (!own_log) out.timestamp_format = entry.timestamp_format;
    out.trim_timestamp = entry.trim_timestamp && !out.timestamp_format.empty();
    if (entry.timezone != "UTC") out.zone = context_.facts.local_zone;
    if (entry.multi_line_start_pattern != kTimestampPattern) {
      const std::string& pattern = entry.multi_line_start_pattern;
      out.multiline.start_pattern = pattern.empty() ? std::string(kDefaultStartPattern) : pattern;
      return;
    }
    out.multiline.start_is_timestamp = !out.timestamp_format.empty();
    if (out.multiline.start_is_timestamp) return;
    out.multiline.start_pattern = kDefaultStartPattern;
    context_.findings.notice(
        at(*entry.node, "multi_line_start_pattern"), pointer + "/multi_line_start_pattern",
        own_log ? "the agent's own log is not read by timestamp_format; a line that begins with no "
                  "blank begins an event"
                : "there is no timestamp_format; a line that begins with no blank begins an event");
  }

  // ---- journald

  void add_journald() {
    journald::JournaldConfig config;
    config.state_path = state_path("journald.state");
    std::map<std::string, int> times_of;
    const auto& list = section_.logs_collected.journald.collect_list;
    for (size_t i = 0; i < list.size(); ++i) {
      auto source = journald_source(list[i], fmt::format("{}/{}", kJournaldPointer, i));
      if (int times = ++times_of[source.name]; times > 1) source.name += fmt::format("#{}", times);
      config.sources.push_back(std::move(source));
    }
    if (!config.sources.empty()) add_receiver("journald", std::move(config));
  }

  journald::SourceConfig journald_source(const JournaldEntry& entry, const std::string& pointer) {
    journald::SourceConfig out;
    out.group = names_.resolve(entry.log_group_name, at(*entry.node, "log_group_name"),
                               pointer + "/log_group_name", context_.findings);
    out.stream = entry.log_stream_name.empty()
                     ? own_stream(false, entry.node->at, pointer)
                     : names_.resolve(entry.log_stream_name, at(*entry.node, "log_stream_name"),
                                      pointer + "/log_stream_name", context_.findings);
    out.name = fmt::format("{} {}", out.group, out.stream);
    out.units = entry.units;
    out.priority_max = journald_priority(entry.priority).value_or(out.priority_max);
    out.matches = entry.matches;
    out.filters = journald_filters(entry.filters);
    groups_.add({.group = out.group,
                 .log_class = entry.log_group_class,
                 .retention_days = static_cast<int>(entry.retention_in_days)},
                entry.node->at, pointer);
    return out;
  }

  // One of the includes has to match, so that they are one rule; each exclude is one.
  static std::vector<pipeline::FilterRule> journald_filters(const std::vector<Filter>& filters) {
    std::vector<pipeline::FilterRule> out;
    std::string includes;
    for (size_t i = 0; i < filters.size(); ++i) {
      if (filters[i].type == "include") {
        includes += fmt::format("{}(?:{})", includes.empty() ? "" : "|", filters[i].expression);
      } else {
        out.push_back({fmt::format("filters/{}", i), false, filters[i].expression});
      }
    }
    if (!includes.empty()) out.insert(out.begin(), {"includes", true, std::move(includes)});
    return out;
  }

  // ---- emf

  void add_emf() {
    const LogsMetrics& metrics = section_.metrics_collected;
    const auto& entry = metrics.emf ? metrics.emf : metrics.structuredlog;
    if (!entry) return;
    if (metrics.emf && metrics.structuredlog &&
        metrics.emf->service_address != metrics.structuredlog->service_address) {
      context_.findings.problem(
          metrics.structuredlog->node->at, "/logs/metrics_collected/structuredlog",
          fmt::format("structuredlog is another name of emf, and differs from it at {}",
                      context_.findings.place(metrics.emf->node->at)));
      return;
    }
    emf_listener::EmfConfig config;
    config.address = "0.0.0.0";
    if (auto address = emf_address(entry->service_address)) {
      config.address = address->address;
      config.port = address->port;
      config.tcp = address->tcp;
      config.udp = address->udp;
    }
    config.stream = stream_;
    config.insecure = true;  // as the agent, whose default is every address
    add_receiver("emf", std::move(config));
  }

  // ---- exporter

  void add_exporter() {
    cloudwatch_logs::CloudWatchLogsConfig config;
    config.region = graph_.agent.region;
    config.endpoint = section_.endpoint_override;
    if (!config.endpoint.empty() && config.endpoint.find("://") == std::string::npos) {
      config.endpoint = "https://" + config.endpoint;
    }
    config.role_arn = section_.credentials.role_arn.empty() ? graph_.agent.role_arn
                                                            : section_.credentials.role_arn;
    config.groups = groups_.take();
    config.flush_interval_ms = section_.force_flush_interval * 1'000;
    config.concurrency = static_cast<int>(std::min<int64_t>(section_.concurrency, 1'000'000));
    config.user_agent = graph_.agent.user_agent;
    const std::string name = named("cloudwatch_logs");
    graph_.exporters.push_back({name, std::move(config)});
    pipeline_.name = named("logs");
    pipeline_.signal = SignalKind::Logs;
    pipeline_.exporters = {name};
    graph_.pipelines.push_back(std::move(pipeline_));
  }

  const LogsSection& section_;
  const LogsContext& context_;
  GraphSpec& graph_;
  HostNames names_;
  Groups groups_;
  std::string stream_;  // of what names none
  PipelineSpec pipeline_;
};

}  // namespace

void add_logs(const LogsSection& section, const LogsContext& context, GraphSpec& graph) {
  LogsBuilder(section, context, graph).run();
}

}  // namespace kansoku::pipeline::cloudwatch_agent
