#include "store/metrics/engine.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "store/metrics/engine_fixture.h"

namespace kansoku::store::metrics {
namespace {

using signal::LabelView;

struct Server {
  env::SimClock clock;
  env::SimRandom random{7};
  env::SimFileSystem* files = nullptr;
  ManualExecutor executor;
  std::unique_ptr<wal::Log> log;
  std::unique_ptr<MetricEngine> engine;

  explicit Server(env::SimFileSystem& disk) : files(&disk) {
    env::Env env{&clock, files, &random};
    auto opened = wal::Log::open(env, "/d/log", {.manual = true});
    REQUIRE(opened);
    log = std::move(*opened);
    MetricEngineOptions options;
    options.directory = "/d/metrics";
    auto made = MetricEngine::open(env, executor, nullptr, *log, options);
    REQUIRE(made);
    engine = std::move(*made);
    log->start();
  }
  void run() {
    while (executor.run_one() || log->run_once()) {
    }
  }
  // Appends one float and returns the verdict.
  signal::Verdict put(std::vector<LabelView> labels, int64_t ms, double value,
                      signal::MergeKind merge = signal::MergeKind::Replace) {
    signal::MetricBatchBuilder builder;
    auto row = builder.add_series(labels, {.merge = merge});
    REQUIRE(row);
    builder.add_float(*row, ms, value);
    signal::Verdict verdict;
    bool answered = false;
    engine->append({{"1", "r"},
                    builder.finish(),
                    {},
                    signal::AckToken(1, nullptr, Lane::Ingest, [&](signal::Verdict v) {
                      verdict = std::move(v);
                      answered = true;
                    })});
    run();
    CHECK(answered);
    return verdict;
  }
  std::vector<std::pair<int64_t, double>> read(std::vector<Matcher> matchers) {
    auto found = engine->select({.scope = {"1", "r"}, .matchers = std::move(matchers)});
    REQUIRE(found);
    std::vector<std::pair<int64_t, double>> out;
    for (const SeriesInfo& info : *found) {
      auto report =
          engine->scan({.scope = {"1", "r"}, .ids = {info.id}}, [&](const SeriesPoints& p) {
            for (size_t i = 0; i < p.size(); ++i) {
              out.emplace_back(p.timestamps_ms[i], p.point(i).sum());
            }
            return Status();
          });
      REQUIRE(report);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("an acknowledged point is read back, also after a power cut") {
  env::SimFileSystem disk;
  {
    Server server(disk);
    int64_t now = server.clock.wall_now().ms();
    CHECK(server.put({{"__name__", "up"}, {"host", "a"}}, now, 1.5).good());
    CHECK(server.put({{"__name__", "up"}, {"host", "a"}}, now + 1000, 2).good());
    CHECK(server.put({{"__name__", "up"}, {"host", "a"}}, now + 1000, 3).good());
    CHECK(server.read({{"host", MatchOp::Equal, "a"}}) ==
          std::vector<std::pair<int64_t, double>>{{now, 1.5}, {now + 1000, 3}});
    disk.power_cut(env::CutStyle::DropAll);
  }
  Server again(disk);
  CHECK(again.read({{"host", MatchOp::Regex, "a|b"}}).size() == 2);
}

TEST_CASE("a data directory of a newer version is refused and left as it is") {
  env::SimFileSystem disk;
  EngineFixture f({}, &disk);
  f.stop();
  std::string manifest = disk.contents("/d/metrics/manifest");
  REQUIRE(manifest.size() >= 16);
  store_le(manifest.data() + 8, uint32_t{1'000});
  store_le(manifest.data() + 12, crc32c(as_bytes(std::string_view(manifest).substr(0, 12))));
  disk.set_contents("/d/metrics/manifest", manifest);
  Status opened = f.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == ErrorCode::FailedPrecondition);
  CHECK(opened.error().message.find("newer kansoku") != std::string::npos);
  CHECK(disk.contents("/d/metrics/manifest") == manifest);
}

}  // namespace kansoku::store::metrics
