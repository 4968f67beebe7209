// What a running server holds, and the steps that build it. Private to src/app/server*.cpp:
// server.cpp opens, listens, routes and stops; server_apis.cpp builds the doors.
//
// Ownership: a part may point to every part declared above it; stop() takes them down in reverse.
// Thread contract: built and stopped on the main thread; route() runs on the event loops.
#pragma once

#include "api/access/access_control.h"
#include "api/admin/admin_api.h"
#include "api/aws/dispatcher.h"
#include "api/aws/logs/ensure_groups_sink.h"
#include "api/aws/logs/filter_store.h"
#include "api/aws/logs/group_store.h"
#include "api/aws/logs/scheduled_queries.h"
#include "api/aws/logs/subscription_store.h"
#include "api/console/console_api.h"
#include "api/elasticsearch/elasticsearch_api.h"
#include "api/loki/loki_api.h"
#include "api/prometheus/prometheus_api.h"
#include "app/logs_backend.h"
#include "app/monitoring_backend.h"
#include "app/promql_engine.h"
#include "app/running_graph.h"
#include "app/server.h"
#include "app/snapshots.h"
#include "base/memory_budget.h"
#include "base/pool/fiber_queue.h"
#include "net/http/http.h"
#include "pipeline/exporters/aws_target/aws_target.h"
#include "pipeline/exporters/store/store_exporter.h"
#include "pipeline/graph/graph.h"
#include "pipeline/processors/live_tail/live_tail.h"
#include "pipeline/receivers/host/host_receiver.h"
#include "store/catalog/sqlite_catalog.h"
#include "store/events/engine.h"
#include "store/exemplars/exemplar_engine.h"
#include "store/metrics/engine.h"
#include "store/retention/retention.h"
#include "store/wal/log.h"
#include "watch/log_subscriptions/log_subscriptions.h"

namespace kansoku::app {

struct Server::State {
  Configuration configuration;
  env::Env env = env::real_env();
  int64_t started_ms = 0;
  std::string host_id;
  std::atomic<bool> ready{false};
  bool stopped = false;

  // Half for queries; the rest bounds bodies in flight (a quarter) and leaves room for the engines.
  std::unique_ptr<MemoryBudget> process_memory;
  std::unique_ptr<MemoryBudget> query_memory;
  std::unique_ptr<MemoryBudget> write_memory;

  // In the order in which they are made; stop() takes them down in the reverse order.
  std::unique_ptr<net::EventLoops> loops;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<store::wal::Log> log;
  std::unique_ptr<store::SqliteCatalog> catalog;
  std::unique_ptr<api::aws::logs::GroupStore> log_groups;
  std::unique_ptr<api::aws::logs::FilterStore> log_filters;
  std::unique_ptr<api::aws::logs::SubscriptionStore> log_subscription_filters;
  std::shared_ptr<api::aws::logs::ScheduledQueries> scheduled_queries;
  std::unique_ptr<store::metrics::MetricEngine> metrics;
  std::unique_ptr<store::events::EventEngine> events;
  std::unique_ptr<store::exemplars::ExemplarEngine> exemplars;
  std::vector<std::unique_ptr<store::RetentionSchedule>> retention;
  std::unique_ptr<Snapshots> snapshots;
  std::unique_ptr<api::TenantLimits> tenant_limits;
  std::unique_ptr<api::AccessControl> access;
  signal::Ledger ledger;
  std::unique_ptr<pipeline::StoreExporter> store_exporter;
  std::unique_ptr<pipeline::EventStoreExporter> event_exporter;
  // Right before the store of events; everything that follows logs watches here.
  std::unique_ptr<pipeline::live_tail::LiveTail> live_tail;
  std::unique_ptr<net::HttpClient> http_client;
  std::shared_ptr<pipeline::aws_target::AwsTargetExporter> aws_targets;
  // Before the live tail: what subscription filters deliver.
  std::shared_ptr<watch::log_subscriptions::LogSubscriptions> log_subscriptions;
  std::vector<std::unique_ptr<pipeline::MetricSink>> sinks;
  std::vector<std::unique_ptr<pipeline::EventSink>> event_sinks;
  std::shared_ptr<pipeline::host::HostReceiver> host;
  std::unique_ptr<api::console::Sessions> sessions;
  std::unique_ptr<api::console::ConsoleApi> console;
  std::unique_ptr<api::AdminApi> admin;
  std::unique_ptr<FiberQueue> queries;
  std::unique_ptr<StoreMonitoringBackend> monitoring;
  std::unique_ptr<StoreLogsBackend> logs;
  std::unique_ptr<api::aws::Dispatcher> aws;
  std::unique_ptr<api::aws::logs::EnsureGroupsSink> collected;
  std::unique_ptr<RunningGraph> graph;
  std::unique_ptr<api::loki::LokiApi> loki;
  std::unique_ptr<api::elasticsearch::ElasticsearchApi> elasticsearch;
  std::unique_ptr<PromqlEngine> promql;
  std::unique_ptr<api::prometheus::Notifications> notifications;
  std::unique_ptr<api::prometheus::PrometheusApi> prometheus;
  std::unique_ptr<net::HttpServer> http;

  const ServerOptions& options() const { return configuration.options; }
  std::string path(std::string_view name) const {
    return env::join_path(options().data_directory, name);
  }

  Status open_store();
  Status open_engines();
  void flush(bool merge_all, std::move_only_function<void(Status)> done);
  Status open_access();
  Status build_pipelines();
  Status build_apis();
  Status build_aws();
  api::console::LogServices console_logs();
  void build_subscriptions();
  std::optional<std::string> aws_endpoint(std::string_view service) const;
  Status build_graph();
  Status build_log_inputs();
  Status build_prometheus();
  Status listen();
  Status write_ports();
  bool reload();
  std::string local_url() const;
  void route(net::HttpRequest request, net::HttpExchange exchange);
  std::string metrics_text();
  std::string status_json();
  api::console::Session session_of(const api::AccessControl::SignedIn& who) const {
    return {.user = who.user, .role = who.role, .csrf = {}, .principal = who.principal};
  }
};

}  // namespace kansoku::app
