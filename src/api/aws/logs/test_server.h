// A dispatcher with CloudWatch Logs over the reference event store, for tests.
#pragma once

#include "api/aws/dispatcher_fixture.h"
#include "api/aws/logs/service.h"
#include "store/reference/reference_catalog.h"
#include "store/reference/reference_events.h"

namespace kansoku::api::aws::logs {

class MemoryBackend final : public LogsBackend {
 public:
  MemoryBackend(const env::Clock& clock, const store::EventPolicies& policies, Executor& executor)
      : events(clock, &policies), tail(clock, executor, into_store_), clock_(clock) {}
  void put(const signal::Scope& scope, std::shared_ptr<const signal::EventBatch> batch, std::string,
           std::move_only_function<void(Status)> done) override {
    if (!put_status) return done(put_status);
    const uint64_t rows = batch->row_count();
    tail.push({scope,
               std::move(batch),
               {},
               signal::AckToken(rows, nullptr, Lane::Ingest,
                                [done = std::move(done)](signal::Verdict verdict) mutable {
                                  done(std::move(verdict.status));
                                })});
  }
  void read(Work work, int64_t time_ms_max) override {
    query::QueryContext context(clock_, {.time_ms = time_ms_max});
    work(&events, context);
  }
  void delete_stream(const signal::Scope& scope, std::string group, std::string stream,
                     std::move_only_function<void(Status)> done) override {
    events.delete_stream(scope, std::move(group), std::move(stream), std::move(done));
  }

  store::ReferenceEventStore events;

 private:
  struct IntoStore final : pipeline::EventSink {
    explicit IntoStore(store::EventStore& s) : store(s) {}
    void push(signal::EventDelivery delivery) override { store.append(std::move(delivery)); }
    store::EventStore& store;
  };
  IntoStore into_store_{events};

 public:
  pipeline::live_tail::LiveTail tail;
  Status put_status;  // what put() answers, when it is not good

 private:
  const env::Clock& clock_;
};

struct TestServer : DispatcherFixture {
  store::ReferenceCatalog catalog;
  std::unique_ptr<GroupStore> groups = *GroupStore::open(catalog, clock);
  std::unique_ptr<FilterStore> filters = *FilterStore::open(catalog);
  std::unique_ptr<SubscriptionStore> subscriptions = *SubscriptionStore::open(catalog);
  std::shared_ptr<ScheduledQueries> scheduled = open_scheduled();
  std::vector<std::string> announced;
  MemoryBackend backend{clock, *groups, executor};

  TestServer() {
    dispatcher->add_service(service_table({.backend = &backend,
                                           .groups = groups.get(),
                                           .filters = filters.get(),
                                           .subscriptions = subscriptions.get(),
                                           .scheduled = scheduled.get(),
                                           .announce =
                                               [this](const auto& one, std::string_view kind) {
                                                 announced.push_back(
                                                     fmt::format("{} {}", one.name, kind));
                                               },
                                           .random = &random,
                                           .clock = &clock,
                                           .timers = &clock,
                                           .executor = &executor,
                                           .live_tail = &backend.tail,
                                           .catalog = &catalog,
                                           .page_token_key = "0123456789abcdef"}));
  }

  std::shared_ptr<ScheduledQueries> open_scheduled() {
    return *ScheduledQueries::open({.catalog = &catalog,
                                    .clock = &clock,
                                    .timers = &clock,
                                    .executor = &executor,
                                    .random = &random,
                                    .find_zone = [](std::string_view name) -> std::optional<Zone> {
                                      if (name != "Asia/Tokyo") return std::nullopt;
                                      return Zone(9 * 3'600);
                                    }});
  }
  static net::HttpRequest request(std::string_view operation, std::string body) {
    net::HttpRequest out;
    out.method = "POST";
    out.target = "/";
    out.headers = {{"Host", "h"},
                   {"Content-Type", "application/x-amz-json-1.1"},
                   {"X-Amz-Target", "Logs_20140328." + std::string(operation)}};
    out.body = std::move(body);
    return out;
  }
  net::HttpResponse send(std::string_view operation, std::string body) {
    return call(request(operation, std::move(body)), "logs");
  }
  // The answer of a call that works.
  test::JsonValue ok(std::string_view operation, std::string body) {
    const net::HttpResponse response = send(operation, std::move(body));
    INFO(operation, " ", response.body);
    CHECK(response.status == 200);
    return response.body.empty() ? test::JsonValue() : test::parse_json(response.body);
  }
  // "Shape: message" of one that does not.
  std::string error(std::string_view operation, std::string body) {
    const net::HttpResponse response = send(operation, std::move(body));
    if (response.status == 200) return "no error";
    const test::JsonValue json = test::parse_json(response.body);
    const std::string type = json["__type"].text;
    return type.substr(type.find('#') + 1) + ": " + json["message"].text;
  }
};

}  // namespace kansoku::api::aws::logs
