// Writers, readers, seals and merges at once on real threads; for the thread sanitizer above all.
#include <doctest/doctest.h>

#include <condition_variable>
#include <thread>

#include "base/env/sim.h"
#include "store/events/engine_fixture.h"

namespace kansoku::store::events {
namespace {

constexpr int kBatches = 300;
constexpr int kRows = 20;
const signal::Scope kScope{"1", "r"};

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

std::shared_ptr<const signal::EventBatch> batch_of(int batch) {
  signal::EventBatchBuilder builder;
  builder.add_stream({.group = "g", .stream = fmt::format("s{}", batch % 7)});
  for (int i = 0; i < kRows; ++i) {
    builder.add_row(0, batch * kRows + i);
    builder.set_text(kMessagePath, fmt::format(R"({{"batch":{},"i":{}}})", batch, i));
  }
  return builder.finish();
}

// Every event once and in order, none of an acknowledged batch missing.
bool whole(const EventEngine& engine, EventOrder order, int acknowledged, int sent) {
  std::vector<int> seen(kBatches * kRows);
  bool good = true;
  std::optional<EventId> last;
  const auto report = engine.scan({.scope = kScope, .order = order}, [&](EventRows& rows) {
    const auto column = rows.columns("batch");
    good = good && column && column->size() == 1;
    for (size_t row = 0; row < rows.size() && good; ++row) {
      const EventId id = rows.id(row);
      if (order != EventOrder::Any && last) {
        good = order == EventOrder::OldestFirst ? *last < id : id < *last;
      }
      last = id;
      ++seen[static_cast<size_t>(id.timestamp_ns)];
      good = good && (*column)[0].integers[row] == id.timestamp_ns / kRows;
    }
    return Result<bool>(good);
  });
  if (!report || !report->missing.empty()) return false;
  for (int at = 0; at < kBatches * kRows && good; ++at) {
    const int times = seen[static_cast<size_t>(at)];
    good = times <= (at < sent * kRows ? 1 : 0) && (times == 1 || at >= acknowledged * kRows);
  }
  return good;
}

}  // namespace

TEST_CASE("events: readers on other threads see each acknowledged event once, while parts merge") {
  env::SimClock clock;
  env::SimRandom random(1);
  env::SimFileSystem disk;
  const env::Env env{&clock, &disk, &random};
  ThreadPool pool(2);
  auto log = wal::Log::open(env, "/d/log", {});
  REQUIRE(log);
  EventEngineOptions options;
  options.directory = "/d/events";
  options.merge_fan_in = 2;
  options.seal_memory_bytes = 60'000;
  options.copy_bytes_min = 1'000;
  auto engine = EventEngine::open(env, pool, nullptr, **log, options);
  REQUIRE(engine);
  (*log)->start();
  Counter acknowledged;
  std::atomic<int> sent{0};
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  const auto read_on = [&](uint32_t first) {
    for (uint32_t round = first; !stop; ++round) {
      int least = 0;
      {
        std::lock_guard lock(acknowledged.counter_mutex);
        least = acknowledged.value;
      }
      // Batches are answered in the order in which they were sent.
      if (!whole(**engine, static_cast<EventOrder>(round % 3), least, kBatches)) ++wrong;
      const auto streams = (*engine)->streams({.scope = kScope}, "", "", 0);
      if (!streams || (least >= 7 && streams->size() != 7)) ++wrong;
      (void)(*engine)->stats();
    }
  };
  std::thread first(read_on, 0);
  std::thread second(read_on, 1);
  for (int batch = 0; batch < kBatches; ++batch) {
    ++sent;
    (*engine)->append(
        {kScope,
         batch_of(batch),
         {},
         signal::AckToken(kRows, nullptr, Lane::Ingest, [&](const signal::Verdict& v) {
           if (!v.good()) ++wrong;
           acknowledged.add();
         })});
    acknowledged.wait_for(batch - 8);
    if (batch % 100 == 50) (*engine)->enforce_retention([](const Status&) {});
  }
  acknowledged.wait_for(kBatches);
  Counter flushed;
  (*engine)->flush(true, [&](const Status& status) {
    if (!status) ++wrong;
    flushed.add();
  });
  flushed.wait_for(1);
  CHECK(whole(**engine, EventOrder::OldestFirst, kBatches, kBatches));
  stop = true;
  first.join();
  second.join();
  CHECK(wrong == 0);
  CHECK((*engine)->stats().parts == 1);
  CHECK((*engine)->stats().seals > 1);
  CHECK((*engine)->stats().merges > 0);
  (*engine)->close();
  (*log)->close();
  pool.shutdown();
}

}  // namespace kansoku::store::events
