#include "app/server.h"

#include <unistd.h>

#include <future>

#include "app/credentials_file.h"
#include "app/host_identity.h"
#include "app/listener_keys.h"
#include "app/server_metrics.h"
#include "app/server_state.h"
#include "base/check.h"
#include "net/secrets/secrets.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

void append_aws_metrics(const std::vector<api::aws::OperationStats>& stats, api::OpenMetrics& out) {
  struct Column {
    std::string_view name;
    std::string_view help;
    std::atomic<uint64_t> api::aws::OperationCounters::* counter;
  };
  using Counters = api::aws::OperationCounters;
  constexpr std::array<Column, 5> kColumns{{
      {"kansoku_aws_requests", "requests of an AWS operation", &Counters::requests},
      {"kansoku_aws_client_errors", "answers of 4xx", &Counters::client_errors},
      {"kansoku_aws_server_errors", "answers of 5xx", &Counters::server_errors},
      {"kansoku_aws_auth_failures", "requests that were not let in", &Counters::auth_failures},
      {"kansoku_aws_request_bytes", "bodies as received", &Counters::body_bytes},
  }};
  for (const Column& column : kColumns) {
    for (const api::aws::OperationStats& row : stats) {
      out.counter(column.name, column.help,
                  static_cast<double>((row.counters->*column.counter).load()),
                  {{"service", row.service}, {"operation", row.operation}});
    }
  }
}

void append_query_metrics(const FiberQueue& queries, api::OpenMetrics& out) {
  const FiberQueue::Stats stats = queries.stats();
  out.gauge("kansoku_query_running", "queries that are being evaluated",
            static_cast<double>(stats.running));
  out.gauge("kansoku_query_waiting", "queries in the line", static_cast<double>(stats.waiting));
  out.counter("kansoku_query_answered", "queries that were evaluated, or ended",
              static_cast<double>(stats.answered));
  for (size_t i = 0; i < stats.steps.size(); ++i) {
    const bool last = i == FiberQueue::kStepMsBounds.size();
    out.counter("kansoku_query_steps", "steps of evaluations, by the most they took",
                static_cast<double>(stats.steps[i]),
                {{"up_to_ms", last ? "more" : fmt::format("{}", FiberQueue::kStepMsBounds[i])}});
  }
  out.gauge("kansoku_query_longest_step_seconds", "the longest step since the start",
            static_cast<double>(stats.longest_step_ns) / 1e9);
}

void append_subscription_metrics(const watch::log_subscriptions::Stats& filters,
                                 const pipeline::aws_target::Stats& targets,
                                 api::OpenMetrics& out) {
  out.counter("kansoku_subscription_delivered_events", "that destinations took",
              static_cast<double>(filters.delivered));
  out.counter("kansoku_subscription_dropped_events", "given up; the ledger has the reasons",
              static_cast<double>(filters.dropped));
  out.counter("kansoku_subscription_recovered_events",
              "delivered by the first reading after a start, perhaps once more",
              static_cast<double>(filters.recovered));
  out.gauge("kansoku_subscription_filters_behind", "filters with events that are not delivered yet",
            static_cast<double>(filters.behind));
  out.counter("kansoku_aws_target_records", "that targets took",
              static_cast<double>(targets.records));
  out.counter("kansoku_aws_target_retries", "requests that are tried again",
              static_cast<double>(targets.retries));
  out.gauge("kansoku_aws_target_queued_bytes", "of records that wait or are on their way",
            static_cast<double>(targets.queued_bytes));
}

// Requests in flight get this long to finish at SIGTERM; the process exits within 10 s.
constexpr int64_t kStopGraceMs = 4'000;
constexpr int64_t kFlushGraceMs = 4'000;

// What people and programs that watch the server are told, in the reference server's words.
constexpr const char* kReloadFailed = "Configuration reload has failed.";
constexpr const char* kShuttingDown =
    "kansoku is shutting down and gracefully stopping all operations.";

