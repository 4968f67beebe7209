// Imports, deletions, snapshots and limits through the HTTP API.
#include "api/prometheus/test_fixture.h"

namespace kansoku::api::prometheus {
namespace {

net::HttpResponse post(Fixture& f, std::string target, std::string body = {},
                       std::string type = "text/plain", std::string user = {}) {
  std::string authorization = user.empty() ? "Bearer tok" : "Basic " + base64_encode(user);
  return f.send(Fixture::request(
      "POST", std::move(target), std::move(body),
      {{"Authorization", std::move(authorization)}, {"Content-Type", std::move(type)}}));
}

std::string series_names(Fixture& f) {
  std::string out;
  for (const auto& item : f.data("/api/v1/label/__name__/values").items) out += item.scalar + " ";
  return out;
}

TEST_CASE("prometheus: an exposition is imported, samples of any kept age, metadata and all") {
  Fixture f;
  int64_t old_ms = kNowMs - 14 * 86'400'000LL - 12 * 3'600'000LL;
  auto out = post(f, "/api/v1/import/prometheus",
                  fmt::format("# TYPE jobs_total counter\n# HELP jobs_total jobs\n"
                              "jobs_total{{a=\"b\"}} 1 {}\njobs_total{{a=\"b\"}} 2\nup 1 {}\n",
                              old_ms, kNowMs - 16 * 86'400'000LL));
  CHECK(out.status == 200);
  CHECK(out.body == R"({"status":"success","data":{"stored":2,"rejected":{"too_old":1},)"
                    R"("message":"rejected: too_old"}})");
  CHECK(series_names(f) == "jobs_total ");
  CHECK(f.raw_data("/api/v1/metadata?metric=jobs_total").find("counter") != std::string::npos);
  auto info = f.store.select({.scope = {"111111111111", "eu-west-1"}});
  REQUIRE(info->size() == 1);
  CHECK((*info)[0].first_ms == old_ms);
  CHECK((*info)[0].last_ms == kNowMs);
}

TEST_CASE("prometheus: OpenMetrics is known by its type, its end or by name") {
  Fixture f;
  std::string text = fmt::format("a 1 {}.5\n# EOF\n", kNowMs / 1000);
  CHECK(post(f, "/api/v1/import/prometheus", text).status == 200);
  CHECK(post(f, "/api/v1/import/prometheus?format=openmetrics", "b 1\n# EOF\n").status == 200);
  CHECK(post(f, "/api/v1/import/prometheus", "c 1\n", "application/openmetrics-text").status ==
        400);
  CHECK(post(f, "/api/v1/import/prometheus?format=xml", "c 1\n").status == 400);
  auto stamped = post(f, "/api/v1/import/prometheus?timestamp=1795348700", "d 1\n");
  CHECK(stamped.status == 200);
  auto d = f.store.select({.scope = {"111111111111", "eu-west-1"},
                           .matchers = {{"__name__", store::MatchOp::Equal, "d"}}});
  CHECK((*d)[0].first_ms == 1'795'348'700'000);
  CHECK(series_names(f) == "a b d ");
}

TEST_CASE("prometheus: a text with a mistake is refused whole, with line and column") {
  Fixture f;
  auto out = post(f, "/api/v1/import/prometheus", "a 1\nb{c=\"d\" 2\n");
  CHECK(out.status == 400);
  CHECK(out.body.find("line 2, column 9") != std::string::npos);
  CHECK(series_names(f).empty());
}

TEST_CASE("prometheus: who may send may not import, delete or copy") {
  Fixture f;
  f.write_some();
  for (const char* path : {"/api/v1/import/prometheus", "/api/v1/import/write",
                           "/api/v1/admin/tsdb/delete_series?match[]=up",
                           "/api/v1/admin/tsdb/clean_tombstones", "/api/v1/admin/tsdb/snapshot"}) {
    INFO(path);
    auto refused = post(f, path, {}, "text/plain", "AKIDAGENT:agent");
    CHECK(refused.status == 403);
    CHECK(refused.headers.get("x-amzn-errortype") == "AccessDeniedException");
  }
  CHECK(series_names(f) == "old up ");
}

TEST_CASE("prometheus: a remote-write message is imported with counts by reason") {
  Fixture f;
  auto message = t::message_v1(
      {{.labels = {{"__name__", "w"}},
        .samples = {{kNowMs - 20 * 86'400'000LL, 1}, {kNowMs - 14 * 86'400'000LL - 1, 2}}},
       {.labels = {{"no_name", "x"}}, .samples = {{kNowMs, 1}}}});
  auto r = Fixture::write_request(message);
  r.target = "/api/v1/import/write";
  auto out = f.send(std::move(r));
  CHECK(out.status == 200);
  auto body = wire::parse_json(out.body);
  REQUIRE(body.has_value());
  const auto* data = body->find("data");
  CHECK(data->text_of("stored") == "1");
  CHECK(data->find("rejected")->text_of("too_old") == "1");
  CHECK(data->find("rejected")->text_of("bad_labels") == "1");
}

TEST_CASE("prometheus: series are deleted by selectors and time") {
  Fixture f;
  f.write_some();
  CHECK(post(f, "/api/v1/admin/tsdb/delete_series").status == 400);
  CHECK(post(f, "/api/v1/admin/tsdb/delete_series?match[]=%7B").status == 400);
  // The end is inclusive; a's point is a minute old, b's half a minute.
  std::string end = fmt::format("{}", (kNowMs - 60'000) / 1000);
  auto out = post(f, "/api/v1/admin/tsdb/delete_series?match[]=up&match[]=nothing&end=" + end);
  CHECK(out.status == 204);
  CHECK(out.body.empty());
  CHECK(f.data("/api/v1/series?match[]=up").items.size() == 1);
  CHECK(post(f, "/api/v1/admin/tsdb/delete_series", "match[]=up&match[]=old",
             "application/x-www-form-urlencoded")
            .status == 204);
  CHECK(series_names(f).empty());
  CHECK(post(f, "/api/v1/admin/tsdb/clean_tombstones").status == 204);
}

TEST_CASE("prometheus: snapshots are named, and refused where there are none") {
  Fixture f;
  CHECK(post(f, "/api/v1/admin/tsdb/snapshot?skip_head=true").status == 400);
  CHECK(post(f, "/api/v1/admin/tsdb/snapshot").status == 501);
  Fixture with({}, nullptr, false, [](auto done) { done(std::string("20261122T120000Z-1")); });
  CHECK(post(with, "/api/v1/admin/tsdb/snapshot").body ==
        R"({"status":"success","data":{"name":"20261122T120000Z-1"}})");
}

TEST_CASE("prometheus: a tenant with too many series is told the limit, by 429") {
  Fixture f({.series_per_tenant_max = 1});
  std::vector<t::Series> two{{.labels = {{"__name__", "a"}}, .samples = {{kNowMs, 1}}},
                             {.labels = {{"__name__", "b"}}, .samples = {{kNowMs, 1}}}};
  auto out = f.write_v1(two);
  CHECK(out.status == 429);
  CHECK(out.body.find("series") != std::string::npos);
  two.push_back({.labels = {{"no_name", "x"}}, .samples = {{kNowMs, 1}}});
  CHECK(f.write_v1(two).status == 400);
  CHECK(series_names(f) == "a ");
}

}  // namespace
}  // namespace kansoku::api::prometheus
