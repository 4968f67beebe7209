// A dispatcher on a simulated clock with a key store, for tests of services: signs, calls, takes
// answers.
#pragma once

#include <doctest/doctest.h>

#include "api/aws/dispatcher.h"
#include "base/env/sim.h"
#include "conformance/aws/json_value.h"
#include "net/auth/policy.h"

namespace kansoku::api::aws {

struct DispatcherFixture {
  env::SimClock clock{env::WallTime{1'795'348'800 * env::kNsPerS}};  // 2026-11-22T12:00:00Z
  env::SimRandom random{1};
  ManualExecutor executor;
  net::auth::MemoryKeyStore keys;
  std::vector<std::string> audit;
  std::unique_ptr<Dispatcher> dispatcher;
  net::auth::Credentials credentials{"AKIDEXAMPLE", "secret"};
  std::string region = "eu-west-1";

  explicit DispatcherFixture(bool open = false) {
    add_key("AKIDEXAMPLE", "secret", "123456789012", "administrator");
    DispatcherOptions options{
        .clock = &clock, .random = &random, .executor = &executor, .keys = &keys};
    if (open) options.open_principal = keys.find("AKIDEXAMPLE")->principal;
    options.audit = [this](const AuditRecord& record) {
      audit.push_back(
          fmt::format("{} {} {}", record.operation, record.http_status, record.error_code));
    };
    dispatcher = std::make_unique<Dispatcher>(std::move(options));
  }

  void add_key(std::string id, std::string secret, std::string account, std::string_view policy) {
    auto principal = std::make_shared<net::auth::Principal>();
    principal->account = account;
    principal->arn = "arn:aws:iam::" + account + ":root";
    principal->user_id = account;
    auto found = net::auth::built_in_policy(policy);
    if (found == nullptr && !policy.empty()) found = *net::auth::Policy::parse(policy);
    if (found != nullptr) principal->policies.push_back(found);
    keys.put({.access_key_id = std::move(id),
              .secret_access_key = std::move(secret),
              .principal = principal});
  }

  void sign(net::HttpRequest& request, std::string_view service) {
    net::HttpClientRequest out;
    out.method = request.method;
    out.url = "http://h" + request.target;
    out.headers = request.headers;
    out.body = request.body;
    net::auth::sign_request(out, credentials, region, service, clock.wall_now());
    request.headers = out.headers;
  }
  net::HttpResponse send(net::HttpRequest request) {
    std::optional<net::HttpResponse> answer;
    dispatcher->handle(std::move(request), [&](net::HttpResponse r) { answer = std::move(r); });
    executor.run_until_idle();
    REQUIRE(answer.has_value());
    CHECK(answer->headers.has("x-amzn-RequestId"));
    return std::move(*answer);
  }
  net::HttpResponse call(net::HttpRequest request, std::string_view service) {
    sign(request, service);
    return send(std::move(request));
  }
};

}  // namespace kansoku::api::aws
