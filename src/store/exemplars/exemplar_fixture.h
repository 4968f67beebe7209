// The embedded exemplar store on a simulated disk and clock, for tests.
#pragma once

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "store/exemplars/exemplar_engine.h"
#include "store/exemplars/exemplar_file.h"

namespace kansoku::store::exemplars {

inline const signal::Scope kScope{"1", "r"};
inline const std::string kDirectory = "/d/exemplars";

struct TestExemplar {
  std::string series;  // value of the label "s"
  int64_t timestamp_ms = 0;
  double value = 0;
  std::string trace;
};

inline std::shared_ptr<const signal::MetricBatch> batch_of(const std::vector<TestExemplar>& list) {
  signal::MetricBatchBuilder builder;
  for (const TestExemplar& one : list) {
    std::vector<signal::LabelView> labels{{"__name__", "lat_bucket"}, {"s", one.series}};
    signal::SeriesRow row = *builder.add_series(labels, {});
    builder.add_exemplar(
        {row, one.timestamp_ms, one.value, *signal::Labels::from({{"trace_id", one.trace}})});
  }
  return builder.finish();
}

// "series time value trace" of each, by series and time.
inline std::vector<std::string> read_all(const ExemplarStore& store,
                                         const signal::Scope& scope = kScope) {
  auto answer = store.find({.scope = scope, .selectors = {{}}});
  REQUIRE(answer);
  std::vector<std::string> out;
  for (const SeriesExemplars& series : answer->series) {
    for (const signal::Exemplar& one : series.exemplars) {
      out.push_back(fmt::format("{} {} {} {}", series.series.get("s"), one.timestamp_ms, one.value,
                                one.labels.get("trace_id")));
    }
  }
  return out;
}

class ExemplarFixture {
 public:
  explicit ExemplarFixture(ExemplarEngineOptions options = {}, env::SimFileSystem* disk = nullptr,
                           bool with_timers = false)
      : options_(std::move(options)),
        disk_(disk == nullptr ? &own_disk_ : disk),
        with_timers_(with_timers) {
    options_.directory = kDirectory;
    Status opened = open();
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
  }
  ~ExemplarFixture() { stop(); }

  ExemplarEngine& store() { return *store_; }
  wal::Log& log() { return *log_; }
  env::SimFileSystem& disk() { return *disk_; }
  env::SimClock& clock() { return clock_; }
  ManualExecutor& executor() { return executor_; }
  int64_t now_ms() const { return clock_.wall_now().ms(); }
  void run() {
    while (executor_.run_one() || log_->run_once()) {
    }
  }
  Result<uint64_t> put(const std::vector<TestExemplar>& list, const signal::Scope& scope = kScope) {
    Result<uint64_t> out = internal_error("unanswered");
    store_->append(scope, batch_of(list), [&](Result<uint64_t> taken) { out = taken; });
    run();
    return out;
  }
  Status flush() {
    Status out = internal_error("unanswered");
    store_->flush([&](Status status) { out = std::move(status); });
    run();
    return out;
  }
  void stop() {
    if (store_) store_->close();
    if (log_) log_->close();
    executor_.run_until_idle();
    store_.reset();
    log_.reset();
  }
  Status open() {
    env::Env env{&clock_, disk_, &random_};
    KANSOKU_TRY(log_,
                wal::Log::open(env, "/d/log",
                               {.segment_bytes = 1 << 20, .replace_bytes_min = 1, .manual = true}));
    KANSOKU_TRY(store_, ExemplarEngine::open(env, executor_, with_timers_ ? &clock_ : nullptr,
                                             *log_, options_));
    log_->start();
    return {};
  }
  void restart() {
    stop();
    Status opened = open();
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
  }

 private:
  ExemplarEngineOptions options_;
  env::SimClock clock_;
  env::SimRandom random_{11};
  env::SimFileSystem own_disk_;
  env::SimFileSystem* disk_;
  bool with_timers_;
  ManualExecutor executor_;
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<ExemplarEngine> store_;
};

}  // namespace kansoku::store::exemplars
