// Events in memory, and answers of JSON lines, for tests of the pages of logs. Test support.
#pragma once

#include <doctest/doctest.h>

#include "api/aws/logs/test_server.h"
#include "api/console/log_search.h"
#include "net/auth/policy.h"
#include "wire/document/document.h"

namespace kansoku::api::console::test {

struct Lines final : net::HttpExchange::Impl {
  void respond(net::HttpResponse response) override {
    status = response.status;
    body = response.body;
    ended = true;
  }
  void begin(int begun, net::Headers) override { status = begun; }
  bool write(std::string chunk) override {
    body += chunk;
    return true;
  }
  void end(net::Headers) override { ended = true; }
  void abort() override { aborted = true; }
  bool closed() const override { return false; }
  void on_close(std::move_only_function<void()> callback) override { close = std::move(callback); }
  void on_drain(std::move_only_function<void()>) override {}

  std::vector<wire::Node> lines() const {
    std::vector<wire::Node> out;
    for (size_t at = 0; at < body.size();) {
      const size_t end = std::min(body.find('\n', at), body.size());
      out.push_back(*wire::parse_json(std::string_view(body).substr(at, end - at)));
      at = end + 1;
    }
    return out;
  }
  // The last line that says `what`.
  wire::Node last(std::string_view what) const {
    wire::Node out;
    for (const wire::Node& line : lines()) {
      if (const wire::Node* found = line.find(what)) out = *found;
    }
    return out;
  }

  int status = 0;
  std::string body;
  bool ended = false;
  bool aborted = false;
  std::move_only_function<void()> close;
};

inline std::shared_ptr<const net::auth::Principal> principal_of(std::string_view resource) {
  auto out = std::make_shared<net::auth::Principal>();
  out->account = "1";
  out->arn = "arn:aws:iam::1:user/sato";
  out->policies.push_back(*net::auth::Policy::parse(
      fmt::format(R"({{"Version":"2012-10-17",)"
                  R"("Statement":[{{"Effect":"Allow","Action":"*","Resource":"{}"}}]}})",
                  resource)));
  return out;
}

struct Fixture {
  env::SimClock clock;
  env::SimRandom random{3};
  ManualExecutor executor;
  store::ReferenceCatalog catalog;
  std::unique_ptr<api::aws::logs::GroupStore> groups =
      *api::aws::logs::GroupStore::open(catalog, clock);
  api::aws::logs::MemoryBackend backend{clock, *groups, executor};
  LogUser user{{"1", "r"}, principal_of("*")};

  Fixture() {
    for (const char* name : {"a", "b"}) {
      groups->create(user.scope, {.name = name}, [](Status status) { CHECK(status.has_value()); });
    }
  }
  LogServices services() {
    return {.clock = &clock,
            .random = &random,
            .timers = &clock,
            .executor = &executor,
            .backend = &backend,
            .groups = groups.get(),
            .tail = &backend.tail,
            .call = {}};
  }
  void put(const std::string& group, std::vector<std::pair<int64_t, std::string>> messages) {
    signal::EventBatchBuilder builder;
    const uint32_t stream = builder.add_stream(
        {.group = group, .stream = "s", .generation = groups->find(user.scope, group)->generation});
    for (const auto& [ms, text] : messages) {
      builder.add_row(stream, ms * env::kNsPerMs);
      builder.set_text(signal::kMessagePath, text);
    }
    bool stored = false;
    backend.put(user.scope, builder.finish(), "",
                [&](Status status) { stored = status.has_value(); });
    CHECK(stored);
    executor.run_until_idle();
  }
  using Handler = void (*)(const LogServices&, const LogUser&, const wire::Node&,
                           net::HttpExchange);
  std::shared_ptr<Lines> ask(Handler handler, std::string_view body) {
    auto lines = std::make_shared<Lines>();
    handler(services(), user, *wire::parse_json(body), net::HttpExchange(lines));
    executor.run_until_idle();
    return lines;
  }
  std::shared_ptr<Lines> search(std::string_view more) {
    return ask(search_logs, fmt::format(R"({{"range":{{"from":0,"to":10000}}{}}})", more));
  }
};

inline std::vector<std::string> messages_of(const wire::Node& events) {
  std::vector<std::string> out;
  for (const wire::Node& event : events.items) out.emplace_back(event.text_of("message"));
  return out;
}

inline double sum_of(const wire::Node& counts, std::string_view level) {
  double out = 0;
  for (const wire::Node& one : counts.find(level)->items) out += std::stod(one.scalar);
  return out;
}

using List = std::vector<std::string>;

}  // namespace kansoku::api::console::test
