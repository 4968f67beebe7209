#include <doctest/doctest.h>

#include "api/elasticsearch/elasticsearch_api.h"
#include "api/event_input/event_input_fixture.h"
#include "base/text/base64.h"
#include "wire/document/document.h"

namespace kansoku::api::elasticsearch {
namespace {

struct Fixture : InputFixture {
  std::unique_ptr<ElasticsearchApi> api;
  explicit Fixture(ElasticsearchSettings settings = {}) : InputFixture(kReceiver) {
    api = *ElasticsearchApi::make(services(), settings);
  }
  net::HttpResponse bulk(std::string body, std::string target = "/_bulk",
                         const Status& stored = {}) {
    return send(*api, request("POST", std::move(target), std::move(body)), stored);
  }
  // "action status error-type" of each item.
  static std::vector<std::string> items(const net::HttpResponse& response) {
    std::vector<std::string> out;
    const auto node = wire::parse_json(response.body);
    REQUIRE(node.has_value());
    for (const wire::Node& item : node->find("items")->items) {
      const wire::Node::Entry& entry = item.entries.at(0);
      const wire::Node* error = entry.value.find("error");
      out.push_back(fmt::format("{} {} {}", entry.key, entry.value.text_of("status"),
                                error == nullptr ? "" : error->text_of("type")));
    }
    return out;
  }
};

using Lines = std::vector<std::string>;
const std::string kTwo =
    "{\"create\":{\"_index\":\"app\"}}\n"
    "{\"@timestamp\":\"2026-11-22T12:00:00.000000001Z\",\"a\":1}\n"
    "{\"index\":{\"_index\":\"web\",\"_id\":\"7\"}}\n{\"message\":\"x\"}\n";

}  // namespace

TEST_CASE("documents of a bulk request become events of their index, answered when stored") {
  Fixture f;
  auto answer = f.begin(*f.api, Fixture::request("POST", "/_bulk", kTwo));
  CHECK_FALSE(answer->response.has_value());
  REQUIRE(f.sink.held.size() == 2);
  CHECK(f.sink.held[0].scope == signal::Scope{"111111111111", "eu-west-1"});
  CHECK(f.sink.text(0) == Lines{"app|10.0.0.7 1795348800000000001 @message={\"@timestamp\":"
                                "\"2026-11-22T12:00:00.000000001Z\",\"a\":1}"});
  CHECK(f.sink.text(1) == Lines{"web|10.0.0.7 1795348800000000000 @message={\"message\":\"x\"}"});
  f.sink.answer_all();
  REQUIRE(answer->response.has_value());
  CHECK(answer->response->status == 200);
  CHECK(answer->response->headers.get("x-elastic-product") == "Elasticsearch");
  CHECK(answer->response->body.starts_with("{\"errors\":false,\"took\":0,\"items\":["));
  CHECK(Fixture::items(*answer->response) == Lines{"create 201 ", "index 201 "});
  CHECK(answer->response->body.find("\"_id\":\"7\"") != std::string::npos);
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("items that cannot be are refused one by one, and counted") {
  Fixture f;
  const auto answer = f.bulk(
      "{\"create\":{}}\n{\"a\":1}\n{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n"
      "{\"delete\":{\"_id\":\"1\"}}\n{\"create\":{}}\n{\"a\":\n"
      "{\"create\":{\"pipeline\":\"p\"}}\n{}\n",
      "/app%2B1/_bulk");
  CHECK(answer.body.starts_with("{\"errors\":true"));
  CHECK(Fixture::items(answer) == Lines{"create 201 ", "update 400 illegal_argument_exception",
                                        "delete 400 illegal_argument_exception",
                                        "create 400 document_parsing_exception",
                                        "create 400 illegal_argument_exception"});
  CHECK(f.sink.text(0).at(0).starts_with("app+1|"));
  CHECK(f.ledger_text() ==
        "elasticsearch: 5 received, stored 1, rejected malformed 1, rejected not_supported 3");
  Fixture g;
  CHECK(Fixture::items(g.bulk("{\"create\":{}}\n{}\n")) ==
        Lines{"create 400 illegal_argument_exception"});
}

TEST_CASE("a request that is no bulk request is refused as a whole") {
  Fixture f;
  const auto wrong = f.bulk("{\"put\":{}}\n{}\n");
  CHECK(wrong.status == 400);
  CHECK(wrong.body ==
        R"({"error":{"root_cause":[{"type":"illegal_argument_exception","reason":"Malformed )"
        R"(action/metadata line [1]: unknown action \"put\""}],)"
        R"("type":"illegal_argument_exception","reason":"Malformed action/metadata line [1]: )"
        R"(unknown action \"put\""},"status":400})");
  CHECK(f.bulk("").status == 400);
  CHECK(f.bulk(kTwo, "/_bulk?filter_path=x").status == 400);
  CHECK(f.bulk(kTwo, "/_bulk?pipeline=x").status == 400);
  CHECK(f.send(*f.api, Fixture::request("GET", "/_bulk", "")).status == 405);
}