// Runs `begin` with a callback and waits for its answer; for the main thread at start and stop
// only.
template <class T, class Begin>
T wait_for(Begin&& begin) {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  begin([promise](T value) { promise->set_value(std::move(value)); });
  return future.get();
}

Status check_exposure(const Configuration& configuration) {
  const ServerOptions& options = configuration.options;
  for (const pipeline::ReceiverSpec& receiver : configuration.graph.receivers) {
    const std::string* address = listener_address(receiver);
    if (options.auth_open && address != nullptr && !is_loopback(*address)) {
      return invalid_argument("--auth open is refused while receiver {} listens on {}",
                              receiver.name, *address);
    }
  }
  bool loopback = is_loopback(options.listen.address);
  bool tls = !options.tls_certificate_file.empty();
  if (options.auth_open && !loopback) {
    return invalid_argument(
        "--auth open is refused on {}: it makes everybody the administrator; listen "
        "on 127.0.0.1 or use --auth strict",
        options.listen.address);
  }
  if (!loopback && !tls && !options.insecure_http) {
    return invalid_argument(
        "plain HTTP on {} is refused: give --tls-cert and --tls-key, or --insecure-http",
        options.listen.address);
  }
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return invalid_argument("--tls-cert and --tls-key go together");
  }
  return {};
}

}  // namespace

std::string_view version() { return "0.1.0"; }

