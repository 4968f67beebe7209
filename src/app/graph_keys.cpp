#include "app/graph_keys.h"

#include "app/config_members.h"
#include "app/listener_keys.h"
#include "base/env/env.h"
#include "base/regex/regex.h"
#include "base/text/charset.h"
#include "base/time/time_format.h"

namespace kansoku::app {
namespace {

using pipeline::AgentSettings;
using pipeline::FilterRule;
using pipeline::cloudwatch_logs::CloudWatchLogsConfig;
using pipeline::cloudwatch_logs::GroupSettings;
using pipeline::filelog::FilelogConfig;
using pipeline::filelog::LongEvents;
using pipeline::filelog::SourceConfig;
using pipeline::filelog::StartAt;
using pipeline::journald::JournaldConfig;

void read_pattern(Reader& reader, std::string_view key, std::string& into) {
  auto text = reader.text(key);
  if (!text) return;
  if (auto regex = Regex::compile(*text); !regex)
    reader.problem(key, regex.error().message);
  else
    into = *text;
}

void read_choice(Reader& reader, std::string_view key, std::string_view first,
                 std::string_view second, bool& is_second) {
  auto text = reader.text(key);
  if (!text) return;
  if (*text != first && *text != second)
    reader.problem(key, fmt::format("{} is neither {} nor {}", quoted(*text), first, second));
  is_second = *text == second;
}

void read_filters(Reader& reader, std::string_view key, std::vector<FilterRule>& filters) {
  const Node* list = reader.any(key);
  if (list == nullptr) return;
  if (list->kind != Node::Kind::Sequence) {
    reader.problem(key, "must be a list of {include: PATTERN} or {exclude: PATTERN}");
    return;
  }
  for (const Node& item : list->items) {
    const Node* include = item.find("include");
    const Node* exclude = item.find("exclude");
    const Node* pattern = include != nullptr ? include : exclude;
    if (item.entries.size() != 1 || pattern == nullptr || pattern->kind != Node::Kind::Scalar) {
      reader.problem(key, "each filter is {include: PATTERN} or {exclude: PATTERN}");
      return;
    }
    if (auto regex = Regex::compile(pattern->scalar); !regex) {
      reader.problem(key, regex.error().message);
      return;
    }
    filters.push_back(FilterRule{{}, include != nullptr, pattern->scalar});
  }
}

struct FilelogFile {
  FilelogConfig config;
  SourceConfig source;
};
constexpr int64_t kMsPerHour = 3'600'000;

const Member<FilelogFile> kFilelogMembers[] = {
    {"include", "list of globs", "", "files to follow, absolute paths; `**` is any folders",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       f.source.include = r.text_list(k);
       if (f.source.include.empty()) r.problem(k, "needs at least one pattern");
       for (const std::string& glob : f.source.include) {
         if (!glob.starts_with('/'))
           r.problem(k, fmt::format("{} is no absolute path", quoted(glob)));
       }
     }},
    {"exclude", "list of globs", "", "of paths, or of names where there is no `/`",
     [](Reader& r, std::string_view k, FilelogFile& f) { f.source.exclude = r.text_list(k); }},
    {"exclude_name_pattern", "pattern (RE2)", "",
     "files in whose name (without its folder) this is found are left alone",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       read_pattern(r, k, f.source.exclude_name_pattern);
     }},
    {"newest_only", "true, false", "false",
     "of the files that match only the one that changed last is followed; those before it are read "
     "to their end",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       f.source.newest_only = r.boolean(k).value_or(false);
     }},
    {"remove_finished", "true, false", "false",
     "deletes a file that was read to its end and acknowledged, when a newer one matches",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       f.source.remove_finished = r.boolean(k).value_or(false);
     }},
    {"release_blocked", "duration, 100ms to 1h", "kept open",
     "a file whose events could not be sent for so long is closed until they can; not with "
     "`remove_finished`",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       if (auto v = r.duration_ms(k, 100, kMsPerHour)) f.source.release_blocked_ms = *v;
       if (f.source.release_blocked_ms > 0 && f.source.remove_finished)
         r.problem(k, "does not go with remove_finished");
     }},
    {"group", "text", "the path of the file",
     "log group; `{file_path}`, `{file_name}`, `{file_path_flat}` (`_` for `/`) and "
     "`{file_path_group}` (`_` for what a group's name may not hold) are replaced",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       f.source.group = r.text(k).value_or("{file_path}");
     }},
    {"stream", "text", "the name of this host", "log stream; replaced as in `group`",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       if (auto v = r.text(k)) f.source.stream = *v;
     }},
    {"start_at", "beginning, end", "beginning", "where files that are there at first are begun",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       bool end = false;
       read_choice(r, k, "beginning", "end", end);
       f.source.start_at = end ? StartAt::End : StartAt::Beginning;
     }},
    {"encoding", "utf-8, utf-16le, utf-16be, iso-8859-1, windows-1252", "utf-8", "of the files",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       auto v = r.text(k);
       if (!v) return;
       if (auto charset = charset_of(*v))
         f.source.charset = *charset;
       else
         r.problem(k, fmt::format("encoding {} is not supported", quoted(*v)));
     }},
    {"event_bytes_max", "size, 1KiB to 1MiB", "1MiB less 26 bytes", "longer events are split",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       if (auto v = r.bytes(k, 1'024, 1 << 20)) f.source.event_bytes_max = *v;
     }},
    {"long_events", "split, truncate", "split",
     "what becomes of a longer event; what is cut is counted as dropped",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       bool truncate = false;
       read_choice(r, k, "split", "truncate", truncate);
       f.source.long_events = truncate ? LongEvents::Truncate : LongEvents::Split;
     }},
    {"skip_empty", "true, false", "true", "leaves empty lines out",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       f.source.skip_empty = r.boolean(k).value_or(true);
     }},
    {"multiline_start", "pattern (RE2)", "", "an event begins with a line that this matches",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       read_pattern(r, k, f.source.multiline.start_pattern);
     }},
    {"multiline_continuation", "pattern (RE2)", "",
     "a line that this matches belongs to the event before it",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       read_pattern(r, k, f.source.multiline.continuation_pattern);
     }},
    {"multiline_timestamp", "true, false", "false", "an event begins with a timestamp",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       f.source.multiline.start_is_timestamp = r.boolean(k).value_or(false);
     }},
    {"timestamp_format", "percent codes", "time of reading", "e.g. `%Y-%m-%dT%H:%M:%S.%f%z`",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       auto v = r.text(k);
       if (!v) return;
       std::string why;
       if (!TimeFormat::compile(*v, &why)) r.problem(k, why);
       f.source.timestamp_format = *v;
     }},
    {"timezone", "name, local", "UTC", "of timestamps without an offset",
     [](Reader& r, std::string_view k, FilelogFile& f) { read_zone(r, k, f.source.zone); }},
    {"filters", "list of {include} or {exclude}", "", "patterns (RE2); an event must pass all",
     [](Reader& r, std::string_view k, FilelogFile& f) { read_filters(r, k, f.source.filters); }},
    {"flush_after", "duration, 100ms to 1h", "5s",
     "what stands without a line's end, or may go on, is an event after this silence",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       if (auto v = r.duration_ms(k, 100, kMsPerHour)) f.source.flush_ms = *v;
     }},
    {"poll_interval", "duration, 10ms to 1h", "250ms", "of files that grew within the last minute",
     [](Reader& r, std::string_view k, FilelogFile& f) {
       if (auto v = r.duration_ms(k, 10, kMsPerHour)) f.config.poll_interval_ms = *v;
     }},
};