TEST_CASE("filter_path leaves out what is not wanted") {
  Fixture f;
  CHECK(f.bulk(kTwo, "/_bulk?filter_path=errors,items.*.error").body == "{\"errors\":false}");
  CHECK(f.bulk("{\"create\":{\"_index\":\"i\"}}\n{}\n{\"delete\":{}}\n",
               "/_bulk?filter_path=errors%2Citems.*.status")
            .body == R"({"errors":true,"items":[{"create":{"status":201}},)"
                     R"({"delete":{"status":400}}]})");
}

TEST_CASE("what cannot be stored now is to be sent again") {
  Fixture f;
  const auto all = f.bulk(kTwo, "/_bulk", unavailable("disk full"));
  CHECK(all.status == 503);
  CHECK(all.headers.get("retry-after") == "1");
  const auto some = f.bulk(kTwo + "{\"delete\":{}}\n", "/_bulk", unavailable("disk full"));
  CHECK(some.status == 200);
  CHECK(Fixture::items(some).at(0) == "create 429 es_rejected_execution_exception");
  const auto large = f.bulk("{\"create\":{}}\n" + std::string(500'000, ' ') + "\n", "/a/_bulk");
  CHECK(large.status == 429);
  CHECK(large.headers.get("retry-after") == "1");
}

TEST_CASE("compressed bodies are expanded") {
  Fixture f;
  const auto answer = f.send(*f.api, Fixture::request("POST", "/_bulk", net::gzip_encode(kTwo),
                                                      {{"Content-Encoding", "gzip"}}));
  CHECK(answer.status == 200);
  CHECK(f.sink.messages().size() == 2);
}

TEST_CASE("callers prove who they are, and may write where their policy says") {
  Fixture f;
  const auto with = [&](std::string header) {
    return f.send(*f.api,
                  Fixture::request("POST", "/_bulk", kTwo, {{"Authorization", std::move(header)}}));
  };
  CHECK(with("Basic " + base64_encode("AKIDEXAMPLE:secret")).status == 200);
  CHECK(with("ApiKey " + base64_encode("AKIDEXAMPLE:secret")).status == 200);
  const auto refused = with("ApiKey " + base64_encode("AKIDEXAMPLE:other"));
  CHECK(refused.status == 401);
  CHECK(refused.headers.has("www-authenticate"));
  CHECK(refused.body.find("security_exception") != std::string::npos);
  f.tokens.put("narrow", InputFixture::principal(*net::auth::Policy::parse(
                             R"({"Version":"2012-10-17","Statement":{"Effect":"Allow",
             "Action":"logs:PutLogEvents","Resource":"arn:aws:logs:*:*:log-group:web:*"}})")));
  CHECK(Fixture::items(with("Bearer narrow")) ==
        Lines{"create 403 security_exception", "index 201 "});
}

TEST_CASE("clients that ask first are told the truth") {
  Fixture f;
  const auto root = f.send(*f.api, Fixture::request("GET", "/", ""));
  CHECK(root.status == 200);
  CHECK(root.headers.get("x-elastic-product") == "Elasticsearch");
  const auto node = wire::parse_json(root.body);
  REQUIRE(node.has_value());
  CHECK(node->find("version")->text_of("number") == "8.17.0");
  CHECK(node->find("version")->text_of("build_hash") == "9.9");
  CHECK(f.send(*f.api, Fixture::request("GET", "/_cluster/health", "")).body.find("green") !=
        std::string::npos);
  CHECK(f.send(*f.api, Fixture::request("HEAD", "/_cat/health", "")).status == 200);
  CHECK_FALSE(ElasticsearchApi::is_mine(Fixture::request("GET", "/_search", "")));
  CHECK_FALSE(ElasticsearchApi::is_mine(Fixture::request("GET", "/a/b/_bulk", "")));
  CHECK_FALSE(ElasticsearchApi::is_mine(Fixture::request("POST", "/", "")));
}

}  // namespace kansoku::api::elasticsearch
