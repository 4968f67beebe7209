#include <doctest/doctest.h>

#include <random>

#include "query/logs_insights/test_bench.h"

namespace kansoku::query::logs_insights {
namespace {

using namespace test_support;

}  // namespace

TEST_CASE("answers with and without pushdown are the same") {
  const std::vector<std::string> messages{
      R"({"level":"ERROR","code":500,"user":{"id":"1"},"ok":true,"t":"5"})",
      R"({"level":"INFO","code":"200","user":{"id":2},"ok":false})",
      R"({"level":"WARN","code":404.5,"ok":"true","a.b":1,"tags":["x","y"]})",
      R"({"level":null,"code":1,"deep":{"er":{"still":"x1"}}})",
      "plain text ERROR 17",
      "2 123456789010 eni-1235b8ca 10.0.0.1 10.0.0.2 443 80 6 10 840 1 2 ACCEPT OK",
      "",
      R"({"level":"1","code":true})"};
  const std::vector<std::string> conditions{"level = 'ERROR'",
                                            "level != 'ERROR'",
                                            "code = 500",
                                            "code > 100",
                                            "code < '300'",
                                            "code = '200'",
                                            "code >= 404.5",
                                            "ok = true",
                                            "ok = 1",
                                            "ok = 'true'",
                                            "user.id = 1",
                                            "user.id in [1, 2]",
                                            "level in ['INFO','1']",
                                            "level not in ['INFO']",
                                            "level like 'R'",
                                            "code like '0'",
                                            "level =~ /^(E|W)/",
                                            "code like /^4/",
                                            "@message like /\\d/",
                                            "ispresent(user.id)",
                                            "@message like 'ERROR' and level = 'ERROR'",
                                            "level = 'WARN' or code = 1",
                                            "not level = 'INFO'",
                                            "a.b = 1",
                                            "tags.0 = 'x'",
                                            "tags[1] = 'y'",
                                            "deep.er.still like 'x'",
                                            "action = 'ACCEPT'",
                                            "srcPort = 443",
                                            "300 < code",
                                            "level = 1",
                                            "code = 1",
                                            "@logStream = 's1'",
                                            "@logStream in ['s0']",
                                            "level not like 'E'",
                                            "code != 500",
                                            "t = 5",
                                            "@message = ''",
                                            "strcontains(level, 'O') or ok = 0",
                                            "(level = 'ERROR' or level = 'INFO') and code > 1"};
  Bench bench;
  std::mt19937_64 random(11);
  std::vector<Event> events;
  for (int i = 0; i < 200; ++i) {
    events.push_back({1'700'000'000'000 + i, "app", fmt::format("s{}", random() % 2),
                      messages[random() % messages.size()]});
  }
  bench.add(events);
  for (const std::string& condition : conditions) {
    for (const std::string tail :
         {"", " | stats count(*) as n by level, bin(10ms)", " | dedup level | limit 3"}) {
      const std::string text = "filter " + condition + tail;
      INFO(text);
      const auto plan = compile(text);
      REQUIRE(plan.has_value());
      auto bare = std::make_shared<rows::Plan>(**plan);
      bare->clauses.clear();
      bare->streams.clear();
      for (rows::Stage& stage : bare->stages) {
        if (auto* filter = std::get_if<rows::Filter>(&stage)) filter->same_as.clear();
      }
      const auto with = bench.table(*plan);
      const auto without = bench.table(bare);
      REQUIRE(with.has_value());
      REQUIRE(without.has_value());
      CHECK(Bench::lines(**with) == Bench::lines(**without));
    }
  }
}

TEST_CASE("queries have limits") {
  Bench bench;
  std::vector<Event> events;
  for (int i = 0; i < 20'000; ++i) {
    events.push_back({1'700'000'000'000 + i, "app", "s", fmt::format("message number {}", i)});
  }
  bench.add(events);
  SUBCASE("groups beyond the memory are refused by name") {
    bench.limits.memory_bytes_max = 1 << 20;
    const auto lines = bench.run("stats count(*) by @message");
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("FAILED "));
    CHECK(lines[0].find("memory") != std::string::npos);
  }
  SUBCASE("a sort beyond the memory is refused by name") {
    bench.limits.memory_bytes_max = 1 << 20;
    CHECK(bench.run("sort @message | filter 1 = 1")[0].starts_with("FAILED "));
  }
  SUBCASE("rows are counted") {
    bench.limits.points_max = 1'000;
    CHECK(bench.run("stats count(*)")[0].starts_with("FAILED "));
  }
  SUBCASE("without a limit there are 10,000 rows, and the scan ends there") {
    CHECK(bench.run("fields @message").size() == kRowsMax);
    CHECK(bench.statistics.records_matched < 11'000);
  }
  SUBCASE("expressions are linear") {
    CHECK(bench.run("filter @message like /(a*)*(a*)*(a|aa)+$x/ | stats count(*) as n") ==
          std::vector<std::string>{"n=0"});
  }
  SUBCASE("deep queries are refused") {
    CHECK(bench.run("filter " + std::string(200, '('))[0].find("deeper") != std::string::npos);
    CHECK(bench.run("filter " + std::string(200, '-') + "1")[0].find("deeper") !=
          std::string::npos);
    CHECK(bench.run("filter x = '" + std::string(kQueryBytesMax, 'x') + "'")[0].find("limit") !=
          std::string::npos);
  }
}

TEST_CASE("a query can be cancelled, and looked at while it runs") {
  Bench bench;
  std::vector<Event> events;
  for (int i = 0; i < 100; ++i) {
    events.push_back({1'700'000'000'000 + i, "app", "s", i % 2 == 0 ? "even" : "odd"});
  }
  bench.add(events);
  for (const std::string text : {"stats count(*) as n by @message | sort @message",
                                 "fields @message", "sort @message", "pattern @message"}) {
    INFO(text);
    QueryContext context(bench.clock_, {});
    rows::RowsQuery* running = nullptr;
    size_t looks = 0;
    std::shared_ptr<const rows::RowsTable> before;
    context.set_give_way([&] {}, 1);
    rows::RowsRequest request = bench.request();
    const store::EventStore* inner = request.store;
    // Stands between query and store, so that it can look between two chunks.
    class Between final : public store::EventStore {
     public:
      Between(const store::EventStore& store, std::function<void()> look)
          : store_(store), look_(std::move(look)) {}
      void append(signal::EventDelivery) override {}
      Result<store::EventScanReport> scan(const store::EventScan& scan,
                                          const store::EventSink& sink) const override {
        return store_.scan(scan, [&](store::EventRows& rows) {
          look_();
          return sink(rows);
        });
      }
      Result<store::EventFields> fields(const store::EventScan& scan) const override {
        return store_.fields(scan);
      }
      Result<std::vector<store::EventStreamInfo>> streams(const store::EventScan& scan,
                                                          const std::string& group,
                                                          const std::string& stream,
                                                          size_t limit) const override {
        return store_.streams(scan, group, stream, limit);
      }
      void delete_stream(signal::Scope, std::string, std::string,
                         std::move_only_function<void(Status)>) override {}
      void flush(bool, std::move_only_function<void(Status)>) override {}
      void enforce_retention(std::move_only_function<void(Status)>) override {}
      store::EventStoreStats stats() const override { return {}; }

     private:
      const store::EventStore& store_;
      std::function<void()> look_;
    };
    bool cancel = false;
    Between between(*inner, [&] {
      if (auto table = running->snapshot()) {
        ++looks;
        before = table;
      }
      if (cancel && looks > 3) context.cancel();
    });
    request.store = &between;
    const auto plan = compile(text);
    REQUIRE(plan.has_value());
    rows::RowsQuery query(*plan, request, context);
    running = &query;
    const auto whole = query.run();
    REQUIRE(whole.has_value());
    CHECK(looks > 3);
    REQUIRE(before != nullptr);
    CHECK(before->columns == (*whole)->columns);
    CHECK(before->rows.size() <= (*whole)->rows.size());
    CHECK_FALSE(before->rows.empty());

    cancel = true;
    looks = 0;
    rows::RowsQuery second(*plan, request, context);
    running = &second;
    const auto cut = second.run();
    REQUIRE_FALSE(cut.has_value());
    CHECK(cut.error().code == ErrorCode::Cancelled);
  }
}

TEST_CASE("pointers of events find their events") {
  Bench bench;
  bench.add({{1'700'000'000'001, "app", "s", "x"}});
  const auto table = bench.table(*compile("fields @message"));
  REQUIRE((*table)->pointers.size() == 1);
  const auto fields = shown_row(**table, 0);
  CHECK(fields.back().field == "@ptr");
  const auto id = parse_pointer(fields.back().value);
  REQUIRE(id.has_value());
  CHECK(id->timestamp_ns == 1'700'000'000'001 * kNsPerMs);
  CHECK_FALSE(parse_pointer("x").has_value());
  CHECK_FALSE(parse_pointer(std::string(40, 'g')).has_value());
}

}  // namespace kansoku::query::logs_insights