struct JournaldFile {
  JournaldConfig config;
  pipeline::journald::SourceConfig source;
};

constexpr std::array<std::string_view, 8> kPriorities{"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};

void read_priority(Reader& reader, std::string_view key, int& priority_max) {
  const auto text = reader.text(key);
  if (!text) return;
  const auto named = std::ranges::find(kPriorities, *text);
  const bool number = text->size() == 1 && (*text)[0] >= '0' && (*text)[0] <= '7';
  if (number)
    priority_max = (*text)[0] - '0';
  else if (named != kPriorities.end())
    priority_max = static_cast<int>(named - kPriorities.begin());
  else
    reader.problem(key, fmt::format("{} is no priority, e.g. warning or 4", quoted(*text)));
}

void read_matches(Reader& reader, std::string_view key,
                  std::vector<std::vector<pipeline::journald::FieldMatch>>& matches) {
  const Node* list = reader.any(key);
  if (list == nullptr) return;
  const auto is_match = [](const Node& item) {
    return item.kind == Node::Kind::Mapping && !item.entries.empty() &&
           std::ranges::all_of(item.entries, [](const Node::Entry& entry) {
             return entry.value.kind == Node::Kind::Scalar;
           });
  };
  if (list->kind != Node::Kind::Sequence || !std::ranges::all_of(list->items, is_match)) {
    reader.problem(key, "must be a list of {FIELD: value, ...}");
    return;
  }
  for (const Node& item : list->items) {
    auto& fields = matches.emplace_back();
    for (const Node::Entry& entry : item.entries)
      fields.emplace_back(entry.key, entry.value.scalar);
  }
}

const Member<JournaldFile> kJournaldMembers[] = {
    {"units", "list of names", "all", "of systemd; `.service` where there is no suffix",
     [](Reader& r, std::string_view k, JournaldFile& f) { f.source.units = r.text_list(k); }},
    {"priority", "emerg, alert, crit, err, warning, notice, info, debug, 0 to 7", "info",
     "this one and what is more severe; debug: everything, also what has none",
     [](Reader& r, std::string_view k, JournaldFile& f) {
       read_priority(r, k, f.source.priority_max);
     }},
    {"matches", "list of {FIELD: value, ...}", "everything",
     "fields of one item must all match, one of the items is enough",
     [](Reader& r, std::string_view k, JournaldFile& f) { read_matches(r, k, f.source.matches); }},
    {"filters", "list of {include} or {exclude}", "",
     "patterns (RE2) of the message; an event must pass all",
     [](Reader& r, std::string_view k, JournaldFile& f) { read_filters(r, k, f.source.filters); }},
    {"group", "text", "/kansoku/journald", "log group",
     [](Reader& r, std::string_view k, JournaldFile& f) {
       if (auto v = r.text(k)) f.source.group = *v;
     }},
    {"stream", "text", "the name of this host", "log stream",
     [](Reader& r, std::string_view k, JournaldFile& f) {
       if (auto v = r.text(k)) f.source.stream = *v;
     }},
    {"start_at", "beginning, end", "end", "where the journal is begun at first",
     [](Reader& r, std::string_view k, JournaldFile& f) {
       bool end = true;
       read_choice(r, k, "beginning", "end", end);
       f.config.from_beginning = !end;
     }},
    {"root", "directory", "/", "below which var/log/journal and run/log/journal are",
     [](Reader& r, std::string_view k, JournaldFile& f) {
       f.config.root = r.text(k).value_or("");
     }},
    {"poll_interval", "duration, 10ms to 1h", "1s", "between two looks at the journal",
     [](Reader& r, std::string_view k, JournaldFile& f) {
       if (auto v = r.duration_ms(k, 10, kMsPerHour)) f.config.poll_interval_ms = *v;
     }},
};

const Member<CloudWatchLogsConfig> kCloudWatchLogsMembers[] = {
    {"endpoint", "URL", "the region's", "of CloudWatch Logs, or of another kansoku",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       auto v = r.text(k);
       if (!v) return;
       if (!v->starts_with("http://") && !v->starts_with("https://"))
         r.problem(k, fmt::format("{} is no URL, e.g. https://logs.example:8470", quoted(*v)));
       c.endpoint = *v;
     }},
    {"region", "text", "the agent's", "of the endpoint and its signatures",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       c.region = r.text(k).value_or("");
     }},
    {"role_arn", "ARN", "", "is assumed for what goes there",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       c.role_arn = r.text(k).value_or("");
     }},
    {"concurrency", "1 to 64", "1", "requests on their way at a time",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       if (auto v = r.integer(k, 1, 64)) c.concurrency = static_cast<int>(*v);
     }},
    {"flush_interval", "duration, 0s to 1h", "5s", "events wait so long for more, to go together",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       if (auto v = r.duration_ms(k, 0, kMsPerHour)) c.flush_interval_ms = *v;
     }},
    {"compression", "gzip, none", "gzip", "of requests",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       bool none = false;
       read_choice(r, k, "gzip", "none", none);
       c.gzip = !none;
     }},
    {"refused_after", "duration, 0s to 14d", "10m",
     "a stream that the endpoint refuses (permission, quota, name) for so long holds others no "
     "longer: its events are dropped; 0s: never",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       if (auto v = r.duration_ms(k, 0, 14 * int64_t{86'400'000})) c.refused_after_ms = *v;
     }},
    {"spool_bytes_max", "size, 1MiB to 1TiB", "1GiB",
     "of what listeners brought and the endpoint has not taken; over it the oldest is dropped",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       if (auto v = r.bytes(k, 1 << 20, 1LL << 40)) c.spool_bytes_max = static_cast<uint64_t>(*v);
     }},
    {"spool_age_max", "duration, 1m to 14d", "14d", "of the same; CloudWatch takes nothing older",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       if (auto v = r.duration_ms(k, 60'000, 14 * int64_t{86'400'000})) c.spool_age_max_ms = *v;
     }},
    {"groups", "list of {group, class, retention_days}", "",
     "what groups are made with, and what their retention is brought to",
     [](Reader& r, std::string_view k, CloudWatchLogsConfig& c) {
       const Node* list = r.any(k);
       if (list == nullptr) return;
       for (const Node& item : list->items) {
         GroupSettings group{std::string(item.text_of("group")), std::string(item.text_of("class")),
                             static_cast<int>(item.number_of("retention_days").value_or(-1))};
         for (const Node::Entry& entry : item.entries) {
           if (entry.key != "group" && entry.key != "class" && entry.key != "retention_days")
             r.problem(k, fmt::format("a group has no {}", quoted(entry.key)));
         }
         if (group.group.empty()) r.problem(k, "each needs a group");
         c.groups.push_back(std::move(group));
       }
     }},
};

