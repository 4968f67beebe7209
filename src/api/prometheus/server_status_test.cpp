#include "api/prometheus/test_fixture.h"

namespace kansoku::api::prometheus {
namespace {

TEST_CASE("prometheus: parts are blocks, with the same name each time") {
  Fixture f;
  CHECK(f.raw_data("/api/v1/status/tsdb/blocks") == R"({"status":"success","data":{"blocks":[]}})");
  f.parts = std::vector<StoredPart>{
      {.id = 33, .level = 1, .first_ms = 2'000, .last_ms = 9'000, .points = 7},
      {.id = 2, .level = 0, .first_ms = 1'000, .last_ms = 1'000}};
  CHECK(f.raw_data("/api/v1/status/tsdb/blocks") ==
        R"({"status":"success","data":{"blocks":[)"
        R"({"ulid":"00000000Z80000000000000002","minTime":1000,"maxTime":1001,)"
        R"("stats":{"numSamples":0},)"
        R"("compaction":{"level":1,"sources":["00000000Z80000000000000002"]},)"
        R"("version":1},)"
        R"({"ulid":"00000008S80000000000000011","minTime":2000,"maxTime":9001,)"
        R"("stats":{"numSamples":7},)"
        R"("compaction":{"level":2,"sources":["00000008S80000000000000011"]},)"
        R"("version":1}]}})");
  f.parts = std::unexpected(Error{ErrorCode::Internal, "disk is gone", {}});
  CHECK(f.data("/api/v1/status/tsdb/blocks", 500).text_of("error") == "disk is gone");
}

TEST_CASE("prometheus: own metrics as families, those of other accounts left out") {
  Fixture f;
  f.metrics_text =
      "# HELP kansoku_rows rows by outcome\n# TYPE kansoku_rows counter\n"
      "kansoku_rows_total{account=\"111111111111\",outcome=\"stored\"} 5\n"
      "kansoku_rows_total{account=\"222222222222\",outcome=\"stored\"} 7\n"
      "# HELP kansoku_parts parts on disk\n# TYPE kansoku_parts gauge\nkansoku_parts 1.5\n"
      "# HELP kansoku_odd no number\n# TYPE kansoku_odd gauge\nkansoku_odd NaN\n# EOF\n";
  CHECK(
      f.raw_data("/api/v1/status/self_metrics") ==
      R"({"status":"success","data":[)"
      R"({"name":"kansoku_odd","help":"no number","type":"GAUGE",)"
      R"("metric":[{"gauge":{"value":"NaN"}}]},)"
      R"({"name":"kansoku_parts","help":"parts on disk","type":"GAUGE",)"
      R"("metric":[{"gauge":{"value":1.5}}]},)"
      R"({"name":"kansoku_rows_total","help":"rows by outcome","type":"COUNTER","metric":[)"
      R"({"label":[{"name":"account","value":"111111111111"},{"name":"outcome","value":"stored"}],)"
      R"("counter":{"value":5}}]}]})");
  CHECK(f.data("/api/v1/status/self_metrics?metric_name_pattern=kansoku_p.%2B").items.size() == 1);
  CHECK(f.data("/api/v1/status/self_metrics?metric_name_pattern=parts").items.empty());
  CHECK(f.data("/api/v1/status/self_metrics?metric_name_pattern=(", 400)
            .text_of("error")
            .starts_with("invalid parameter \"metric_name_pattern\""));
}

TEST_CASE("prometheus: features tell what there is, and nothing that is not") {
  Fixture f;
  auto data = f.data("/api/v1/features");
  auto is = [&](std::string_view category, std::string_view name) {
    const wire::Node* group = data.find(category);
    REQUIRE(group != nullptr);
    const wire::Node* one = group->find(name);
    INFO(name);
    REQUIRE(one != nullptr);
    return one->scalar == "true";
  };
  CHECK(is("api", "search"));
  CHECK(is("api", "search_fuzz_alg_jarowinkler"));
  CHECK(is("api", "remote_write_receiver"));
  CHECK_FALSE(is("api", "otlp_write_receiver"));
  CHECK(is("promql_functions", "histogram_quantiles"));
  CHECK(is("promql_operators", "unless"));
  CHECK(is("promql_operators", "limit_ratio"));
  CHECK(is("promql_operators", "</"));
  CHECK_FALSE(is("rules", "query_offset"));
}

std::vector<std::string> events(const Recorded& stream) {
  std::vector<std::string> out;
  std::string_view body = stream.response->body;
  while (!body.empty()) {
    size_t end = body.find("\n\n");
    REQUIRE(end != std::string_view::npos);
    CHECK(body.starts_with("data: "));
    out.emplace_back(body.substr(6, end - 6));
    body.remove_prefix(end + 2);
  }
  return out;
}

TEST_CASE("prometheus: notifications are listed while they last") {
  Fixture f;
  CHECK(f.raw_data("/api/v1/notifications") == R"({"status":"success","data":[]})");
  f.notifications.add("Configuration reload has failed.");
  f.notifications.add("Something \"else\".");
  f.clock.advance(1'000 * env::kNsPerMs);
  f.notifications.add("Configuration reload has failed.");
  CHECK(f.raw_data("/api/v1/notifications") ==
        R"({"status":"success","data":[)"
        R"({"text":"Configuration reload has failed.",)"
        R"("date":"2026-11-22T12:00:01.000Z","active":true},)"
        R"({"text":"Something \"else\".","date":"2026-11-22T12:00:00.000Z","active":true}]})");
  f.notifications.remove("Configuration reload has failed.");
  f.notifications.remove("never there");
  CHECK(f.data("/api/v1/notifications").items.size() == 1);
}

TEST_CASE("prometheus: a live stream hears what is, what comes and what goes") {
  Fixture f;
  auto live = [&](std::string method = "GET") {
    return f.begin(Fixture::request(std::move(method), "/api/v1/notifications/live", {},
                                    {{"Authorization", "Bearer tok"}}));
  };
  f.notifications.add("a");
  auto stream = live();
  REQUIRE(stream->streaming);
  CHECK(stream->response->headers.get("content-type") == "text/event-stream");
  f.notifications.add("b");
  f.notifications.remove("a");
  const std::string date = R"("date":"2026-11-22T12:00:00.000Z")";
  CHECK(events(*stream) ==
        std::vector<std::string>{R"({"text":"a",)" + date + R"(,"active":true})",
                                 R"({"text":"b",)" + date + R"(,"active":true})",
                                 R"({"text":"a",)" + date + R"(,"active":false})"});
  // One that does not read misses what comes until it has read.
  stream->slow = true;
  f.notifications.add("c");
  f.notifications.add("d");
  CHECK(events(*stream).size() == 4);
  REQUIRE(stream->drained);
  std::exchange(stream->drained, nullptr)();
  f.notifications.add("e");
  CHECK(events(*stream).size() == 5);
  CHECK(live("HEAD")->response->status == 200);
  // Two at once are the fixture's limit; who leaves makes room.
  auto second = live();
  CHECK(second->streaming);
  CHECK(live()->response->status == 204);
  CHECK(f.notifications.streams() == 2);
  second->peer_left();
  CHECK(f.notifications.streams() == 1);
  f.notifications.close();
  CHECK(stream->ended);
  CHECK(live()->response->status == 204);
}

}  // namespace
}  // namespace kansoku::api::prometheus
