// Configuration of the exporter `cloudwatch_logs`: PutLogEvents to AWS, or to what speaks like it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kansoku::pipeline::cloudwatch_logs {

// What a group is made with, and what its retention is brought to.
struct GroupSettings {
  std::string group;
  std::string log_class;    // "STANDARD", "INFREQUENT_ACCESS"; empty: the service's default
  int retention_days = -1;  // -1: left as it is
  bool is_glob = false;     // `group` is a pattern (base/text/glob.h); exact names come first
};

struct CloudWatchLogsConfig {
  std::string region;    // empty: found as the agent's
  std::string endpoint;  // "https://host[:port]"; empty: the region's
  std::string role_arn;  // assumed with the agent's credentials; empty: those themselves
  std::vector<GroupSettings> groups;
  int64_t flush_interval_ms = 5'000;
  int concurrency = 1;  // requests in flight
  bool gzip = true;     // bodies
  // Sends each batch under its number (x-kansoku-batch), so that a kansoku server takes it once.
  bool numbered = true;
  std::string user_agent;  // empty: kansoku's own
  // A stream that the endpoint refuses for so long (no permission, a quota, a name that cannot be)
  // holds others no longer: its events are dropped as `refused` until it is taken. 0: never.
  int64_t refused_after_ms = 600'000;
  // Of the spool before it, for sources that cannot wait (pipeline/spool).
  uint64_t spool_bytes_max = 1ULL << 30;
  int64_t spool_age_max_ms = 14 * int64_t{86'400'000};
};

}  // namespace kansoku::pipeline::cloudwatch_logs