const Member<AgentSettings> kAgentMembers[] = {
    {"region", "text", "as AWS tools find it", "where AWS is asked",
     [](Reader& r, std::string_view k, AgentSettings& s) { s.region = r.text(k).value_or(""); }},
    {"role_arn", "ARN", "", "is assumed for everything that is sent",
     [](Reader& r, std::string_view k, AgentSettings& s) { s.role_arn = r.text(k).value_or(""); }},
    {"profile", "text", "AWS_PROFILE, else default", "of the credentials file",
     [](Reader& r, std::string_view k, AgentSettings& s) { s.profile = r.text(k).value_or(""); }},
    {"credentials_file", "file", "as AWS tools find it", "keys in AWS's format",
     [](Reader& r, std::string_view k, AgentSettings& s) {
       s.credentials_file = r.text(k).value_or("");
     }},
    {"ca_bundle", "file", "the system's", "authorities (PEM) whose certificates are trusted",
     [](Reader& r, std::string_view k, AgentSettings& s) {
       s.ca_bundle_file = r.text(k).value_or("");
     }},
    {"http_proxy", "URL", "the environment's", "for plain HTTP",
     [](Reader& r, std::string_view k, AgentSettings& s) {
       s.http_proxy = r.text(k).value_or("");
     }},
    {"https_proxy", "URL", "the environment's", "for HTTPS",
     [](Reader& r, std::string_view k, AgentSettings& s) {
       s.https_proxy = r.text(k).value_or("");
     }},
    {"no_proxy", "list by commas", "the environment's", "hosts that are asked directly",
     [](Reader& r, std::string_view k, AgentSettings& s) { s.no_proxy = r.text(k).value_or(""); }},
};

