// A dispatcher with CloudWatch and STS over memory, for tests: signs, calls, decodes answers.
#pragma once

#include <doctest/doctest.h>

#include "api/aws/dispatcher_fixture.h"
#include "api/aws/monitoring/memory_backend.h"
#include "api/aws/monitoring/service.h"
#include "api/aws/sts/service.h"
#include "base/env/sim.h"
#include "conformance/aws/json_value.h"
#include "conformance/aws/xml_tree.h"
#include "store/reference/reference_catalog.h"

namespace kansoku::api::aws::monitoring {

struct TestServer : DispatcherFixture {
  MemoryBackend backend{clock};
  store::ReferenceCatalog catalog;

  explicit TestServer(bool open = false) : DispatcherFixture(open) {
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
    DispatcherFixture::sign(request, service);
  }
  net::HttpResponse call(net::HttpRequest request, std::string_view service = "monitoring") {
    return DispatcherFixture::call(std::move(request), service);
  }
  test::JsonValue call_json(std::string_view operation, std::string body, int status = 200) {
    net::HttpResponse response = call(json(operation, std::move(body)));
    INFO(response.body);
    CHECK(response.status == status);
    return test::parse_json(response.body);
  }
};

}  // namespace kansoku::api::aws::monitoring
