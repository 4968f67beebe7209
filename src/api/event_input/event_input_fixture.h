// Services over a sink that holds deliveries back, and requests of an administrator, for tests of
// the HTTP inputs of logs. Internal to tests.
#pragma once

#include "api/event_input/event_input.h"
#include "net/auth/policy.h"
#include "pipeline/sending/receiver_fixture.h"

namespace kansoku::api {

struct RecordedAnswer final : net::HttpExchange::Impl {
  std::optional<net::HttpResponse> response;
  void respond(net::HttpResponse r) override { response = std::move(r); }
  void begin(int, net::Headers) override {}
  bool write(std::string) override { return true; }
  void end(net::Headers) override {}
  void abort() override {}
  bool closed() const override { return false; }
  void on_close(std::move_only_function<void()>) override {}
  void on_drain(std::move_only_function<void()>) override {}
};

struct InputFixture : pipeline::ReceiverFixture {
  net::auth::MemoryKeyStore keys;
  net::auth::MemoryTokenStore tokens;
  MemoryBudget memory;

  explicit InputFixture(std::string receiver, uint64_t memory_bytes = 1U << 20)
      : ReceiverFixture(std::move(receiver)), memory("inputs", memory_bytes) {
    tokens.put("tok", principal(net::auth::built_in_policy("administrator")));
    keys.put({.access_key_id = "AKIDEXAMPLE",
              .secret_access_key = "secret",
              .principal = principal(net::auth::built_in_policy("agent"))});
  }
  static std::shared_ptr<const net::auth::Principal> principal(
      std::shared_ptr<const net::auth::Policy> policy) {
    auto out = std::make_shared<net::auth::Principal>();
    out->account = "111111111111";
    out->policies.push_back(std::move(policy));
    return out;
  }
  EventInputServices services() {
    return {.env = context().env,
            .executor = &executor,
            .sink = &entry,
            .ledger = &ledger,
            .memory = &memory,
            .authentication = {.clock = &clock,
                               .keys = &keys,
                               .tokens = &tokens,
                               .region = "eu-west-1",
                               .open_principal = nullptr},
            .version = "9.9"};
  }
  static net::HttpRequest request(std::string method, std::string target, std::string body,
                                  net::Headers headers = {}) {
    net::HttpRequest out;
    out.method = std::move(method);
    out.target = std::move(target);
    out.body = std::move(body);
    out.headers = std::move(headers);
    if (!out.headers.has("authorization")) out.headers.add("Authorization", "Bearer tok");
    out.peer.address = "10.0.0.7";
    return out;
  }
  // Answered when it has an answer: what the sink holds is not answered yet.
  template <class Api>
  std::shared_ptr<RecordedAnswer> begin(Api& api, net::HttpRequest r) {
    CHECK(Api::is_mine(r));
    auto recorded = std::make_shared<RecordedAnswer>();
    api.handle(std::move(r), net::HttpExchange(recorded));
    executor.run_until_idle();
    return recorded;
  }
  template <class Api>
  net::HttpResponse send(Api& api, net::HttpRequest r, const Status& stored = {}) {
    auto recorded = begin(api, std::move(r));
    sink.answer_all(stored);
    executor.run_until_idle();
    REQUIRE(recorded->response.has_value());
    return std::move(*recorded->response);
  }
};

}  // namespace kansoku::api
