// The pipelines of a process before they are built: what the dialects translate their configuration
// into, and what app/ constructs. Plain data; files and placeholders of the host are resolved by
// the dialect, so that `check config --explain` can print what will run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/exporters/cloudwatch_logs/config.h"
#include "pipeline/receivers/emf/config.h"
#include "pipeline/receivers/filelog/config.h"
#include "pipeline/receivers/forward/config.h"
#include "pipeline/receivers/journald/config.h"
#include "pipeline/receivers/syslog/config.h"

namespace kansoku::pipeline {

// Receivers, processors and exporters are named "kind" or "kind/NAME".
struct ReceiverSpec {
  std::string name;
  std::variant<filelog::FilelogConfig, journald::JournaldConfig, emf_listener::EmfConfig,
               syslog::SyslogConfig, forward::ForwardConfig>
      config;
  // A listener whose port is taken is a warning: nobody asked for it by name.
  bool optional = false;
};
struct DiscardConfig {};
struct StoreConfig {};  // of this server
struct ExporterSpec {
  std::string name;
  std::variant<DiscardConfig, StoreConfig, cloudwatch_logs::CloudWatchLogsConfig> config;
};
enum class SignalKind : uint8_t { Metrics, Logs };
struct PipelineSpec {
  std::string name;
  SignalKind signal = SignalKind::Logs;
  std::vector<std::string> receivers;
  std::vector<std::string> exporters;
};

// What holds for the whole agent.
struct AgentSettings {
  std::string region;    // empty: as AWS tools find it (net/aws/credentials.h)
  std::string role_arn;  // assumed for everything that is sent; empty: none
  std::string profile;
  bool profile_is_default = false;  // nobody asked for it: taken only where it exists
  std::string credentials_file;
  std::string ca_bundle_file;
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
  int imds_retries = 1;
  bool dual_stack = false;
  std::string user_agent;  // empty: kansoku's own
  std::string run_as_user;
  std::string hostname;
  std::string log_file;   // empty: stderr
  std::string log_level;  // "debug", "info", "warn", "error"
};

struct GraphSpec {
  AgentSettings agent;
  std::vector<ReceiverSpec> receivers;
  std::vector<ExporterSpec> exporters;
  std::vector<PipelineSpec> pipelines;
};

}  // namespace kansoku::pipeline
