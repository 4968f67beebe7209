// The embedded metric engine on a simulated disk and clock, for tests.
#pragma once

#include <doctest/doctest.h>

#include "store/metric_store_conformance.h"
#include "store/metrics/engine.h"

namespace kansoku::store::metrics {

// Series leave the memory as soon as their points are in a part.
inline MetricEngineOptions cold_options() {
  MetricEngineOptions options;
  options.series_idle_ms = -12 * 3'600'000LL;
  options.series_leave_min = 1;
  return options;
}

class EngineFixture final : public MetricStoreFixture {
 public:
  explicit EngineFixture(MetricEngineOptions options = {}, env::SimFileSystem* disk = nullptr)
      : options_(std::move(options)), disk_(disk == nullptr ? &own_disk_ : disk) {
    options_.directory = "/d/metrics";
    if (options_.merge_fan_in == MetricEngineOptions().merge_fan_in) options_.merge_fan_in = 3;
    Status opened = open();
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
  }
  ~EngineFixture() override { stop(); }

  MetricStore& store() override { return *engine_; }
  MetricEngine& engine() { return *engine_; }
  wal::Log& log() { return *log_; }
  env::SimFileSystem& disk() { return *disk_; }
  env::SimClock& clock() override { return clock_; }
  void run() override {
    while (executor_.run_one() || log_->run_once()) {
    }
  }
  void restart() override {
    stop();
    Status opened = open();
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
  }
  // Nothing is written any more: what a crash leaves is on the disk.
  void stop() {
    if (engine_) engine_->close();
    if (log_) log_->close();
    executor_.run_until_idle();
    engine_.reset();
    log_.reset();
  }
  Status open() {
    env::Env env{&clock_, disk_, &random_};
    KANSOKU_TRY(log_,
                wal::Log::open(env, "/d/log",
                               {.segment_bytes = 1 << 20, .replace_bytes_min = 1, .manual = true}));
    KANSOKU_TRY(engine_, MetricEngine::open(env, executor_, nullptr, *log_, options_));
    log_->start();
    return {};
  }

 private:
  MetricEngineOptions options_;
  env::SimClock clock_;
  env::SimRandom random_{11};
  env::SimFileSystem own_disk_;
  env::SimFileSystem* disk_;
  ManualExecutor executor_;
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<MetricEngine> engine_;
};

}  // namespace kansoku::store::metrics