Status Server::State::open_store() {
  KANSOKU_RETURN_IF_ERROR(env.files->create_directories(options().data_directory));
  auto opened = store::wal::Log::open(env, path("wal"), {});
  if (!opened && opened.error().code == ErrorCode::FailedPrecondition) {
    return failed_precondition("data directory {} is in use by another kansoku",
                               options().data_directory);
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  log = std::move(*opened);
  const store::wal::RecoveryReport& recovery = log->recovery();
  if (recovery.tail_bytes_cut > 0) {
    log_info("log",
             "cut {} bytes of an interrupted write from the end of the log; nothing acknowledged "
             "was in them",
             recovery.tail_bytes_cut);
  }
  if (recovery.damages > 0) {
    log_error("log",
              "{} damaged places in the log, the first: {}; run kansoku on a copy of the data "
              "directory if you need to look closer",
              recovery.damages, recovery.first_damage);
  }
  KANSOKU_TRY(catalog, store::SqliteCatalog::open(env, *pool, path("catalog.db")));
  KANSOKU_RETURN_IF_ERROR(open_engines());
  log->start();
  snapshots = std::make_unique<Snapshots>(
      SnapshotParts{env, pool.get(), log.get(), metrics.get(), events.get(), exemplars.get(),
                    catalog.get(), options().data_directory, std::string(version())});
  KANSOKU_TRY(tenant_limits,
              api::TenantLimits::open(*catalog, *metrics, options().series_per_tenant_max));
  return {};
}

// Each reads what of the log is its own.
Status Server::State::open_engines() {
  KANSOKU_TRY(metrics, store::metrics::MetricEngine::open(
                           env, *pool, loops.get(), *log,
                           {.directory = path("metrics"),
                            .replace_retention_ms = options().prometheus_retention_ms,
                            .tier_rules = options().prometheus_tiers,
                            .series_per_tenant_max = options().series_per_tenant_max}));
  KANSOKU_TRY(exemplars, store::exemplars::ExemplarEngine::open(
                             env, *pool, loops.get(), *log,
                             {.directory = path("exemplars"),
                              .exemplars_per_account_max = options().exemplars_per_account_max,
                              .retention_ms = options().prometheus_retention_ms}));
  // What the settings say of groups is asked while the log is read.
  KANSOKU_TRY(log_groups, api::aws::logs::GroupStore::open(*catalog, *env.clock));
  KANSOKU_TRY(log_filters, api::aws::logs::FilterStore::open(*catalog));
  KANSOKU_TRY(log_subscription_filters, api::aws::logs::SubscriptionStore::open(*catalog));
  KANSOKU_TRY(events, store::events::EventEngine::open(
                          env, *pool, loops.get(), *log,
                          {.directory = path("events"), .policies = log_groups.get()}));
  for (auto enforce : {store::RetentionSchedule::Enforce(
                           [this](auto done) { metrics->enforce_retention(std::move(done)); }),
                       store::RetentionSchedule::Enforce(
                           [this](auto done) { events->enforce_retention(std::move(done)); })}) {
    retention.push_back(std::make_unique<store::RetentionSchedule>(*loops, std::move(enforce)));
  }
  return {};
}

void Server::State::flush(bool merge_all, std::move_only_function<void(Status)> done) {
  metrics->flush(merge_all, [this, merge_all, done = std::move(done)](Status flushed) mutable {
    if (!flushed) return done(std::move(flushed));
    events->flush(merge_all, std::move(done));
  });
}

Status Server::State::open_access() {
  KANSOKU_TRY(auto box, net::SecretBox::open(*env.files, *env.random, path("master.key")));
  KANSOKU_TRY(access, api::AccessControl::open(env, *catalog, std::move(box), options().account));
  auto credentials = read_credentials(*env.files, options().data_directory);
  if (!credentials && credentials.error().code != ErrorCode::NotFound) {
    return std::unexpected(std::move(credentials).error());
  }
  bool complete = credentials && access->keys().find(credentials->access_key_id) != nullptr &&
                  access->tokens().find(credentials->token, env.clock->wall_now()) != nullptr;
  if (complete) return {};
  if (!credentials) {
    // First start, or somebody moved the file away: a fresh key and token.
    auto key = wait_for<Result<api::NewKey>>(
        [&](auto done) { access->create_key("root", "administrator", std::move(done)); });
    if (!key) return std::unexpected(std::move(key).error());
    FirstCredentials fresh{key->info.access_key_id, key->secret_access_key,
                           "kansoku_" + net::random_hex(*env.random, 24)};
    KANSOKU_RETURN_IF_ERROR(
        write_credentials(*env.files, options().data_directory, fresh, options().region));
    credentials = std::move(fresh);
  } else {
    // A start that ended between the two writes, or a catalog restored from elsewhere.
    api::NewKey key;
    key.info = {credentials->access_key_id, "root", "administrator", env.clock->wall_now().ms(),
                false};
    key.secret_access_key = credentials->secret_access_key;
    auto stored = wait_for<Result<api::NewKey>>(
        [&](auto done) { access->put_key(std::move(key), std::move(done)); });
    if (!stored) return std::unexpected(std::move(stored).error());
  }
  auto token = wait_for<Result<std::string>>(
      [&](auto done) { access->put_token(credentials->token, "root", std::move(done)); });
  if (!token) return std::unexpected(std::move(token).error());
  if (!access->user("admin")) {
    auto user = wait_for<Result<api::UserInfo>>([&](auto done) {
      access->put_user("admin", "administrator", std::nullopt, std::move(done));
    });
    if (!user) return std::unexpected(std::move(user).error());
  }
  return {};
}

Status Server::State::build_pipelines() {
  std::string known = options().host.instance_id;
  if (known.empty()) known = ec2_instance_id(env, *loops, options().data_directory);
  KANSOKU_TRY(host_id, app::host_id(env, options().data_directory, known));
  store_exporter = std::make_unique<pipeline::StoreExporter>(*metrics);
  event_exporter = std::make_unique<pipeline::EventStoreExporter>(*events);
  live_tail = std::make_unique<pipeline::live_tail::LiveTail>(*env.clock, *pool, *event_exporter);
  std::vector<pipeline::Branch> branches;
  for (const PipelineSpec& spec : configuration.pipelines) {
    if (std::find(spec.receivers.begin(), spec.receivers.end(), "host") == spec.receivers.end())
      continue;
    auto ledger_sink =
        std::make_unique<pipeline::LedgerSink>(ledger, "host", spec.name, *store_exporter);
    branches.push_back({ledger_sink.get(), true});
    sinks.push_back(std::move(ledger_sink));
  }
  if (branches.empty()) return {};
  pipeline::MetricSink* entry = branches[0].sink;
  if (branches.size() > 1) {
    sinks.push_back(std::make_unique<pipeline::FanOut>(std::move(branches)));
    entry = sinks.back().get();
  }
  pipeline::ComponentContext context{
      env, loops.get(), pool.get(), &ledger, {options().account, options().region}};
  pipeline::host::HostConfig config = options().host;
  config.instance_id = host_id;
  host = std::make_shared<pipeline::host::HostReceiver>(context, config, *entry);
  return {};
}

Status Server::State::listen() {
  net::HttpServerOptions http_options;
  http_options.address = options().listen.address;
  http_options.port = options().listen.port;
  http_options.tls_certificate_file = options().tls_certificate_file;
  http_options.tls_key_file = options().tls_key_file;
  http_options.tls_client_ca_file = options().tls_client_ca_file;
  http_options.limits.bodies_bytes_max = options().memory_bytes_max / 4;
  auto started = net::HttpServer::start(
      *loops, http_options, [this](net::HttpRequest request, net::HttpExchange exchange) {
        route(std::move(request), std::move(exchange));
      });
  if (!started) {
    return fail(started.error().code,
                started.error().to_string() + "; choose another address with --listen ADDR:PORT");
  }
  http = std::move(*started);
  for (const auto& [name, value] : options().ports) {
    if (value != "off" && !is_listener(name)) {
      log_warn("server", "listener {} is not served by this version; nothing listens for it", name);
    }
  }
  return {};
}

// Where tools on this host reach the server: a wildcard address is reached by loopback.
std::string Server::State::local_url() const {
  std::string address = options().listen.address;
  if (address == "0.0.0.0") address = "127.0.0.1";
  if (address == "::") address = "::1";
  bool v6 = address.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/", options().tls_certificate_file.empty() ? "http" : "https",
                     v6 ? "[" : "", address, v6 ? "]" : "", http->port());
}

