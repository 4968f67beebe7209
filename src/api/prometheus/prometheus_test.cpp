// The API over the reference engine: remote write in, series, labels, status and federation out.
#include <doctest/doctest.h>

#include "api/prometheus/test_fixture.h"

namespace kansoku::api::prometheus {
namespace {

t::Histogram good_histogram() {
  return {.count = 3,
          .sum = 4,
          .schema = 0,
          .positive_spans = {{0, 2}},
          .positive_deltas = {1, 1},
          .timestamp_ms = kNowMs};
}

std::vector<std::string> texts(const wire::Node& node) {
  std::vector<std::string> out;
  for (const wire::Node& item : node.items) out.push_back(item.scalar);
  return out;
}

}  // namespace

TEST_CASE("prometheus: a write is answered after the store, not before") {
  Fixture f;
  f.held.next = nullptr;
  auto recorded = f.begin(Fixture::write_request(
      t::message_v1({{.labels = {{"__name__", "m"}}, .samples = {{kNowMs, 1}}}})));
  REQUIRE(f.held.held.size() == 1);
  CHECK_FALSE(recorded->response.has_value());
  CHECK(f.memory.used_bytes() > 0);
  f.exporter.push(std::move(f.held.held[0]));
  REQUIRE(recorded->response.has_value());
  CHECK(recorded->response->status == 204);
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("prometheus: 2.0 writes say what was written, 1.0 writes do not") {
  Fixture f;
  t::Series mixed{.labels = {{"__name__", "a"}},
                  .samples = {{kNowMs, 1}, {kNowMs - 1, 2}},
                  .exemplars = {{{{"trace_id", "x"}}, 1, kNowMs}}};
  t::Series histogram{.labels = {{"__name__", "h"}}, .histograms = {good_histogram()}};
  CHECK(f.written(f.write_v2({mixed, histogram})) == "204 2/1/1");
  auto v1 = f.write_v1({mixed});
  CHECK(v1.status == 204);
  CHECK_FALSE(v1.headers.has("x-prometheus-remote-write-samples-written"));
  CHECK(f.written(f.write_v2({})) == "204 0/0/0");
}

TEST_CASE("prometheus: partial writes keep what is good and answer 400 with exact counts") {
  Fixture f;
  t::Histogram bad = good_histogram();
  bad.count = 99;
  std::vector<t::Series> series{
      {.labels = {{"__name__", "good"}}, .samples = {{kNowMs, 1}, {kNowMs - 15LL * 86'400'000, 2}}},
      {.labels = {{"nameless", "x"}}, .samples = {{kNowMs, 1}}},
      {.labels = {{"__name__", "h"}}, .histograms = {good_histogram(), bad}}};
  auto out = f.write_v2(series);
  CHECK(f.written(out) == "400 1/1/0");
  CHECK(out.body.find("sample too old") == 0);
  CHECK(out.body.find("(and 2 more refused)") != std::string::npos);
  CHECK(f.write_v1(series).status == 400);
  auto lines = f.ledger.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].second.balanced());
  CHECK(lines[0].second.received == 10);
  CHECK(lines[0].second.outcomes[{signal::Outcome::Rejected, "bad_labels"}] == 2);
  CHECK(lines[0].second.outcomes[{signal::Outcome::Rejected, "bad_histogram"}] == 2);
  CHECK(lines[0].second.outcomes[{signal::Outcome::Rejected, "too_old"}] == 2);
}

TEST_CASE("prometheus: a tenant with too many series gets 429, an overloaded store 503") {
  Fixture f({.series_per_tenant_max = 1});
  auto out =
      f.write_v2({{.labels = {{"__name__", "a"}}, .samples = {{kNowMs, 1}}},
                  {.labels = {{"__name__", "b"}}, .samples = {{kNowMs, 1}, {kNowMs - 1, 1}}}});
  CHECK(f.written(out) == "429 1/0/0");
  Fixture full;
  full.held.next = nullptr;
  auto recorded = full.begin(Fixture::write_request(
      t::message_v2({{.labels = {{"__name__", "a"}}, .samples = {{kNowMs, 1}}}}), kV2));
  full.held.held[0].token.resolve(
      signal::Verdict::dropped(1, "overload", {ErrorCode::ResourceExhausted, "busy", {}}));
  REQUIRE(recorded->response.has_value());
  CHECK(full.written(*recorded->response) == "503 0/0/0");
  CHECK(recorded->response->headers.get("retry-after") == "1");
}

