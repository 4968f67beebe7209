// The API over the reference engine, with keys of two tenants, for tests. Internal to this folder.
#pragma once

#include <doctest/doctest.h>

#include <bit>

#include "api/prometheus/prometheus_api.h"
#include "api/prometheus/values.h"
#include "base/env/sim.h"
#include "base/text/base64.h"
#include "net/auth/policy.h"
#include "net/auth/sigv4.h"
#include "pipeline/exporters/store/store_exporter.h"
#include "pipeline/graph/graph.h"
#include "store/reference/reference_catalog.h"
#include "store/reference/reference_exemplars.h"
#include "store/reference/reference_metrics.h"
#include "wire/document/document.h"
#include "wire/remote_write/test_messages.h"
#include "wire/snappy/snappy.h"

namespace kansoku::api::prometheus {

namespace t = wire::remote_write::test;
constexpr int64_t kNowMs = 1'795'348'800'000;  // 2026-11-22T12:00:00Z
constexpr const char* kV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

struct Recorded final : net::HttpExchange::Impl {
  std::optional<net::HttpResponse> response;  // of a stream: as far as it has come
  size_t writes = 0;
  bool streaming = false;
  bool ended = false;
  bool aborted = false;
  bool slow = false;  // every write fills the buffer
  bool gone = false;
  std::move_only_function<void()> drained;
  std::move_only_function<void()> peer_left;
  void respond(net::HttpResponse r) override { response = std::move(r); }
  void begin(int status, net::Headers headers) override {
    streaming = true;
    response = net::HttpResponse{.status = status, .headers = std::move(headers)};
  }
  bool write(std::string chunk) override {
    ++writes;
    response->body += chunk;
    return !slow;
  }
  void end(net::Headers) override { ended = true; }
  void abort() override { aborted = true; }
  bool closed() const override { return gone; }
  void on_close(std::move_only_function<void()> callback) override {
    peer_left = std::move(callback);
  }
  void on_drain(std::move_only_function<void()> callback) override {
    drained = std::move(callback);
  }
};

// Answers with what it was asked, so that tests see what reaches an engine.
struct EchoEngine final : QueryEngine {
  std::vector<std::string> asked;
  Result<ResultDocument> answer = ResultDocument{};
  void instant(std::string expression, int64_t time_ms, QueryOptions options,
               QueryDone done) override {
    asked.push_back(fmt::format("{} @{} timeout {} lookback {}", expression, time_ms,
                                options.timeout_ms, options.lookback_ms));
    done(answer);
  }
  void range(std::string expression, int64_t start_ms, int64_t end_ms, int64_t step_ms,
             QueryOptions options, QueryDone done) override {
    asked.push_back(fmt::format("{} {}..{} step {} {}", expression, start_ms, end_ms, step_ms,
                                options.scope.account));
    done(answer);
  }
};

// Holds deliveries back until told, as the log does until its sync.
struct HeldSink final : pipeline::MetricSink {
  std::vector<signal::MetricDelivery> held;
  pipeline::MetricSink* next = nullptr;
  void push(signal::MetricDelivery delivery) override {
    if (next != nullptr) {
      next->push(std::move(delivery));
    } else {
      held.push_back(std::move(delivery));
    }
  }
};

// The same for exemplars: `held` is called when they are "durable".
struct HeldExemplars final : store::ExemplarStore {
  store::ReferenceExemplarStore* next = nullptr;
  bool hold = false;
  std::vector<std::move_only_function<void()>> held;
  void append(const signal::Scope& scope, std::shared_ptr<const signal::MetricBatch> batch,
              Done done) override {
    held.emplace_back([this, scope, batch, done = std::move(done)]() mutable {
      next->append(scope, batch, std::move(done));
    });
    if (!hold) release();
  }
  void release() {
    for (auto& one : held) one();
    held.clear();
  }
  Result<store::ExemplarAnswer> find(const store::ExemplarQuery& query) const override {
    return next->find(query);
  }
  store::ExemplarStoreStats stats() const override { return next->stats(); }
};

struct Fixture {
  env::SimClock clock{env::WallTime{kNowMs * env::kNsPerMs}};
  env::SimRandom random{1};
  ManualExecutor executor;
  store::ReferenceMetricStore store;
  store::ReferenceExemplarStore exemplars{clock};
  HeldExemplars held_exemplars;
  pipeline::StoreExporter exporter{store};
  HeldSink held;
  signal::Ledger ledger;
  pipeline::LedgerSink sink{ledger, kReceiver, kBranch, held};
  net::auth::MemoryKeyStore keys;
  net::auth::MemoryTokenStore tokens;
  MemoryBudget memory{"remote_write", 64U << 20};
  MemoryBudget read_memory{"queries", 64U << 20};
  EchoEngine engine;
  Notifications notifications{clock, 2};
  Result<std::vector<StoredPart>> parts;
  std::string metrics_text = "# EOF\n";
  std::unique_ptr<PrometheusApi> api;
  std::string workspace = default_workspace_id({"111111111111", "eu-west-1"});