Status Server::State::write_ports() {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("url");
  json.string(local_url());
  json.key("http");
  json.integer(http->port());
  for (const auto& [name, port] : graph->ports()) {
    json.key(name);
    json.integer(port);
  }
  json.end_object();
  return env.files->write_atomic(path("ports.json"), out + "\n");
}

void Server::State::route(net::HttpRequest request, net::HttpExchange exchange) {
  std::string_view path = request.path();
  // The listener is open a moment before the rest stands; nothing else of this is read until then.
  if (!ready.load(std::memory_order_acquire) && path != "/-/ready" && path != "/-/healthy") {
    net::HttpResponse out{.status = 503, .body = "starting or stopping; try again\n"};
    out.headers.set("retry-after", "1");
    exchange.respond(std::move(out));
    return;
  }
  if (path == "/ui" || path.starts_with("/ui/")) {
    console->handle(std::move(request), std::move(exchange));
    return;
  }
  if (path == "/metrics" || path.starts_with("/-/")) {
    admin->handle(std::move(request), std::move(exchange));
    return;
  }
  bool wants_page = request.method == "GET" && path == "/" && request.query().empty() &&
                    request.headers.get("accept").find("text/html") != std::string_view::npos;
  if (wants_page) {
    net::HttpResponse out{.status = 302};
    out.headers.set("location", "/ui/");
    exchange.respond(std::move(out));
    return;
  }
  if (api::loki::LokiApi::is_mine(request)) {
    loki->handle(std::move(request), std::move(exchange));
    return;
  }
  if (api::elasticsearch::ElasticsearchApi::is_mine(request)) {
    elasticsearch->handle(std::move(request), std::move(exchange));
    return;
  }
  // Before the AWS services: these paths are signed by SigV4 too.
  if (api::prometheus::PrometheusApi::is_mine(request)) {
    prometheus->handle(std::move(request), std::move(exchange));
    return;
  }
  if (api::aws::is_aws_request(request)) {
    aws->handle(std::move(request), std::move(exchange));
    return;
  }
  net::HttpResponse out{.status = 404, .body = "no such path; the console is at /ui/\n"};
  out.headers.set("content-type", "text/plain; charset=utf-8");
  exchange.respond(std::move(out));
}