TEST_CASE("prometheus: types and encodings that are not taken get 415, damage 400, bombs 413") {
  Fixture f;
  std::string message = t::message_v1({{.labels = {{"__name__", "a"}}, .samples = {{kNowMs, 1}}}});
  auto status = [&](std::string type, std::string encoding, std::string body) {
    return f
        .send(Fixture::request("POST", "/api/v1/write", std::move(body),
                               {{"Authorization", "Bearer tok"},
                                {"Content-Type", std::move(type)},
                                {"Content-Encoding", std::move(encoding)}}))
        .status;
  };
  std::string block = wire::snappy_encode(message);
  CHECK(status("application/x-protobuf", "snappy", block) == 204);
  CHECK(status("application/x-protobuf; proto=prometheus.WriteRequest", "Snappy", block) == 204);
  CHECK(status("", "", block) == 204);
  CHECK(status("application/json", "snappy", block) == 415);
  CHECK(status("application/x-protobuf;proto=other", "snappy", block) == 415);
  CHECK(status("application/x-protobuf", "gzip", block) == 415);
  CHECK(status("application/x-protobuf", "snappy", "not snappy") == 400);
  CHECK(status("application/x-protobuf", "snappy", wire::snappy_encode("no protobuf")) == 400);
  CHECK(status("application/x-protobuf", "snappy", "\xff\xff\xff\xff\x0f") == 413);
}

TEST_CASE("prometheus: who may call") {
  Fixture f;
  auto status = [&](net::Headers headers, std::string target = "/api/v1/labels") {
    return f.send(Fixture::request("GET", std::move(target), {}, std::move(headers))).status;
  };
  auto none = f.send(Fixture::request("GET", "/api/v1/labels"));
  CHECK(none.status == 401);
  CHECK(none.headers.get("www-authenticate").starts_with("Bearer"));
  CHECK(status({{"Authorization", "bearer tok"}}) == 200);
  CHECK(status({{"Authorization", "Bearer nope"}}) == 401);
  auto basic = [](std::string_view text) { return "Basic " + base64_encode(text); };
  CHECK(status({{"Authorization", basic("AKIDEXAMPLE:se:cret")}}) == 200);
  CHECK(status({{"Authorization", basic("AKIDEXAMPLE:wrong")}}) == 401);
  CHECK(status({{"Authorization", basic("nobody:se:cret")}}) == 401);
  CHECK(status({{"Authorization", "Digest x"}}) == 401);
  // The agent's built-in policy is CloudWatch's.
  CHECK(status({{"Authorization", basic("AKIDAGENT:agent")}}) == 403);
  Fixture open({}, nullptr, true);
  CHECK(open.send(Fixture::request("GET", "/api/v1/labels")).status == 200);
}