  explicit Fixture(store::ReferenceMetricOptions options = {}, store::Catalog* catalog = nullptr,
                   bool open = false,
                   std::function<void(PrometheusServices::SnapshotDone)> take_snapshot = {},
                   RemoteReadLimits read_limits = {})
      : store(clock, options) {
    held.next = &exporter;
    held_exemplars.next = &exemplars;
    tokens.put("tok", principal("111111111111", "administrator"));
    keys.put({.access_key_id = "AKIDEXAMPLE",
              .secret_access_key = "se:cret",
              .principal = principal("111111111111", "administrator")});
    keys.put({.access_key_id = "AKIDAGENT",
              .secret_access_key = "agent",
              .principal = principal("111111111111", "agent")});
    keys.put({.access_key_id = "AKIDOTHER",
              .secret_access_key = "other",
              .principal = principal("222222222222", "administrator")});
    PrometheusServices services;
    services.env.clock = &clock;
    services.env.random = &random;
    services.executor = &executor;
    services.metrics = &store;
    services.sink = &sink;
    services.ledger = &ledger;
    services.catalog = catalog;
    services.exemplars = &held_exemplars;
    services.write_memory = &memory;
    services.read_memory = &read_memory;
    services.remote_read = read_limits;
    services.engine = &engine;
    services.notifications = &notifications;
    services.list_parts = [this] { return parts; };
    services.metrics_text = [this] { return metrics_text; };
    services.authentication = {.clock = &clock,
                               .keys = &keys,
                               .tokens = &tokens,
                               .region = "eu-west-1",
                               .open_principal = nullptr};
    if (open) services.authentication.open_principal = principal("000000000000", "administrator");
    services.take_snapshot = std::move(take_snapshot);
    services.version = "9.9";
    services.workers = 2;
    services.flags = {{"auth", "strict"}};
    services.configuration = "server: {}\n";
    api = *PrometheusApi::open(std::move(services));
  }

  static std::shared_ptr<const net::auth::Principal> principal(std::string account,
                                                               std::string_view policy) {
    auto out = std::make_shared<net::auth::Principal>();
    out->account = account;
    out->arn = "arn:aws:iam::" + account + ":root";
    out->policies.push_back(net::auth::built_in_policy(policy));
    return out;
  }

  static net::HttpRequest request(std::string method, std::string target, std::string body = {},
                                  net::Headers headers = {}) {
    net::HttpRequest out;
    out.method = std::move(method);
    out.target = std::move(target);
    out.body = std::move(body);
    out.headers = std::move(headers);
    return out;
  }
  std::shared_ptr<Recorded> begin(net::HttpRequest r) {
    CHECK(PrometheusApi::is_mine(r));
    auto recorded = std::make_shared<Recorded>();
    api->handle(std::move(r), net::HttpExchange(recorded));
    executor.run_until_idle();
    return recorded;
  }
  net::HttpResponse send(net::HttpRequest r) {
    auto recorded = begin(std::move(r));
    REQUIRE(recorded->response.has_value());
    return std::move(*recorded->response);
  }
  net::HttpResponse get(std::string target) {
    return send(request("GET", std::move(target), {}, {{"Authorization", "Bearer tok"}}));
  }
  wire::Node data(std::string target, int status = 200) {
    net::HttpResponse r = get(std::move(target));
    INFO(r.body);
    CHECK(r.status == status);
    auto node = wire::parse_json(r.body);
    REQUIRE(node.has_value());
    CHECK(node->text_of("status") == (status == 200 ? "success" : "error"));
    return status == 200 ? *node->find("data") : *node;
  }
  std::string raw_data(std::string target) {
    net::HttpResponse r = get(std::move(target));
    INFO(r.body);
    CHECK(r.status == 200);
    return r.body;
  }
  static net::HttpRequest write_request(std::string_view message,
                                        std::string type = "application/x-protobuf") {
    return request("POST", "/api/v1/write", wire::snappy_encode(message),
                   {{"Authorization", "Bearer tok"},
                    {"Content-Type", std::move(type)},
                    {"Content-Encoding", "snappy"}});
  }
  net::HttpResponse write_v1(const std::vector<t::Series>& series) {
    return send(write_request(t::message_v1(series)));
  }
  net::HttpResponse write_v2(const std::vector<t::Series>& series) {
    return send(write_request(t::message_v2(series), kV2));
  }
  void write_some() {
    auto out = write_v1({{.labels = {{"__name__", "up"}, {"instance", "a:1"}, {"job", "node"}},
                          .samples = {{kNowMs - 60'000, 1}}},
                         {.labels = {{"__name__", "up"}, {"instance", "b:1"}, {"job", "node"}},
                          .samples = {{kNowMs - 30'000, 0.1}}},
                         {.labels = {{"__name__", "old"}, {"instance", "c:1"}, {"my.label", "温"}},
                          .samples = {{kNowMs - 7'200'000, 5}}}});
    CHECK(out.status == 204);
  }
  std::string written(const net::HttpResponse& r) {
    return fmt::format("{} {}/{}/{}", r.status,
                       r.headers.get("x-prometheus-remote-write-samples-written"),
                       r.headers.get("x-prometheus-remote-write-histograms-written"),
                       r.headers.get("x-prometheus-remote-write-exemplars-written"));
  }
};

}  // namespace kansoku::api::prometheus
