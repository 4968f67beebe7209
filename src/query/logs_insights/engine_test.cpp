#include <doctest/doctest.h>

#include <random>

#include "query/logs_insights/test_bench.h"
#include "store/events/engine_fixture.h"

namespace kansoku::query::logs_insights {
namespace {

using namespace test_support;

}  // namespace

TEST_CASE("the embedded engine gives what the reference gives") {
  Bench bench;
  store::events::EngineFixture fixture;
  const std::vector<std::string> levels{"ERROR", "WARN", "INFO", "DEBUG"};
  std::mt19937_64 random(5);
  int64_t ms = 1'700'000'000'000;
  for (int batch = 0; batch < 12; ++batch) {
    signal::EventBatchBuilder builder;
    std::vector<Event> events;
    const uint32_t stream =
        builder.add_stream({.group = "app", .stream = fmt::format("s{}", batch % 3)});
    for (int i = 0; i < 250; ++i) {
      ms += static_cast<int64_t>(random() % 40) + 1;
      const std::string& level = levels[random() % 4];
      std::string text =
          fmt::format(R"({{"level":"{}","code":{},"user":{{"id":{}}},"ms":{:.2f},"ok":{}}})", level,
                      random() % 3 == 0 ? "\"200\"" : std::to_string(200 + random() % 300),
                      random() % 20, static_cast<double>(random() % 1'000) / 8, random() % 2 == 0);
      if (random() % 4 == 0)
        text = fmt::format("{} user {} gone after {} ms", level, random() % 9, i);
      builder.add_row(stream, ms * kNsPerMs);
      builder.set_text(store::kMessagePath, text);
      events.push_back({ms, "app", fmt::format("s{}", batch % 3), text});
    }
    bench.add(events);
    fixture.store().append(
        {.scope = kScope,
         .batch = builder.finish(),
         .token = signal::AckToken(250, nullptr, Lane::Ingest, [](signal::Verdict) {})});
    fixture.run();
  }
  const auto compare = [&](const char* state) {
    for (const std::string text :
         {"stats count(*)",
          "stats count(*) by level",
          "stats count(*) as n by bin(5s), level",
          "filter level = 'ERROR' | fields @timestamp, @message",
          "sort @timestamp asc | limit 20",
          "filter code = 200 | stats count(*), sum(ms), avg(ms), max(code) by user.id",
          "filter code > 450 and ok = true | fields @timestamp, code, ms",
          "filter @message like /user [0-3] gone/ | stats count(*)",
          "filter @message like 'after 17 ms' | fields @message, @logStream",
          "filter @logStream = 's1' | stats count(*) by level",
          "dedup level, user.id | display user.id",
          "parse @message '* user * gone' as l, u | stats count(*) by l, u",
          "filter not ispresent(level) | stats count(*)",
          "filter level != 'INFO' | stats count(*)",
          "filter level in ['WARN', 'DEBUG'] | sort ms desc, @timestamp | limit 7 | display ms, "
          "level",
          "pattern @message | limit 1 | display @sampleCount",
          "tail 5 | display @timestamp",
          "stats pct(ms, 90), median(ms), stddev(ms), count_distinct(user.id) by level",
          "stats earliest(@message), latest(level) by @logStream",
          "fields @ptr | limit 0",
          "filter user.id in (filter level = 'ERROR' and ms < 2 | fields user.id) | stats "
          "count(*)"}) {
      INFO(state, " ", text);
      const auto plan = compile(text);
      REQUIRE(plan.has_value());
      const auto expected = bench.table(*plan);
      REQUIRE(expected.has_value());
      QueryContext context(bench.clock_, {});
      rows::RowsRequest request = bench.request();
      request.store = &fixture.store();
      rows::RowsQuery query(*plan, request, context);
      const auto given = query.run();
      REQUIRE_MESSAGE(given.has_value(), (given ? "" : given.error().message));
      CHECK(Bench::lines(**given) == Bench::lines(**expected));
    }
  };
  bench.end_ms = fixture.clock().wall_now().ns / kNsPerMs;
  compare("in memory");
  fixture.store().flush(false, [](Status status) { CHECK(status.has_value()); });
  fixture.run();
  compare("in parts");
  fixture.store().flush(true, [](Status status) { CHECK(status.has_value()); });
  fixture.run();
  compare("merged");
}

}  // namespace kansoku::query::logs_insights