bool is_of(std::string_view name, std::string_view kind) {
  return name == kind || (name.starts_with(kind) && name[kind.size()] == '/');
}

}  // namespace

void read_zone(Reader& reader, std::string_view key, Zone& out) {
  constexpr size_t kZoneBytesMax = 1U << 20;
  auto text = reader.text(key);
  if (!text) return;
  std::string path = "/usr/share/zoneinfo/" + *text;
  if (*text == "local") path = "/etc/localtime";
  if (*text != "local" && !is_zone_name(*text)) {
    reader.problem(key, fmt::format("{} is no time zone, e.g. Europe/Berlin", quoted(*text)));
    return;
  }
  auto bytes = env::real_files().read_all(path, kZoneBytesMax);
  auto zone = bytes ? Zone::parse(*bytes) : std::nullopt;
  if (!zone) {
    // A host without the files is in UTC.
    if (*text == "local" || *text == "UTC") return;
    reader.problem(key, fmt::format("time zone {} is not known on this host", quoted(*text)));
    return;
  }
  out = *zone;
}

bool is_graph_receiver(std::string_view name) {
  return is_of(name, "filelog") || is_of(name, "journald") || is_listener(name);
}
bool is_graph_exporter(std::string_view name) {
  return is_of(name, "cloudwatch_logs") || name == "discard";
}