TEST_CASE("prometheus: signed requests of aps, under the tenant's workspace") {
  Fixture f;
  auto status = [&](std::string target, std::string_view service, const char* id = "AKIDEXAMPLE",
                    const char* secret = "se:cret", const char* region = "eu-west-1") {
    net::HttpClientRequest out;
    out.method = "GET";
    out.url = "http://h" + target;
    net::auth::sign_request(out, {id, secret}, region, service, f.clock.wall_now());
    return f.send(Fixture::request("GET", target, {}, out.headers)).status;
  };
  std::string inside = "/workspaces/" + f.workspace + "/api/v1/labels";
  CHECK(status(inside, "aps") == 200);
  CHECK(status(inside, "monitoring") == 403);
  CHECK(status(inside, "aps", "AKIDEXAMPLE", "wrong") == 403);
  CHECK(status("/workspaces/ws-00000000-0000-4000-8000-000000000000/api/v1/labels", "aps") == 404);
  CHECK(status(inside, "aps", "AKIDOTHER", "other") == 404);
  // A workspace is an account in a region.
  CHECK(status(inside, "aps", "AKIDEXAMPLE", "se:cret", "us-west-2") == 404);
  std::string west = default_workspace_id({"111111111111", "us-west-2"});
  CHECK(status("/workspaces/" + west + "/api/v1/labels", "aps", "AKIDEXAMPLE", "se:cret",
               "us-west-2") == 200);
  auto unknown = f.get("/workspaces/ws-1/api/v1/labels");
  CHECK(unknown.status == 404);
  CHECK(unknown.headers.get("x-amzn-errortype") == "ResourceNotFoundException");
  auto body = wire::parse_json(unknown.body);
  REQUIRE(body.has_value());
  CHECK(body->text_of("resourceId") == "ws-1");
  CHECK(body->text_of("resourceType") == "workspace");
  CHECK(body->text_of("errorType") == "not_found");
  CHECK(f.workspace.size() == 39);
}

TEST_CASE("prometheus: tenants and regions see their own series only") {
  Fixture f;
  f.write_some();
  auto other = Fixture::request("GET", "/api/v1/labels", {},
                                {{"Authorization", "Basic " + base64_encode("AKIDOTHER:other")}});
  CHECK(f.send(other).body == R"({"status":"success","data":[]})");
}

TEST_CASE("prometheus: the same API under prefixes, other paths and methods refused") {
  Fixture f;
  f.write_some();
  CHECK(f.get("/prometheus/api/v1/labels").status == 200);
  CHECK(f.get("/api/v1/nothing").status == 404);
  CHECK(f.get("/api/v1/write").status == 405);
  CHECK(f.get("/api/v1/write").headers.get("allow") == "POST");
  auto body = wire::snappy_encode(
      t::message_v1({{.labels = {{"__name__", "w"}}, .samples = {{kNowMs, 1}}}}));
  auto r = f.send(Fixture::request("POST", "/workspaces/" + f.workspace + "/api/v1/remote_write",
                                   body, {{"Authorization", "Bearer tok"}}));
  CHECK(r.status == 204);
  for (std::string_view path :
       {"/", "/ui/", "/workspaces/x", "/prometheusx/api/v1/labels", "/api/v2/x"}) {
    CHECK_FALSE(PrometheusApi::is_mine(Fixture::request("GET", std::string(path))));
  }
}

