// The embedded event engine on a simulated disk and clock, for tests.
#pragma once

#include <doctest/doctest.h>

#include "store/event_store_conformance.h"
#include "store/events/engine.h"

namespace kansoku::store::events {

class EngineFixture final : public EventStoreFixture {
 public:
  explicit EngineFixture(EventEngineOptions options = {}, env::SimFileSystem* disk = nullptr,
                         bool timers = false)
      : options_(std::move(options)), timers_(timers), disk_(disk == nullptr ? &own_disk_ : disk) {
    options_.directory = "/d/events";
    options_.policies = &policies_;
    if (options_.merge_fan_in == EventEngineOptions().merge_fan_in) options_.merge_fan_in = 3;
    const Status opened = open();
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
  }
  ~EngineFixture() override { stop(); }

  EventStore& store() override { return *engine_; }
  EventEngine& engine() { return *engine_; }
  wal::Log& log() { return *log_; }
  env::SimFileSystem& disk() { return *disk_; }
  env::SimClock& clock() override { return clock_; }
  TestPolicies& policies() override { return policies_; }
  void run() override {
    while (executor_.run_one() || log_->run_once()) {
    }
  }
  void restart() override {
    stop();
    const Status opened = open();
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
    KANSOKU_TRY(
        log_, wal::Log::open(env, "/d/log",
                             {.segment_bytes = 64 << 20, .replace_bytes_min = 1, .manual = true}));
    KANSOKU_TRY(engine_,
                EventEngine::open(env, executor_, timers_ ? &clock_ : nullptr, *log_, options_));
    log_->start();
    return {};
  }

 private:
  EventEngineOptions options_;
  bool timers_;
  env::SimClock clock_;
  env::SimRandom random_{11};
  TestPolicies policies_;
  env::SimFileSystem own_disk_;
  env::SimFileSystem* disk_;
  ManualExecutor executor_;
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<EventEngine> engine_;
};

}  // namespace kansoku::store::events
