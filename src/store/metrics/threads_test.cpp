// Writers, readers, seals and merges at once on real threads; for the thread sanitizer above all.
#include <doctest/doctest.h>

#include <condition_variable>
#include <thread>

#include "base/env/sim.h"
#include "store/metrics/engine_fixture.h"

namespace kansoku::store::metrics {
namespace {

constexpr int kBatches = 200;
constexpr int kSeries = 40;

struct Counter {
  std::mutex counter_mutex;
  std::condition_variable changed;
  int value = 0;
  void add() {
    std::lock_guard lock(counter_mutex);
    ++value;
    changed.notify_all();
  }
  void wait_for(int goal) {
    std::unique_lock lock(counter_mutex);
    changed.wait(lock, [&] { return value >= goal; });
  }
};

// Half of the series at a time, so that the other half may leave the memory.
bool in_batch(int series, int batch) { return (batch / 20 + series) % 2 == 0; }
int points_of(int series, int batches) {
  int out = 0;
  for (int batch = 0; batch < batches; ++batch) out += static_cast<int>(in_batch(series, batch));
  return out;
}

void read_while_written(bool leave_at_once) {
  MetricEngineOptions options = leave_at_once ? cold_options() : MetricEngineOptions();
  env::SimClock clock;
  env::SimRandom random(1);
  env::SimFileSystem disk;
  env::Env env{&clock, &disk, &random};
  ThreadPool pool(2);
  auto log = wal::Log::open(env, "/d/log", {});
  REQUIRE(log);
  options.directory = "/d/metrics";
  options.merge_fan_in = 2;
  options.seal_log_bytes = 4'000;
  auto engine = MetricEngine::open(env, pool, nullptr, **log, options);
  REQUIRE(engine);
  (*log)->start();
  int64_t ms = clock.wall_now().ms();
  Counter acknowledged;
  std::atomic<int> sent{0};
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      int least = 0;
      {
        std::lock_guard lock(acknowledged.counter_mutex);
        least = acknowledged.value;
      }
      auto found =
          (*engine)->select({.scope = {"1", "r"}, .matchers = {{"s", MatchOp::Regex, ".*7"}}});
      std::map<SeriesId, int> series_of;
      std::vector<SeriesId> ids;
      for (const SeriesInfo& info : *found) {
        series_of[info.id] = std::stoi(std::string(info.labels.get("s")));
        ids.push_back(info.id);
      }
      // Seven, seventeen, ...: all are known once each has been in a batch.
      if (least > 20 && found->size() != kSeries / 10) ++wrong;
      auto report = (*engine)->scan({.scope = {"1", "r"}, .ids = ids}, [&](const SeriesPoints& p) {
        double sum = 0;
        for (double value : p.values) sum += value;
        const int series = series_of[p.id];
        if (sum < points_of(series, least) || sum > points_of(series, sent)) ++wrong;
        return Status();
      });
      if (!report || (least > 20 && report->series != kSeries / 10)) ++wrong;
      (void)(*engine)->stats();
    }
  });
  for (int batch = 0; batch < kBatches; ++batch) {
    signal::MetricBatchBuilder builder;
    uint64_t points = 0;
    for (int s = 0; s < kSeries; ++s) {
      if (!in_batch(s, batch)) continue;
      std::string name = fmt::format("{}", s);
      std::vector<signal::LabelView> labels{{"s", name}};
      auto row = builder.add_series(labels, {.merge = signal::MergeKind::Accumulate});
      builder.add_float(*row, ms + batch % 5, 1);
      ++points;
    }
    ++sent;
    (*engine)->append({{"1", "r"},
                       builder.finish(),
                       {},
                       signal::AckToken(points, nullptr, Lane::Ingest, [&](signal::Verdict v) {
                         if (!v.good()) ++wrong;
                         acknowledged.add();
                       })});
    acknowledged.wait_for(batch - 8);
  }
  acknowledged.wait_for(kBatches);
  Counter flushed;
  int flushes = 0;
  auto flush = [&](bool merge_all) {
    (*engine)->flush(merge_all, [&](Status status) {
      if (!status) ++wrong;
      flushed.add();
    });
    flushed.wait_for(++flushes);
  };
  flush(true);
  // Each flush lets the drain look for series that may leave.
  for (int i = 0; leave_at_once && i < 10'000; ++i) {
    if ((*engine)->engine_stats().series_cold > 0) break;
    flush(false);
  }
  stop = true;
  reader.join();
  CHECK(wrong == 0);
  CHECK((*engine)->stats().parts == 1);
  CHECK((*engine)->engine_stats().seals > 1);
  if (leave_at_once) CHECK((*engine)->engine_stats().series_cold > 0);
  (*engine)->close();
  (*log)->close();
  pool.shutdown();
}

}  // namespace

TEST_CASE(
    "a reader on another thread never sees less than was acknowledged, nor more than was sent") {
  read_while_written(false);
}

TEST_CASE("nor does it while series leave the memory and come back") { read_while_written(true); }

}  // namespace kansoku::store::metrics