TEST_CASE("prometheus: series by selectors and time") {
  Fixture f;
  f.write_some();
  CHECK(f.raw_data("/api/v1/series?match[]=up") ==
        R"({"status":"success","data":[{"__name__":"up","instance":"a:1","job":"node"},)"
        R"({"__name__":"up","instance":"b:1","job":"node"}]})");
  CHECK(f.data("/api/v1/series?match[]=up&match[]=%7Bjob%3D%22node%22%7D").items.size() == 2);
  CHECK(f.data("/api/v1/series?match[]=%7B__name__%3D~%22.%2B%22%7D").items.size() == 3);
  std::string since = fmt::format("&start={}", (kNowMs - 3'600'000) / 1'000);
  CHECK(f.data("/api/v1/series?match[]=%7B__name__%3D~%22.%2B%22%7D" + since).items.size() == 2);
  CHECK(f.data("/api/v1/series?match[]=up&end=2026-11-22T11:00:00Z").items.empty());
  CHECK(f.raw_data("/api/v1/series?match[]=up&limit=1").find("results truncated due to limit") !=
        std::string::npos);
  auto form = Fixture::request(
      "POST", "/api/v1/series", "match[]=old",
      {{"Authorization", "Bearer tok"}, {"Content-Type", "application/x-www-form-urlencoded"}});
  CHECK(f.send(form).body.find("my.label") != std::string::npos);
}

TEST_CASE("prometheus: bad parameters are told as bad_data") {
  Fixture f;
  for (std::string_view target :
       {"/api/v1/series", "/api/v1/series?match[]=%7B%7D", "/api/v1/series?match[]=up%7B",
        "/api/v1/labels?start=yesterday", "/api/v1/labels?start=10&end=5",
        "/api/v1/labels?limit=-1", "/api/v1/series?match[]=up%7Ba%3D~%22(%22%7D",
        "/api/v1/query?query=sum(", "/api/v1/query", "/api/v1/query?query=up&timeout=x",
        "/api/v1/query_range?query=up&start=0&end=100&step=0",
        "/api/v1/query_range?query=up&start=0&end=100",
        "/api/v1/query_range?query=up&start=0&end=12000&step=1",
        "/api/v1/query_exemplars?query=", "/api/v1/parse_query?query=1%2B"}) {
    wire::Node node = f.data(std::string(target), 400);
    INFO(target);
    CHECK(node.text_of("errorType") == "bad_data");
    CHECK_FALSE(node.text_of("error").empty());
  }
}

TEST_CASE("prometheus: label names and values, escaped names too") {
  Fixture f;
  f.write_some();
  CHECK(texts(f.data("/api/v1/labels")) ==
        std::vector<std::string>{"__name__", "instance", "job", "my.label"});
  CHECK(texts(f.data("/api/v1/labels?match[]=up")) ==
        std::vector<std::string>{"__name__", "instance", "job"});
  CHECK(texts(f.data("/api/v1/label/instance/values")) ==
        std::vector<std::string>{"a:1", "b:1", "c:1"});
  CHECK(texts(f.data("/api/v1/label/U__my_2e_label/values")) == std::vector<std::string>{"温"});
  CHECK(texts(f.data("/api/v1/label/my.label/values")) == std::vector<std::string>{"温"});
  CHECK(texts(f.data("/api/v1/label/__name__/values?limit=1")) == std::vector<std::string>{"old"});
  CHECK(f.data("/api/v1/label/nothing/values").items.empty());
}

TEST_CASE("prometheus: metadata is kept, shown and survives in the catalog") {
  store::ReferenceCatalog catalog;
  t::Series series{.labels = {{"__name__", "req_total"}},
                   .samples = {{kNowMs, 1}},
                   .type = 1,
                   .help = "Requests \"served\".",
                   .unit = "requests"};
  {
    Fixture f({}, &catalog);
    CHECK(f.write_v2({series}).status == 204);
    CHECK(f.raw_data("/api/v1/metadata") ==
          R"({"status":"success","data":{"req_total":[{"type":"counter","unit":"requests",)"
          R"("help":"Requests \"served\"."}]}})");
    CHECK(f.data("/api/v1/metadata?metric=other").entries.empty());
  }
  Fixture again({}, &catalog);
  CHECK(again.data("/api/v1/metadata?limit=5").find("req_total") != nullptr);
}

TEST_CASE("prometheus: exemplars by the selectors of a query") {
  Fixture f;
  t::Series series{.labels = {{"__name__", "lat_bucket"}, {"le", "1"}},
                   .samples = {{kNowMs, 1}},
                   .exemplars = {{{{"trace_id", "abc"}}, 0.25, kNowMs - 500},
                                 {{{"trace_id", "abc"}}, 0.25, kNowMs - 500}}};
  CHECK(f.written(f.write_v2({series})) == "204 1/0/2");
  CHECK(f.raw_data("/api/v1/query_exemplars?query=rate(lat_bucket%5B5m%5D)%2Bother") ==
        R"({"status":"success","data":[{"seriesLabels":{"__name__":"lat_bucket","le":"1"},)"
        R"("exemplars":[{"labels":{"trace_id":"abc"},"value":"0.25",)"
        R"("timestamp":1795348799.500}]}]})");
  CHECK(f.data("/api/v1/query_exemplars?query=lat_bucket&end=1").items.empty());
}

