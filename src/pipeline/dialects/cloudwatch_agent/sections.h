// The sections of a configuration as structs, and their described members.
#pragma once

#include "pipeline/dialects/cloudwatch_agent/schema.h"

namespace kansoku::pipeline::cloudwatch_agent {

struct Credentials {
  std::string role_arn;
};

struct AgentSection {
  const Node* node = nullptr;
  std::string region;
  Credentials credentials;
  std::optional<std::string> logfile;
  std::optional<bool> debug;
  std::optional<bool> quiet;
  std::string hostname;
  std::string run_as_user;
  std::string user_agent;
  std::optional<bool> use_dualstack_endpoint;
};

struct Filter {
  std::string type;
  std::string expression;
};

struct FileEntry {
  const Node* node = nullptr;
  std::string file_path;
  std::string blacklist;
  bool publish_multi_logs = false;
  std::string log_group_name;
  std::string log_stream_name;
  std::string log_group_class;
  int64_t retention_in_days = -1;
  std::string timestamp_format;
  std::string timezone;
  bool trim_timestamp = false;
  std::string multi_line_start_pattern;
  std::string encoding;
  std::vector<Filter> filters;
  bool auto_removal = false;
  std::string backpressure_mode;
};

struct JournaldEntry {
  const Node* node = nullptr;
  std::string log_group_name;
  std::string log_stream_name;
  std::string log_group_class;
  int64_t retention_in_days = -1;
  std::vector<std::string> units;
  std::string priority;
  std::vector<std::vector<std::pair<std::string, std::string>>> matches;
  std::vector<Filter> filters;
};

struct EmfEntry {
  const Node* node = nullptr;
  std::string service_address;
};

struct FilesSection {
  std::vector<FileEntry> collect_list;
};
struct JournaldSection {
  std::vector<JournaldEntry> collect_list;
};
struct LogsCollected {
  FilesSection files;
  JournaldSection journald;
};
struct LogsMetrics {
  std::optional<EmfEntry> emf;
  std::optional<EmfEntry> structuredlog;
};

struct LogsSection {
  const Node* node = nullptr;
  LogsCollected logs_collected;
  LogsMetrics metrics_collected;
  std::string log_stream_name;
  int64_t force_flush_interval = 5;
  std::string endpoint_override;
  Credentials credentials;
  int64_t concurrency = 1;
};

struct Document {
  AgentSection agent;
  std::optional<LogsSection> logs;
};

const Section& document_section();
// All of them, for the reference.
std::span<const Section* const> all_sections();

// 0 (emerg) to 7 (debug) of a journald priority.
std::optional<int> journald_priority(std::string_view text);

struct ListenAddress {
  std::string address;
  uint16_t port = 0;
  bool tcp = true;
  bool udp = true;
};
// "udp://host:port", "tcp:host:port", ":port" ...
std::optional<ListenAddress> emf_address(std::string_view text);

}  // namespace kansoku::pipeline::cloudwatch_agent
