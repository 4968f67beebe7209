#include "pipeline/dialects/cloudwatch_agent/sections.h"

#include "base/regex/regex.h"
#include "base/text/charset.h"
#include "base/time/time_format.h"

namespace kansoku::pipeline::cloudwatch_agent {
namespace {

// One day and two; what an interval in seconds may be at most.
constexpr int64_t kIntervalMax = 172'800;
constexpr std::string_view kTimestampPattern = "{timestamp_format}";
constexpr std::string_view kPriorities = "emerg alert crit err warning notice info debug";
constexpr std::string_view kPriorityWords =
    "emerg alert crit err warning notice info debug 0 1 2 3 4 5 6 7";
constexpr std::array<int64_t, 23> kRetentionDays{-1,   1,    3,    5,    7,    14,   30,  60,
                                                 90,   120,  150,  180,  365,  400,  545, 731,
                                                 1096, 1827, 2192, 2557, 2922, 3288, 3653};

std::optional<std::string> check_regex(const std::string& text) {
  auto regex = Regex::compile_search(text);
  if (regex) return std::nullopt;
  return regex.error().to_string();
}

std::optional<std::string> check_start_pattern(const std::string& text) {
  return text == kTimestampPattern ? std::nullopt : check_regex(text);
}

std::optional<std::string> check_timestamp(const std::string& text) {
  std::string why;
  if (TimeFormat::compile(text, &why)) return std::nullopt;
  return fmt::format("{} is no format of timestamps: {}", quoted(text), why);
}

std::optional<std::string> check_encoding(const std::string& text) {
  if (text.empty() || charset_of(text)) return std::nullopt;
  return fmt::format(
      "no encoding {} here; there are utf-8, utf-16le, utf-16be, iso-8859-1 and "
      "windows-1252",
      quoted(text));
}

// Shorter than 20 characters only where it is one variable as a whole.
std::optional<std::string> check_role(const std::string& text) {
  const bool variable = text.starts_with("${") && text.find('}') == text.size() - 1;
  if (text.size() >= 20 || variable) return std::nullopt;
  return fmt::format("{} has {} characters, allowed are 20 to 2048, or one ${{VARIABLE}}",
                     quoted(text), text.size());
}

std::optional<std::string> check_address(const std::string& text) {
  if (emf_address(text)) return std::nullopt;
  return fmt::format("{} is no address; write udp://HOST:PORT or tcp://HOST:PORT", quoted(text));
}

constexpr std::string_view kMetricsDoc = "of metrics, which are not collected yet";
constexpr std::string_view kEntityDoc = "entities are not sent";

const Member kCredentials[] = {
    {.key = "role_arn",
     .max = 2048,
     .check = check_role,
     .set = put<&Credentials::role_arn>,
     .doc = "role assumed by STS with the credentials that were found; at least 20 characters, or "
            "one `${VARIABLE}`"},
};
constexpr Section kCredentialsSection{"*/credentials", kCredentials};

const Member kAgent[] = {
    {.key = "region",
     .min = 1,
     .max = 64,
     .set = put<&AgentSection::region>,
     .otherwise = "profile, instance or task metadata",
     .doc = "region of the endpoints"},
    {.key = "credentials",
     .shape = Shape::Object,
     .section = &kCredentialsSection,
     .set = put<&AgentSection::credentials>,
     .doc = "for all destinations, unless a section has its own"},
    {.key = "logfile",
     .max = 4096,
     .set = put<&AgentSection::logfile>,
     .otherwise = "/opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log; in "
                  "containers empty",
     .doc = "log of the agent itself; empty: stderr"},
    {.key = "debug",
     .shape = Shape::Boolean,
     .set = put<&AgentSection::debug>,
     .otherwise = "false",
     .doc = "log level debug"},
    {.key = "quiet",
     .shape = Shape::Boolean,
     .set = put<&AgentSection::quiet>,
     .otherwise = "false",
     .doc = "log level error"},
    {.key = "hostname",
     .set = put<&AgentSection::hostname>,
     .otherwise = "HOST_NAME, else the operating system's",
     .doc = "name of this host"},
    {.key = "run_as_user",
     .set = put<&AgentSection::run_as_user>,
     .otherwise = "root",
     .doc = "user to run as; must exist"},
    {.key = "user_agent",
     .set = put<&AgentSection::user_agent>,
     .otherwise = "CWAGENT_USER_AGENT, else kansoku's own",
     .doc = "User-Agent of requests"},
    {.key = "use_dualstack_endpoint",
     .shape = Shape::Boolean,
     .set = put<&AgentSection::use_dualstack_endpoint>,
     .otherwise = "AWS_USE_DUALSTACK_ENDPOINT, else false",
     .doc = "endpoints with IPv4 and IPv6"},
    {.key = "metrics_collection_interval",
     .use = Use::Inert,
     .shape = Shape::Integer,
     .min = 1,
     .max = kIntervalMax,
     .otherwise = "60",
     .doc = kMetricsDoc},
    {.key = "omit_hostname",
     .use = Use::Inert,
     .shape = Shape::Boolean,
     .otherwise = "false",
     .doc = kMetricsDoc},
    {.key = "aws_sdk_log_level", .use = Use::Inert, .doc = "there is no SDK of AWS inside"},
    {.key = "usage_data",
     .use = Use::Inert,
     .shape = Shape::Boolean,
     .otherwise = "true",
     .doc = "usage is never reported"},
    {.key = "usage_metadata",
     .use = Use::Inert,
     .shape = Shape::List,
     .doc = "usage is never reported"},
    {.key = "service.name", .use = Use::Inert, .min = 1, .max = 255, .doc = kEntityDoc},
    {.key = "deployment.environment", .use = Use::Inert, .min = 1, .max = 259, .doc = kEntityDoc},
    {.key = "internal",
     .use = Use::Inert,
     .shape = Shape::Boolean,
     .otherwise = "false",
     .doc = kMetricsDoc},
    {.key = "metric_batch_size",
     .use = Use::Inert,
     .shape = Shape::Any,
     .doc = "batches are as large as their receiver allows"},
    {.key = "metric_buffer_limit",
     .use = Use::Inert,
     .shape = Shape::Any,
     .doc = "nothing is dropped for want of a buffer"},
    {.key = "flush_interval",
     .use = Use::Inert,
     .shape = Shape::Any,
     .doc = "`force_flush_interval` of the section holds"},
    {.key = "collection_jitter", .use = Use::Inert, .shape = Shape::Any, .doc = kMetricsDoc},
    {.key = "flush_jitter", .use = Use::Inert, .shape = Shape::Any, .doc = kMetricsDoc},
    {.key = "precision", .use = Use::Inert, .shape = Shape::Any, .doc = kMetricsDoc},
    {.key = "round_interval", .use = Use::Inert, .shape = Shape::Any, .doc = kMetricsDoc},
};
constexpr Section kAgentSection{"/agent", kAgent, true};

const Member kFilter[] = {
    {.key = "type",
     .words = "include exclude",
     .required = true,
     .set = put<&Filter::type>,
     .doc = "include passes what matches only, exclude what does not match"},
    {.key = "expression",
     .check = check_regex,
     .required = true,
     .set = put<&Filter::expression>,
     .doc = "regular expression (RE2), found anywhere in the event"},
};
constexpr Section kFilterSection{"*/filters/*", kFilter};

const Member kFile[] = {
    {.key = "file_path",
     .max = 4096,
     .required = true,
     .set = put<&FileEntry::file_path>,
     .doc = "glob: `*`, `?`, `[...]` within a level, `**` over levels, `{a,b}`"},
    {.key = "blacklist",
     .check = check_regex,
     .set = put<&FileEntry::blacklist>,
     .doc = "regular expression; files whose name it matches are left alone"},
    {.key = "publish_multi_logs",
     .shape = Shape::Boolean,
     .set = put<&FileEntry::publish_multi_logs>,
     .otherwise = "false",
     .doc = "true: all files that match; false: the one that changed last (others are read to "
            "their end)"},
    {.key = "log_group_name",
     .min = 1,
     .max = 512,
     .set = put<&FileEntry::log_group_name>,
     .otherwise = "the path without its last extension",
     .doc = "with placeholders; what a group's name may not hold becomes `_` in the default"},
    {.key = "log_stream_name",
     .min = 1,
     .max = 512,
     .set = put<&FileEntry::log_stream_name>,
     .otherwise = "the section's",
     .doc = "with `publish_multi_logs` and a group: followed by `_` and the path with `_` for `/`"},
    {.key = "log_group_class",
     .words = "STANDARD INFREQUENT_ACCESS",
     .set = put<&FileEntry::log_group_class>,
     .otherwise = "STANDARD",
     .doc = "of a group that has to be created"},
    {.key = "retention_in_days",
     .shape = Shape::Integer,
     .numbers = kRetentionDays,
     .set = put<&FileEntry::retention_in_days>,
     .otherwise = "-1",
     .doc = "-1: left as it is"},
    {.key = "timestamp_format",
     .check = check_timestamp,
     .set = put<&FileEntry::timestamp_format>,
     .otherwise = "the time of reading",
     .doc = "percent codes, searched anywhere; also `%s` `%L` `%e` `%T` `%F` `%%`. Not used for "
            "the agent's own log"},
    {.key = "timezone",
     .words = "UTC Local LOCAL",
     .set = put<&FileEntry::timezone>,
     .otherwise = "Local",
     .doc = "of timestamps without an offset"},
    {.key = "trim_timestamp",
     .shape = Shape::Boolean,
     .set = put<&FileEntry::trim_timestamp>,
     .otherwise = "false",
     .doc = "cuts the timestamp and the blanks behind it"},
    {.key = "multi_line_start_pattern",
     .check = check_start_pattern,
     .set = put<&FileEntry::multi_line_start_pattern>,
     .otherwise = "a line that begins with no blank",
     .doc = "regular expression of an event's first line, or `{timestamp_format}`"},
    {.key = "encoding",
     .check = check_encoding,
     .set = put<&FileEntry::encoding>,
     .otherwise = "utf-8",
     .doc = "utf-8, utf-16le, utf-16be, iso-8859-1, windows-1252 and their other names"},
    {.key = "filters",
     .shape = Shape::Objects,
     .section = &kFilterSection,
     .set = put<&FileEntry::filters>,
     .doc = "all must agree"},
    {.key = "auto_removal",
     .shape = Shape::Boolean,
     .set = put<&FileEntry::auto_removal>,
     .otherwise = "false",
     .doc = "deletes a file that was read to its end when a newer one matches"},
    {.key = "backpressure_mode",
     .words = "fd_release",
     .set = put<&FileEntry::backpressure_mode>,
     .otherwise = "CWAGENT_LOGS_BACKPRESSURE_MODE",
     .doc = "closes a file after 3 s in which nothing could be sent; not with `auto_removal`"},
    {.key = "service.name", .use = Use::Inert, .min = 1, .max = 4096, .doc = kEntityDoc},
    {.key = "deployment.environment", .use = Use::Inert, .min = 1, .max = 4096, .doc = kEntityDoc},
};
constexpr Section kFileSection{"/logs/logs_collected/files/collect_list/*", kFile};

const Member kFiles[] = {
    {.key = "collect_list",
     .shape = Shape::Objects,
     .min = 1,
     .max = 16'384,
     .section = &kFileSection,
     .required = true,
     .set = put<&FilesSection::collect_list>,
     .doc = "no two the same; lists of several files are joined"},
};
constexpr Section kFilesSection{"/logs/logs_collected/files", kFiles};

const Member kJournald[] = {
    {.key = "log_group_name",
     .min = 1,
     .max = 512,
     .required = true,
     .set = put<&JournaldEntry::log_group_name>,
     .doc = "with placeholders"},
    {.key = "log_stream_name",
     .min = 1,
     .max = 512,
     .set = put<&JournaldEntry::log_stream_name>,
     .otherwise = "{instance_id}, on premises {hostname}",
     .doc = "with placeholders"},
    {.key = "log_group_class",
     .words = "STANDARD INFREQUENT_ACCESS",
     .set = put<&JournaldEntry::log_group_class>,
     .otherwise = "STANDARD",
     .doc = "of a group that has to be created"},
    {.key = "retention_in_days",
     .shape = Shape::Integer,
     .numbers = kRetentionDays,
     .set = put<&JournaldEntry::retention_in_days>,
     .otherwise = "-1",
     .doc = "-1: left as it is"},
    {.key = "units",
     .shape = Shape::Texts,
     .set = put<&JournaldEntry::units>,
     .otherwise = "all",
     .doc = "units of systemd"},
    {.key = "priority",
     .words = kPriorityWords,
     .set = put<&JournaldEntry::priority>,
     .otherwise = "info",
     .doc = "this one and what is more severe"},
    {.key = "matches",
     .shape = Shape::Maps,
     .set = put<&JournaldEntry::matches>,
     .doc = "fields of an object must all match, one of the objects is enough"},
    {.key = "filters",
     .shape = Shape::Objects,
     .section = &kFilterSection,
     .set = put<&JournaldEntry::filters>,
     .doc = "of the message: one of the includes must match, none of the excludes"},
};
constexpr Section kJournaldEntrySection{"/logs/logs_collected/journald/collect_list/*", kJournald};

const Member kJournaldList[] = {
    {.key = "collect_list",
     .shape = Shape::Objects,
     .min = 1,
     .max = 16'384,
     .section = &kJournaldEntrySection,
     .required = true,
     .set = put<&JournaldSection::collect_list>,
     .doc = "no two the same"},
};
constexpr Section kJournaldSection{"/logs/logs_collected/journald", kJournaldList};

const Member kLogsCollected[] = {
    {.key = "files",
     .shape = Shape::Object,
     .section = &kFilesSection,
     .set = put<&LogsCollected::files>,
     .doc = "log files"},
    {.key = "journald",
     .shape = Shape::Object,
     .section = &kJournaldSection,
     .set = put<&LogsCollected::journald>,
     .doc = "the journal of systemd"},
    {.key = "windows_events",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "there are no Windows events on this system"},
    {.key = "application_signals",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "logs of Application Signals are not collected"},
};
constexpr Section kLogsCollectedSection{"/logs/logs_collected", kLogsCollected};

const Member kEmf[] = {
    {.key = "service_address",
     .check = check_address,
     .set = put<&EmfEntry::service_address>,
     .otherwise = "tcp and udp on 0.0.0.0:25888",
     .doc = "`udp://HOST:PORT` or `tcp://HOST:PORT`, that one only"},
};
constexpr Section kEmfSection{"/logs/metrics_collected/emf", kEmf};

const Member kLogsMetrics[] = {
    {.key = "emf",
     .shape = Shape::Object,
     .section = &kEmfSection,
     .set = put<&LogsMetrics::emf>,
     .doc = "listens for documents of the embedded metric format"},
    {.key = "structuredlog",
     .shape = Shape::Object,
     .section = &kEmfSection,
     .set = put<&LogsMetrics::structuredlog>,
     .doc = "another name of `emf`"},
    {.key = "prometheus",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "nothing is scraped from Prometheus endpoints"},
    {.key = "ecs",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "Container Insights of ECS is not collected"},
    {.key = "kubernetes",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "Container Insights of Kubernetes is not collected"},
    {.key = "application_signals",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "Application Signals is not collected"},
    {.key = "app_signals",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "Application Signals is not collected"},
    {.key = "otlp",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "OTLP is not received by this section"},
};
constexpr Section kLogsMetricsSection{"/logs/metrics_collected", kLogsMetrics};

const Member kLogs[] = {
    {.key = "logs_collected",
     .shape = Shape::Object,
     .section = &kLogsCollectedSection,
     .set = put<&LogsSection::logs_collected>,
     .doc = "where logs come from"},
    {.key = "metrics_collected",
     .shape = Shape::Object,
     .section = &kLogsMetricsSection,
     .set = put<&LogsSection::metrics_collected>,
     .doc = "metrics that travel as logs"},
    {.key = "log_stream_name",
     .min = 1,
     .max = 512,
     .set = put<&LogsSection::log_stream_name>,
     .otherwise = "{instance_id}; on premises the host's name; in containers the task or pod",
     .doc = "stream of what names none; with placeholders"},
    {.key = "force_flush_interval",
     .shape = Shape::Integer,
     .min = 1,
     .max = kIntervalMax,
     .set = put<&LogsSection::force_flush_interval>,
     .otherwise = "5",
     .doc = "longest stay in a batch, in seconds"},
    {.key = "endpoint_override",
     .min = 4,
     .max = 2048,
     .set = put<&LogsSection::endpoint_override>,
     .otherwise = "the region's",
     .doc = "URL or host of the CloudWatch Logs endpoint"},
    {.key = "credentials",
     .shape = Shape::Object,
     .section = &kCredentialsSection,
     .set = put<&LogsSection::credentials>,
     .otherwise = "the agent's",
     .doc = "for logs"},
    {.key = "concurrency",
     .shape = Shape::Integer,
     .min = 1,
     .set = put<&LogsSection::concurrency>,
     .otherwise = "1",
     .doc = "PutLogEvents requests in flight"},
    {.key = "service.name", .use = Use::Inert, .min = 1, .max = 4096, .doc = kEntityDoc},
    {.key = "deployment.environment", .use = Use::Inert, .min = 1, .max = 4096, .doc = kEntityDoc},
};
constexpr Section kLogsSection{"/logs", kLogs, false, "logs_collected metrics_collected"};

const Member kDocument[] = {
    {.key = "agent",
     .shape = Shape::Object,
     .section = &kAgentSection,
     .set = put<&Document::agent>,
     .doc = "what holds for the whole agent"},
    {.key = "logs",
     .shape = Shape::Object,
     .section = &kLogsSection,
     .set = put<&Document::logs>,
     .doc = "logs, and metrics that travel as logs"},
    {.key = "metrics",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "this agent collects logs only"},
    {.key = "traces",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "this agent collects logs only"},
    {.key = "opentelemetry",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "this agent collects logs only"},
    {.key = "csm",
     .use = Use::Refused,
     .shape = Shape::Any,
     .doc = "metrics of AWS SDKs are not collected"},
};
constexpr Section kDocumentSection{"/", kDocument, true};

constexpr std::array<const Section*, 12> kSections{
    &kDocumentSection,      &kAgentSection,         &kCredentialsSection, &kLogsSection,
    &kLogsCollectedSection, &kFilesSection,         &kFileSection,        &kFilterSection,
    &kJournaldSection,      &kJournaldEntrySection, &kLogsMetricsSection, &kEmfSection};

}  // namespace

const Section& document_section() { return kDocumentSection; }
std::span<const Section* const> all_sections() { return kSections; }

std::optional<int> journald_priority(std::string_view text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7') return text[0] - '0';
  std::string_view rest = kPriorities;
  for (int level = 0; !rest.empty(); ++level) {
    const size_t blank = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, blank) == text) return level;
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return std::nullopt;
}

std::optional<ListenAddress> emf_address(std::string_view text) {
  ListenAddress out;
  for (std::string_view scheme : {"udp:", "tcp:"}) {
    if (!text.starts_with(scheme)) continue;
    out.tcp = scheme == "tcp:";
    out.udp = !out.tcp;
    text.remove_prefix(scheme.size());
    if (text.starts_with("//")) text.remove_prefix(2);
    break;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size() || out.port == 0) {
    return std::nullopt;
  }
  if (host.find_first_of("/ ") != std::string_view::npos) return std::nullopt;
  out.address = host.empty() ? "0.0.0.0" : std::string(host);
  return out;
}

}  // namespace kansoku::pipeline::cloudwatch_agent