TEST_CASE("prometheus: a write is answered when its exemplars are durable too") {
  Fixture f;
  f.held_exemplars.hold = true;
  t::Series series{.labels = {{"__name__", "lat_bucket"}},
                   .samples = {{kNowMs, 1}},
                   .exemplars = {{{{"trace_id", "abc"}}, 0.25, kNowMs}}};
  auto recorded = f.begin(Fixture::write_request(t::message_v2({series}), kV2));
  CHECK_FALSE(recorded->response.has_value());
  f.held_exemplars.release();
  f.executor.run_until_idle();
  REQUIRE(recorded->response.has_value());
  CHECK(f.written(*recorded->response) == "204 1/0/1");
}

TEST_CASE("prometheus: exemplars that are not kept are not counted, and asked for again") {
  Fixture f;
  t::Series series{.labels = {{"__name__", "lat_bucket"}},
                   .samples = {{kNowMs, 1}},
                   .exemplars = {{{{"trace_id", "abc"}}, 0.25, kNowMs},
                                 {{{"trace_id", "old"}}, 1, kNowMs - 20LL * 86'400'000}}};
  f.exemplars.refusal = unavailable("no space left on device");
  auto refused = f.write_v2({series});
  CHECK(f.written(refused) == "503 1/0/0");
  CHECK(refused.headers.get("retry-after") == "1");
  f.exemplars.refusal = {};
  CHECK(f.data("/api/v1/query_exemplars?query=lat_bucket").items.empty());
  series.exemplars.pop_back();
  CHECK(f.written(f.write_v2({series})) == "204 1/0/1");
  CHECK(f.data("/api/v1/query_exemplars?query=lat_bucket").items.size() == 1);
}

TEST_CASE("prometheus: imports keep exemplars, and are refused when these cannot be kept") {
  Fixture f;
  const std::string text =
      "# TYPE lat histogram\nlat_bucket{le=\"+Inf\"} 1 1795348800 # {trace_id=\"x\"} 0.5 "
      "1795348799\nlat_count 1 1795348800\nlat_sum 0.5 1795348800\n# EOF\n";
  auto import = [&] {
    return f.send(Fixture::request("POST", "/api/v1/import/prometheus?format=openmetrics", text,
                                   {{"Authorization", "Bearer tok"}}));
  };
  f.exemplars.refusal = unavailable("no space left on device");
  CHECK(import().status == 503);
  f.exemplars.refusal = {};
  CHECK(import().status == 200);
  CHECK(f.data("/api/v1/query_exemplars?query=lat_bucket").items.size() == 1);
}

TEST_CASE("prometheus: deleting a series leaves its exemplars, as the reference server does") {
  Fixture f;
  t::Series series{.labels = {{"__name__", "lat_bucket"}},
                   .samples = {{kNowMs, 1}},
                   .exemplars = {{{{"trace_id", "abc"}}, 0.25, kNowMs}}};
  CHECK(f.write_v2({series}).status == 204);
  auto out = f.send(Fixture::request("POST", "/api/v1/admin/tsdb/delete_series?match[]=lat_bucket",
                                     {}, {{"Authorization", "Bearer tok"}}));
  CHECK(out.status == 204);
  CHECK(f.data("/api/v1/query_exemplars?query=lat_bucket").items.size() == 1);
}

TEST_CASE("prometheus: an answer says when stored exemplars may be missing") {
  Fixture f;
  f.exemplars.missing_before_ms = kNowMs;
  CHECK(f.raw_data("/api/v1/query_exemplars?query=lat_bucket") ==
        R"({"status":"success","data":[],"warnings":["stored exemplars were damaged: some before )"
        R"(1795348800 may be missing"]})");
}

