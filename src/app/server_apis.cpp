// Server::State: the AWS services, the console, the admin paths and Prometheus, each given what
// it may use.
#include "api/aws/logs/service.h"
#include "api/aws/monitoring/service.h"
#include "api/aws/sts/service.h"
#include "app/host_identity.h"
#include "app/server_state.h"
#include "app/stored_parts.h"
#include "net/secrets/secrets.h"
#include "pipeline/processors/emf/emf_processor.h"

namespace kansoku::app {
namespace {

// Page tokens of the AWS services are signed with it, so it outlives restarts.
Result<std::string> read_page_token_key(env::Env env, const std::string& path) {
  constexpr size_t kKeyBytes = 32;
  auto existing = env.files->read_all(path, 1024);
  if (existing && existing->size() == kKeyBytes) return existing;
  if (!existing && existing.error().code != ErrorCode::NotFound) return existing;
  std::string key(kKeyBytes, '\0');
  env.random->fill(std::as_writable_bytes(std::span(key.data(), key.size())));
  KANSOKU_RETURN_IF_ERROR(env.files->write_atomic(path, key));
  return key;
}

// Of the system's tz database.
std::optional<Zone> read_zone(env::FileSystem& files, std::string_view name) {
  constexpr size_t kZoneBytesMax = 1U << 20;
  if (!is_zone_name(name)) return std::nullopt;
  auto bytes = files.read_all("/usr/share/zoneinfo/" + std::string(name), kZoneBytesMax);
  if (!bytes) return std::nullopt;
  return Zone::parse(*bytes);
}

}  // namespace

// From the store to the destinations of subscription filters.
void Server::State::build_subscriptions() {
  using pipeline::aws_target::AwsTargetExporter;
  http_client = net::make_http_client(*loops);
  const net::aws::Doors doors{.http = http_client.get(),
                              .timers = loops.get(),
                              .clock = env.clock,
                              .random = env.random,
                              .files = env.files,
                              .variable = net::aws::process_variable};
  aws_targets = AwsTargetExporter::make(
      {.doors = doors,
       .credentials = net::aws::default_credentials(doors, net::aws::ImdsClient::make(doors)),
       .ledger = &ledger,
       .endpoint_of = [this](std::string_view service) { return aws_endpoint(service); }});
  watch::log_subscriptions::LogSubscriptions::Parts parts;
  parts.clock = env.clock;
  parts.timers = loops.get();
  parts.executor = pool.get();
  parts.random = env.random;
  parts.next = live_tail.get();
  parts.definitions = log_subscription_filters.get();
  parts.read = [this](auto work) { logs->read(std::move(work), api::aws::logs::kReadTimeMs); };
  parts.send = [this](const watch::log_subscriptions::Subscription& one,
                      std::vector<watch::log_subscriptions::OutRecord> records, uint64_t rows,
                      env::WallTime expires, AwsTargetExporter::Done done) -> Status {
    KANSOKU_TRY(auto target, pipeline::aws_target::parse_target(one.destination));
    pipeline::aws_target::Shipment shipment{
        .ledger = {"subscription_filters", one.scope.account, "aws_target"},
        .rows = rows,
        .target = std::move(target),
        .records = {},
        .expires = expires};
    for (auto& record : records)
      shipment.records.push_back({std::move(record.bytes), std::move(record.partition_key)});
    return aws_targets->send(std::move(shipment), std::move(done));
  };
  parts.event_id = api::aws::logs::event_id;
  log_subscriptions = watch::log_subscriptions::LogSubscriptions::make(std::move(parts));
}

// As the AWS SDKs: the configuration, AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL.
std::optional<std::string> Server::State::aws_endpoint(std::string_view service) const {
  const auto configured = options().aws_endpoints.find(std::string(service));
  if (configured != options().aws_endpoints.end()) return configured->second;
  std::string name = "AWS_ENDPOINT_URL_";
  for (const char c : service) name += static_cast<char>(c - 'a' + 'A');  // letters
  auto own = net::aws::process_variable(name.c_str());
  return own ? own : net::aws::process_variable("AWS_ENDPOINT_URL");
}

Status Server::State::build_aws() {
  build_subscriptions();
  KANSOKU_TRY(scheduled_queries, api::aws::logs::ScheduledQueries::open(
                                     {.catalog = catalog.get(),
                                      .clock = env.clock,
                                      .timers = loops.get(),
                                      .executor = pool.get(),
                                      .random = env.random,
                                      .find_zone = [files = env.files](std::string_view name) {
                                        return read_zone(*files, name);
                                      }}));
  sinks.push_back(
      std::make_unique<pipeline::LedgerSink>(ledger, "cloudwatch", "store", *store_exporter));
  query::QueryLimits limits;
  limits.memory_bytes_max = options().memory_bytes_max / 4;
  monitoring = std::make_unique<StoreMonitoringBackend>(MonitoringParts{
      env.clock, pool.get(), sinks.back().get(), metrics.get(), limits, query_memory.get()});
  api::aws::DispatcherOptions dispatch;
  dispatch.clock = env.clock;
  dispatch.random = env.random;
  dispatch.executor = pool.get();
  dispatch.keys = &access->keys();
  dispatch.default_region = options().region;
  if (options().auth_open) dispatch.open_principal = access->administrator();
  aws = std::make_unique<api::aws::Dispatcher>(std::move(dispatch));
  KANSOKU_TRY(auto key, read_page_token_key(env, path("page-token.key")));
  // PutLogEvents: counted, its embedded metrics and those of metric filters, into the store.
  sinks.push_back(
      std::make_unique<pipeline::LedgerSink>(ledger, "metric_filters", "store", *store_exporter));
  event_sinks.push_back(std::make_unique<pipeline::metric_filters::MetricFilters>(
      *log_filters, *log_subscriptions, *sinks.back()));
  sinks.push_back(std::make_unique<pipeline::LedgerSink>(ledger, "emf", "store", *store_exporter));
  event_sinks.push_back(std::make_unique<pipeline::emf::EmfProcessor>(
      *env.clock, *event_sinks.back(), *sinks.back()));
  // What is collected here goes the same way; each receiver has a ledger of its own.
  collected =
      std::make_unique<api::aws::logs::EnsureGroupsSink>(*log_groups, *pool, *event_sinks.back());
  event_sinks.push_back(
      std::make_unique<pipeline::EventLedgerSink>(ledger, "logs", "store", *event_sinks.back()));
  logs = std::make_unique<StoreLogsBackend>(LogsParts{env.clock, queries.get(),
                                                      event_sinks.back().get(), events.get(),
                                                      limits, query_memory.get()});
  aws->add_service(api::aws::logs::service_table(
      {.backend = logs.get(),
       .groups = log_groups.get(),
       .filters = log_filters.get(),
       .subscriptions = log_subscription_filters.get(),
       .scheduled = scheduled_queries.get(),
       .announce = [this](const auto& one,
                          auto destination) { log_subscriptions->announce(one, destination); },
       .random = env.random,
       .clock = env.clock,
       .timers = loops.get(),
       .executor = pool.get(),
       .live_tail = live_tail.get(),
       .catalog = catalog.get(),
       .page_token_key = key}));
  aws->add_service(
      api::aws::monitoring::service_table({.backend = monitoring.get(),
                                           .page_token_key = std::move(key),
                                           .catalog = catalog.get(),
                                           .find_zone = [files = env.files](std::string_view name) {
                                             return read_zone(*files, name);
                                           }}));
  aws->add_service(api::aws::sts::service_table());
  return {};
}

api::console::LogServices Server::State::console_logs() {
  return {.clock = env.clock,
          .random = env.random,
          .timers = loops.get(),
          .executor = pool.get(),
          .backend = logs.get(),
          .groups = log_groups.get(),
          .tail = live_tail.get(),
          .call = [this](const std::string& operation, std::string body,
                         const api::console::LogUser& user,
                         std::move_only_function<void(net::HttpResponse)> answer) {
            net::HttpRequest request;
            request.method = "POST";
            request.target = "/";
            request.headers = {{"host", "console"},
                               {"content-type", "application/x-amz-json-1.1"},
                               {"x-amz-target", "Logs_20140328." + operation}};
            request.body = std::move(body);
            aws->handle_as({user.principal, user.scope.region}, std::move(request),
                           std::move(answer));
          }};
}

Status Server::State::build_apis() {
  queries = std::make_unique<FiberQueue>(
      FiberQueue::Parts{.clock = env.clock,
                        .executor = pool.get(),
                        .running_max = options().query_concurrency,
                        // One worker is left to ingest, whatever is asked.
                        .steps_at_once = std::max<size_t>(options().workers, 2) - 1});
  sessions = std::make_unique<api::console::Sessions>(env);
  api::console::ConsoleServices services;
  services.env = env;
  services.executor = pool.get();
  services.metrics = metrics.get();
  services.sessions = sessions.get();
  services.query_limits.memory_bytes_max = options().memory_bytes_max / 4;
  services.query_memory = query_memory.get();
  // The engine is made after the console and before the first request.
  services.promql = [this](api::console::PromqlRange range, api::console::PromqlDone done) {
    promql->range(std::move(range), std::move(done));
  };
  services.version = version();
  services.region = options().region;
  if (options().auth_open) {
    services.open_session = api::console::Session{.user = "anonymous",
                                                  .role = "administrator",
                                                  .csrf = net::random_hex(*env.random, 32),
                                                  .principal = access->administrator()};
  }
  services.sign_in = [this](const std::string& user,
                            const std::string& password) -> std::optional<api::console::Session> {
    auto who = access->sign_in(user, password);
    if (!who) return std::nullopt;
    return session_of(*who);
  };
  services.token_session = [this](std::string_view token) -> std::optional<api::console::Session> {
    auto principal = access->tokens().find(token, env.clock->wall_now());
    if (principal == nullptr) return std::nullopt;
    return api::console::Session{
        .user = "token", .role = "administrator", .csrf = {}, .principal = principal};
  };
  services.local_host = [this]() -> std::optional<api::console::HostDescription> {
    if (!host) return std::nullopt;
    return describe_host(*env.files, host_id);
  };
  services.watch_local_host = [this](int64_t duration_ms) {
    if (host) host->watch(duration_ms);
  };
  services.series_limit = [this](const std::string& account) {
    return tenant_limits->series_of(account);
  };
  services.status_json = [this] { return status_json(); };
  api::AdminServices admin_services;
  admin_services.env = env;
  admin_services.executor = pool.get();
  admin_services.flush = [this](bool merge_all, std::move_only_function<void(Status)> done) {
    flush(merge_all, std::move(done));
  };
  admin_services.access = access.get();
  admin_services.sessions = sessions.get();
  admin_services.limits = tenant_limits.get();
  admin_services.take_snapshot = [this](Snapshots::Done done) { snapshots->take(std::move(done)); };
  admin_services.list_snapshots = [this] { return snapshots->list(); };
  admin_services.remove_snapshot = [this](const std::string& name) {
    return snapshots->remove(name);
  };
  admin_services.open = options().auth_open;
  admin_services.ready = [this] { return ready.load(); };
  admin_services.metrics_text = [this] { return metrics_text(); };
  admin_services.more = [this](const net::HttpRequest& request) {
    return collection_answer(*graph, request);
  };
  admin = std::make_unique<api::AdminApi>(std::move(admin_services));
  KANSOKU_RETURN_IF_ERROR(build_aws());
  services.logs = console_logs();
  console = std::make_unique<api::console::ConsoleApi>(std::move(services));
  KANSOKU_RETURN_IF_ERROR(build_graph());
  KANSOKU_RETURN_IF_ERROR(build_log_inputs());
  return build_prometheus();
}

// The pipelines of logs.
Status Server::State::build_graph() {
  GraphParts parts{
      .context = {env, loops.get(), pool.get(), &ledger, {options().account, options().region}},
      .loops = loops.get(),
      .state_directory = path("collect"),
      .host_name = local_host_name(),
      .store = collected.get()};
  KANSOKU_TRY(graph, RunningGraph::build(std::move(parts), configuration.graph));
  return {};
}

// Loki push and Elasticsearch bulk.
Status Server::State::build_log_inputs() {
  api::EventInputServices services{.env = env,
                                   .executor = pool.get(),
                                   .ledger = &ledger,
                                   .memory = write_memory.get(),
                                   .authentication = {.clock = env.clock,
                                                      .keys = &access->keys(),
                                                      .tokens = &access->tokens(),
                                                      .region = options().region,
                                                      .open_principal = nullptr},
                                   .version = std::string(version())};
  if (options().auth_open) services.authentication.open_principal = access->administrator();
  const auto counted = [&](const char* receiver) {
    event_sinks.push_back(
        std::make_unique<pipeline::EventLedgerSink>(ledger, receiver, "store", *collected));
    return event_sinks.back().get();
  };
  services.sink = counted(api::loki::kReceiver);
  loki = std::make_unique<api::loki::LokiApi>(services);
  services.sink = counted(api::elasticsearch::kReceiver);
  KANSOKU_TRY(elasticsearch, api::elasticsearch::ElasticsearchApi::make(std::move(services),
                                                                        options().elasticsearch));
  return {};
}

Status Server::State::build_prometheus() {
  using api::prometheus::PrometheusApi;
  sinks.push_back(std::make_unique<pipeline::LedgerSink>(
      ledger, api::prometheus::kReceiver, api::prometheus::kBranch, *store_exporter));
  query::QueryLimits limits;
  limits.memory_bytes_max = options().memory_bytes_max / 4;
  promql = std::make_unique<PromqlEngine>(
      PromqlEngine::Parts{env.clock, queries.get(), metrics.get(), limits, query_memory.get()});
  api::prometheus::PrometheusServices services;
  services.engine = promql.get();
  services.env = env;
  services.executor = pool.get();
  services.metrics = metrics.get();
  services.sink = sinks.back().get();
  services.ledger = &ledger;
  services.catalog = catalog.get();
  services.exemplars = exemplars.get();
  services.write_memory = write_memory.get();
  services.read_memory = query_memory.get();
  services.remote_read.answer_bytes_max = options().memory_bytes_max / 8;
  services.take_snapshot = [this](Snapshots::Done done) { snapshots->take(std::move(done)); };
  services.list_parts = [this] { return list_stored_parts(*env.files, path("metrics")); };
  services.metrics_text = [this] { return metrics_text(); };
  notifications = std::make_unique<api::prometheus::Notifications>(*env.clock);
  services.notifications = notifications.get();
  if (uint64_t damaged = metrics->stats().parts_quarantined; damaged > 0) {
    notifications->add(fmt::format(
        "{} parts of the store could not be read at start; what they hold is missing.", damaged));
  }
  if (exemplars->stats().damages > 0) {
    notifications->add("Stored exemplars were damaged; some are missing.");
  }
  services.authentication = {.clock = env.clock,
                             .keys = &access->keys(),
                             .tokens = &access->tokens(),
                             .region = options().region,
                             .open_principal = nullptr};
  if (options().auth_open) services.authentication.open_principal = access->administrator();
  services.version = version();
  services.started_ms = started_ms;
  services.data_directory = options().data_directory;
  services.host_name = host_id;
  services.workers = options().workers;
  services.memory_bytes_max = options().memory_bytes_max;
  services.retention_ms = options().prometheus_retention_ms;
  services.flags = {
      {"auth", options().auth_open ? "open" : "strict"},
      {"config", options().config_file},
      {"data", options().data_directory},
      {"listen", fmt::format("{}:{}", options().listen.address, options().listen.port)}};
  services.configuration = explain(configuration);
  KANSOKU_TRY(prometheus, PrometheusApi::open(std::move(services)));
  return {};
}

}  // namespace kansoku::app