std::string Server::State::metrics_text() {
  api::OpenMetrics out;
  append_server_metrics({.env = env,
                         .http = http.get(),
                         .pool = pool.get(),
                         .log = log.get(),
                         .metrics = metrics.get(),
                         .events = events.get(),
                         .exemplars = exemplars.get(),
                         .ledger = &ledger,
                         .started_ms = started_ms},
                        out);
  for (const MemoryBudget* budget : {query_memory.get(), write_memory.get()}) {
    out.gauge("kansoku_memory_budget_used_bytes", "bytes drawn from a memory budget",
              static_cast<double>(budget->used_bytes()), {{"budget", budget->name()}});
  }
  append_aws_metrics(aws->stats(), out);
  append_query_metrics(*queries, out);
  append_subscription_metrics(log_subscriptions->stats(), aws_targets->stats(), out);
  out.gauge("kansoku_live_tail_watchers", "sessions that follow logs",
            static_cast<double>(live_tail->watchers()));
  graph->append_metrics(out);
  return std::move(out).finish();
}

std::string Server::State::status_json() {
  store::MetricStoreStats stats = metrics->stats();
  store::ExemplarStoreStats exemplar_stats = exemplars->stats();
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  auto number = [&](std::string_view key, uint64_t value) {
    json.key(key);
    json.unsigned_integer(value);
  };
  json.key("version");
  json.string(version());
  number("uptimeMs", static_cast<uint64_t>(env.clock->wall_now().ms() - started_ms));
  number("series", stats.series);
  number("points", stats.points_appended);
  number("events", events->stats().rows_appended);
  number("diskBytes", stats.parts_bytes + events->stats().parts_bytes + exemplar_stats.file_bytes +
                          log->stats().segment_bytes);
  number("rssBytes", resident_bytes(*env.files));
  number("queries", pool->lane_stats(Lane::Query).done);
  json.key("lastError");
  std::string last_error = stats.last_error.empty() ? log->stats().last_error : stats.last_error;
  if (last_error.empty()) last_error = exemplar_stats.last_error;
  if (last_error.empty()) {
    json.null();
  } else {
    json.string(last_error);
  }
  json.end_object();
  return out;
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(Configuration configuration) {
  KANSOKU_RETURN_IF_ERROR(check_exposure(configuration));
  auto state = std::make_unique<State>();
  state->configuration = std::move(configuration);
  set_log(state->options().log_level, state->options().log_format);
  state->started_ms = state->env.clock->wall_now().ms();
  state->process_memory =
      std::make_unique<MemoryBudget>("process", state->options().memory_bytes_max);
  state->query_memory = std::make_unique<MemoryBudget>(
      "queries", state->options().memory_bytes_max / 2, state->process_memory.get());
  state->write_memory = std::make_unique<MemoryBudget>(
      "remote_write", state->options().memory_bytes_max / 4, state->process_memory.get());
  state->loops = net::EventLoops::start(1);
  state->pool = std::make_unique<ThreadPool>(state->options().workers);
  std::unique_ptr<Server> server(new Server(std::move(state)));
  State& s = *server->state_;
  KANSOKU_RETURN_IF_ERROR(s.open_store());
  KANSOKU_RETURN_IF_ERROR(s.open_access());
  KANSOKU_RETURN_IF_ERROR(s.build_pipelines());
  KANSOKU_RETURN_IF_ERROR(s.build_apis());
  KANSOKU_RETURN_IF_ERROR(s.listen());
  if (s.host) KANSOKU_RETURN_IF_ERROR(s.host->start());
  s.log_subscriptions->start();
  KANSOKU_RETURN_IF_ERROR(s.graph->start());
  KANSOKU_RETURN_IF_ERROR(s.write_ports());
  s.ready.store(true, std::memory_order_release);
  return server;
}

std::string Server::url() const {
  const ServerOptions& o = state_->options();
  bool v6 = o.listen.address.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/", o.tls_certificate_file.empty() ? "http" : "https",
                     v6 ? "[" : "", o.listen.address, v6 ? "]" : "", state_->http->port());
}