void read_graph_receiver(const Node::Entry& entry, const std::string& file,
                         pipeline::GraphSpec& graph, std::vector<Problem>& problems) {
  if (is_listener(entry.key)) {
    graph.receivers.push_back(read_listener(entry, file, problems));
    return;
  }
  const std::string pointer = "/receivers/" + wire::escape_pointer(entry.key);
  if (is_of(entry.key, "journald")) {
    JournaldFile read;
    read.source.name = entry.key;
    read.source.group = "/kansoku/journald";
    read.source.stream = "{host_name}";
    read_members(entry.value, file, pointer, kJournaldMembers, read, problems);
    read.config.sources.push_back(std::move(read.source));
    graph.receivers.push_back({entry.key, std::move(read.config)});
    return;
  }
  FilelogFile read;
  read.source.name = entry.key;
  read.source.stream = "{host_name}";
  read.source.event_bytes_max = (1 << 20) - 26;
  read_members(entry.value, file, pointer, kFilelogMembers, read, problems);
  read.config.sources.push_back(std::move(read.source));
  graph.receivers.push_back({entry.key, std::move(read.config)});
}

void read_graph_exporter(const Node::Entry& entry, const std::string& file,
                         pipeline::GraphSpec& graph, std::vector<Problem>& problems) {
  const std::string pointer = "/exporters/" + wire::escape_pointer(entry.key);
  if (entry.key == "discard") {
    Reader(entry.value, file, pointer, problems).finish();
    graph.exporters.push_back({entry.key, pipeline::DiscardConfig{}});
    return;
  }
  CloudWatchLogsConfig config;
  read_members(entry.value, file, pointer, kCloudWatchLogsMembers, config, problems);
  graph.exporters.push_back({entry.key, std::move(config)});
}

void read_agent_settings(const Node& node, const std::string& file, AgentSettings& settings,
                         std::vector<Problem>& problems) {
  read_members(node, file, "/agent", kAgentMembers, settings, problems);
}

std::string graph_reference() {
  return reference_of("receivers/filelog/NAME", kFilelogMembers) +
         reference_of("receivers/journald/NAME", kJournaldMembers) + listener_reference() +
         reference_of("exporters/cloudwatch_logs/NAME", kCloudWatchLogsMembers) +
         reference_of("agent", kAgentMembers);
}

}  // namespace kansoku::app