TEST_CASE("prometheus: expressions reach the engine, its documents come back as JSON") {
  Fixture f;
  f.engine.answer->type = ResultType::Matrix;
  ResultSeries series{.labels = *signal::Labels::from({{"job", "x"}})};
  series.floats = {{1'000, 0.1}, {1'500, NAN}, {2'000, 1e21}, {-1, -INFINITY}};
  series.histograms = {{.timestamp_ms = 1'000, .count = 3, .sum = 4.5, .buckets = {{0, 1, 2, 3}}}};
  f.engine.answer->series = {series};
  f.engine.answer->infos = {"careful"};
  CHECK(f.raw_data("/api/v1/query_range?query=up&start=1&end=61.5&step=30s") ==
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"x"},)"
        R"("values":[[1,"0.1"],[1.500,"NaN"],[2,"1e+21"],[-0.001,"-Inf"]],)"
        R"("histograms":[[1,{"count":"3","sum":"4.5","buckets":[[0,"1","2","3"]]}]]}]},)"
        R"("infos":["careful"]})");
  CHECK(f.engine.asked.back() == "up 1000..61500 step 30000 111111111111");
  f.engine.answer = ResultDocument{.type = ResultType::Scalar, .scalar = {5'000, 2}};
  CHECK(f.raw_data("/api/v1/query?query=1%2B1&time=5&timeout=3s&lookback_delta=1m") ==
        R"({"status":"success","data":{"resultType":"scalar","result":[5,"2"]}})");
  CHECK(f.engine.asked.back() == "1+1 @5000 timeout 3000 lookback 60000");
  f.engine.answer = fail(ErrorCode::ResourceExhausted, "too many samples");
  CHECK(f.data("/api/v1/query?query=up", 422).text_of("errorType") == "execution");
  f.engine.answer = fail(ErrorCode::DeadlineExceeded, "query timed out");
  CHECK(f.data("/api/v1/query?query=up", 503).text_of("errorType") == "timeout");
}

TEST_CASE("prometheus: expressions are formatted and parsed into trees") {
  Fixture f;
  CHECK(f.raw_data("/api/v1/format_query?query=sum(rate(a%5B5m%5D))+by+(x)") ==
        R"x({"status":"success","data":"sum by (x) (rate(a[5m]))"})x");
  wire::Node tree = f.data("/api/v1/parse_query?query=sum(rate(a%7Bb%3D%22c%22%7D%5B5m%5D))%3E1");
  CHECK(tree.text_of("type") == "binaryExpr");
  CHECK(tree.find("matching")->kind == wire::Node::Kind::Null);
  const wire::Node& sum = *tree.find("lhs");
  CHECK(sum.text_of("op") == "sum");
  const wire::Node& rate = *sum.find("expr");
  CHECK(rate.find("func")->text_of("name") == "rate");
  CHECK(rate.find("args")->items[0].text_of("range") == "300000");
  CHECK(rate.find("args")->items[0].find("matchers")->items.size() == 2);
}

TEST_CASE("prometheus: status") {
  Fixture f;
  f.write_some();
  CHECK(f.data("/api/v1/status/buildinfo").text_of("revision") == "kansoku 9.9");
  CHECK(f.data("/api/v1/status/runtimeinfo").text_of("serverTime") == "2026-11-22T12:00:00.000Z");
  CHECK(f.data("/api/v1/status/flags").text_of("kansoku.workspace") == f.workspace);
  CHECK(f.data("/api/v1/status/config").text_of("yaml") == "server: {}\n");
  CHECK(f.data("/api/v1/status/walreplay").text_of("current") == "0");
  wire::Node tsdb = f.data("/api/v1/status/tsdb?limit=1");
  CHECK(tsdb.find("headStats")->text_of("numSeries") == "3");
  CHECK(tsdb.find("headStats")->text_of("numLabelPairs") == "7");
  CHECK(tsdb.find("seriesCountByMetricName")->items[0].text_of("name") == "up");
  CHECK(tsdb.find("seriesCountByMetricName")->items[0].text_of("value") == "2");
  CHECK(tsdb.find("labelValueCountByLabelName")->items[0].text_of("name") == "instance");
  CHECK(f.get("/api/v1/status/tsdb?limit=0").status == 400);
}

TEST_CASE("prometheus: federation shows the newest sample within five minutes, no stale ones") {
  Fixture f;
  f.write_some();
  f.write_v1({{.labels = {{"__name__", "gone"}},
               .samples = {{kNowMs - 20'000, 1},
                           {kNowMs - 10'000, std::bit_cast<double>(0x7ff0000000000002ULL)}}},
              {.labels = {{"__name__", "a.b"}, {"q", "x\"y\\z\nw"}}, .samples = {{kNowMs, 2}}}});
  std::string target = "/federate?match[]=%7B__name__%3D~%22.%2B%22%7D";
  auto r = f.get(target);
  CHECK(r.status == 200);
  CHECK(r.body == fmt::format("# TYPE a_b untyped\n"
                              "a_b{{q=\"x\\\"y\\\\z\\nw\",instance=\"\"}} 2 {}\n"
                              "# TYPE up untyped\n"
                              "up{{instance=\"a:1\",job=\"node\"}} 1 {}\n"
                              "up{{instance=\"b:1\",job=\"node\"}} 0.1 {}\n",
                              kNowMs, kNowMs - 60'000, kNowMs - 30'000));
  auto utf8 = Fixture::request("GET", target, {},
                               {{"Authorization", "Bearer tok"},
                                {"Accept", "text/plain;version=1.0.0;escaping=allow-utf-8"}});
  CHECK(f.send(utf8).body.find("{\"a.b\",q=") != std::string::npos);
  CHECK(f.get("/federate").status == 400);
}

TEST_CASE("prometheus: large answers are compressed for who takes gzip") {
  Fixture f;
  std::vector<t::Series> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back(
        {.labels = {{"__name__", fmt::format("metric_{}", i)}}, .samples = {{kNowMs, 1}}});
  }
  CHECK(f.write_v1(many).status == 204);
  auto r =
      f.send(Fixture::request("GET", "/api/v1/label/__name__/values", {},
                              {{"Authorization", "Bearer tok"}, {"Accept-Encoding", "gzip, br"}}));
  CHECK(r.headers.get("content-encoding") == "gzip");
  auto text = net::decode_content("gzip", r.body, 1 << 20);
  REQUIRE(text.has_value());
  CHECK(text->find("metric_199") != std::string::npos);
}

TEST_CASE("prometheus: times, durations, numbers and names") {
  CHECK(*parse_time_ms("1435781430.781") == 1'435'781'430'781);
  CHECK(*parse_time_ms("2015-07-01T20:10:51.781Z") == 1'435'781'451'781);
  CHECK(*parse_time_ms("2015-07-02T05:10:51+09:00") == 1'435'781'451'000);
  CHECK(*parse_time_ms("-292273086-05-16T16:47:06Z") == kTimeMinMs);
  for (std::string_view bad : {"", "x", "2015-13-01T00:00:00Z", "2015-07-01", "1e30", "nan"}) {
    CHECK_FALSE(parse_time_ms(bad).has_value());
  }
  CHECK(*parse_duration_ms("1h30m") == 5'400'000);
  CHECK(*parse_duration_ms("0.5") == 500);
  CHECK(*parse_duration_ms("10ms") == 10);
  for (std::string_view bad : {"", "m", "1m1h", "5x", "-5m", "99999999999y"}) {
    CHECK_FALSE(parse_duration_ms(bad).has_value());
  }
  CHECK(format_value(0.1) == "0.1");
  CHECK(format_value(123456789.0) == "123456789");
  CHECK(format_value(1e20) == "100000000000000000000");
  CHECK(format_value(1e-7) == "1e-07");
  CHECK(format_value(-0.0) == "-0");
  CHECK(format_value(5e-324) == "5e-324");
  CHECK(unescape_label_name("U__a__b_2e_c") == "a_b.c");
  CHECK(unescape_label_name("U__bad_zz_") == "U__bad_zz_");
  CHECK(unescape_label_name("plain_name") == "plain_name");
}

}  // namespace kansoku::api::prometheus