std::string Server::sign_in_link() {
  auto who = state_->access->user("admin");
  KANSOKU_CHECK(who.has_value());
  return url() +
         "ui/signin?token=" + state_->sessions->make_one_time_token(state_->session_of(*who));
}

// False when something stays as it was; the log says why.
bool Server::State::reload() {
  bool good = true;
  if (!options().tls_certificate_file.empty()) {
    if (auto status = http->reload_tls(); !status) {
      log_error("server", "certificates not reloaded, the old ones stay: {}",
                status.error().to_string());
      good = false;
    }
  }
  graph->reload_tls();
  if (options().config_file.empty()) return good;
  auto text = env.files->read_all(options().config_file);
  if (!text) {
    log_error("server", "configuration not reloaded: {}", text.error().to_string());
    return false;
  }
  auto fresh = read_configuration(*text, options().config_file, default_options());
  if (!fresh) {
    for (const wire::Problem& problem : fresh.error()) {
      log_error("server", "configuration not reloaded: {}", problem.to_string());
    }
    return false;
  }
  set_log(fresh->options.log_level, fresh->options.log_format);
  if (host && !options().host.detailed_monitoring) {
    host->set_detailed_monitoring(fresh->options.host.detailed_monitoring);
  }
  log_info("server",
           "configuration reloaded: log and detailed_monitoring are in force; the rest needs a "
           "restart");
  return good;
}

void Server::reload() {
  if (state_->reload()) {
    state_->notifications->remove(kReloadFailed);
  } else {
    state_->notifications->add(kReloadFailed);
  }
}

void Server::stop() {
  State& s = *state_;
  if (s.stopped) return;
  s.stopped = true;
  s.ready.store(false);
  if (s.notifications) {
    s.notifications->add(kShuttingDown);
    s.notifications->close();
  }
  if (s.host) {
    wait_for<bool>(
        [&](auto done) { s.host->stop([done = std::move(done)]() mutable { done(true); }); });
  }
  if (s.live_tail) s.live_tail->close();  // ends the streams, which would wait for nothing
  if (s.graph) s.graph->stop();
  if (s.http) {
    wait_for<bool>([&](auto done) {
      s.http->stop(kStopGraceMs, [done = std::move(done)]() mutable { done(true); });
    });
  }
  if (s.log_subscriptions) s.log_subscriptions->stop();
  if (s.aws_targets) s.aws_targets->stop();
  if (s.queries) s.queries->shutdown();
  s.retention.clear();
  if (s.metrics) {
    // Parts on disk make the next start quick; what does not fit the time is in the log anyway.
    auto flushed = std::make_shared<std::promise<void>>();
    auto future = flushed->get_future();
    auto running =
        std::make_shared<std::atomic<int>>(1 + (s.exemplars ? 1 : 0) + (s.events ? 1 : 0));
    auto one_done = [flushed, running](const Status&) {
      if (running->fetch_sub(1) == 1) flushed->set_value();
    };
    s.metrics->flush(false, one_done);
    if (s.events) s.events->flush(false, one_done);
    if (s.exemplars) s.exemplars->flush(one_done);
    future.wait_for(std::chrono::milliseconds(kFlushGraceMs));
    s.metrics->close();
    if (s.events) s.events->close();
    if (s.exemplars) s.exemplars->close();
  }
  if (s.log) s.log->close();
  if (s.catalog) s.catalog->close();
  if (s.pool) s.pool->shutdown();
  // Calls whose steps nobody takes any more end here, while what they read still stands.
  s.queries.reset();
  if (s.loops) s.loops->stop();
}

}  // namespace kansoku::app
