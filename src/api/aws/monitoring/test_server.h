// A dispatcher with CloudWatch and STS over memory, for tests: signs, calls, decodes answers.
#pragma once

#include <doctest/doctest.h>

#include "api/aws/dispatcher.h"
#include "api/aws/monitoring/memory_backend.h"
#include "api/aws/monitoring/service.h"
#include "api/aws/sts/service.h"
#include "base/env/sim.h"
#include "conformance/aws/json_value.h"
#include "conformance/aws/xml_tree.h"
#include "store/reference/reference_catalog.h"

namespace kansoku::api::aws::monitoring {

struct TestServer {
  env::SimClock clock{env::WallTime{1'795'348'800 * env::kNsPerS}};  // 2026-11-22T12:00:00Z
  env::SimRandom random{1};
  ManualExecutor executor;
  net::auth::MemoryKeyStore keys;
  MemoryBackend backend{clock};
  store::ReferenceCatalog catalog;
  std::vector<std::string> audit;
  std::unique_ptr<Dispatcher> dispatcher;
  net::auth::Credentials credentials{"AKIDEXAMPLE", "secret"};
  std::string region = "eu-west-1";

  explicit TestServer(bool open = false) {
    add_key("AKIDEXAMPLE", "secret", "123456789012", "administrator");
    DispatcherOptions options{
        .clock = &clock, .random = &random, .executor = &executor, .keys = &keys};
    if (open) options.open_principal = keys.find("AKIDEXAMPLE")->principal;
    options.audit = [this](const AuditRecord& record) {
      audit.push_back(
          fmt::format("{} {} {}", record.operation, record.http_status, record.error_code));
    };
    dispatcher = std::make_unique<Dispatcher>(std::move(options));
    dispatcher->add_service(
        service_table({.backend = &backend,
                       .page_token_key = "0123456789abcdef",
                       .catalog = &catalog,
                       .find_zone = [](std::string_view name) -> std::optional<Zone> {
                         if (name == "Asia/Tokyo") return Zone(9 * 3'600);
                         return std::nullopt;
                       }}));
    dispatcher->add_service(sts::service_table());
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

  static net::HttpRequest json(std::string_view operation, std::string body) {
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers = {{"Host", "h"},
                       {"Content-Type", "application/x-amz-json-1.0"},
                       {"X-Amz-Target", "GraniteServiceVersion20100801." + std::string(operation)},
                       {"x-amzn-query-mode", "true"}};
    request.body = std::move(body);
    return request;
  }
  static net::HttpRequest cbor(std::string_view operation, std::string body) {
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/service/GraniteServiceVersion20100801/operation/" + std::string(operation);
    request.headers = {{"Host", "h"},
                       {"Content-Type", "application/cbor"},
                       {"smithy-protocol", "rpc-v2-cbor"},
                       {"x-amzn-query-mode", "true"}};
    request.body = std::move(body);
    return request;
  }
  static net::HttpRequest form(std::string body) {
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers = {{"Host", "h"},
                       {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    request.body = std::move(body);
    return request;
  }

  void sign(net::HttpRequest& request, std::string_view service = "monitoring") {
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
  net::HttpResponse call(net::HttpRequest request, std::string_view service = "monitoring") {
    sign(request, service);
    return send(std::move(request));
  }
  test::JsonValue call_json(std::string_view operation, std::string body, int status = 200) {
    net::HttpResponse response = call(json(operation, std::move(body)));
    INFO(response.body);
    CHECK(response.status == status);
    return test::parse_json(response.body);
  }
};

}  // namespace kansoku::api::aws::monitoring
