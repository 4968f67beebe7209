// What a server is started with: defaults, then the configuration file, then flags.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/elasticsearch/elasticsearch_api.h"
#include "base/log.h"
#include "pipeline/graph/spec.h"
#include "pipeline/receivers/host/host_receiver.h"
#include "store/exemplar_store.h"
#include "store/metric_limits.h"
#include "store/metrics/engine.h"
#include "wire/document/document.h"

namespace kansoku::app {

struct ListenAddress {
  std::string address = "127.0.0.1";
  uint16_t port = 8470;
};

// "ADDR:PORT", "[V6]:PORT".
Result<ListenAddress> parse_listen(std::string_view text);
bool is_loopback(std::string_view address);

struct ServerOptions {
  std::string data_directory;
  ListenAddress listen;
  bool auth_open = false;
  bool insecure_http = false;
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::string tls_client_ca_file;
  std::string account = "000000000000";
  std::string region = "us-east-1";
  // Of the whole process, for requests in flight and queries; engines have their own limits below
  // it.
  uint64_t memory_bytes_max = 512ULL << 20;
  size_t workers = 2;
  // PromQL queries that are evaluated side by side; Prometheus' --query.max-concurrency.
  size_t query_concurrency = 20;
  // Raw points of Prometheus series; what is older is neither kept nor taken.
  int64_t prometheus_retention_ms = store::kReplaceRetentionMs;
  // Cells in place of points that are no longer kept; the first rule that finds a series counts.
  std::vector<store::metrics::TierRule> prometheus_tiers;
  // Of each account; over it the oldest go. 0: none are kept.
  size_t exemplars_per_account_max = store::kExemplarsPerAccountMax;
  // Of each tenant that has no limit of its own (kansoku ctl limits).
  uint64_t series_per_tenant_max = store::kSeriesPerTenantMax;
  LogLevel log_level = LogLevel::Info;
  LogFormat log_format = LogFormat::Text;
  api::elasticsearch::ElasticsearchSettings elasticsearch;
  bool with_agent = true;
  // --port NAME=N|off, as given.
  std::map<std::string, std::string> ports;
  // Where AWS targets are reached instead of AWS: service ("kinesis") to URL.
  std::map<std::string, std::string> aws_endpoints;
  pipeline::host::HostConfig host;
  std::string config_file;  // read again at SIGHUP
};

// One pipeline of metrics.
struct PipelineSpec {
  std::string name;
  std::vector<std::string> receivers;
  std::vector<std::string> exporters;
};

struct Configuration {
  ServerOptions options;
  std::vector<PipelineSpec> pipelines;  // of metrics
  pipeline::GraphSpec graph;            // of logs
};

// Defaults from the environment (data directory, AWS_REGION).
ServerOptions default_options();

// Reads kansoku's own configuration file over `defaults`. Problems say file, line, column and
// pointer.
std::expected<Configuration, std::vector<wire::Problem>> read_configuration(
    const std::string& text, const std::string& file, const ServerOptions& defaults);
// The pipelines as kansoku runs them, for check config --explain.
std::string explain(const Configuration& configuration);

// The keys of the file as Markdown, for docs/configuration.md (kansoku check config --reference).
std::string config_reference();

// Listeners of later dialects that --port may name already.
bool is_known_port_name(std::string_view name);

}  // namespace kansoku::app
